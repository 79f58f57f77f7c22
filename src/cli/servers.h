/* The servers that the options name: on the command line, in the environment, in a file. */
#ifndef CLI_SERVERS_H
#define CLI_SERVERS_H

#include "cli/options.h"
#include "cli/waiting.h"

#include "chronograf/exchange.h"
#include "network/network.h"
#include <chronosign/error.h>

struct servers {
	char **urls; /* as given: they may hold a user and a password */
	size_t count;
	bool listed; /* more than one, or a list was asked for: results name their server */
};

/*
 * --chronograf-url as often as it was given, then the lines of --chronograf-urls-from; without
 * either the variable or the default. Empty lines, and those that begin with #, are skipped; of
 * several URLs of one server (base_url.h) the first counts. False with *error set if there is none,
 * or the file cannot be read.
 */
bool servers_from_options(const struct options *options, struct servers *servers,
			  struct chronosign_error **error);

enum asking {
	ASK_ONCE,
	ASK_WITH_REQUESTS, /* tokens may be tried there, too, or next nonces awaited */
	ASK_AS_DOCTOR,     /* the same, and every possible problem is reported */
};

/*
 * Starts the network program, which asks each for its nonce, in the way that the options say, and
 * warns if it is not confined as it should be. NULL with *error set if it cannot be started, or if
 * a URL is invalid.
 */
struct network *servers_ask(const struct servers *servers, const struct options *options,
			    enum asking asking, struct chronosign_error **error);

/* Warns, once, of those to which nonces and tokens are sent unencrypted. */
void servers_warn_of_http(const struct servers *servers);

/* The event that an answer is for the exchange with its server. */
struct exchange_news servers_news(const struct network_answer *answer, int64_t now);

/* From here on the servers are waited for (waiting.h). Returns what was before. */
struct waiting servers_wait(const struct servers *servers, const struct options *options);

/* The same of the one server's next nonce. */
struct waiting servers_wait_next(const struct servers *servers, const struct options *options);

void servers_free(struct servers *servers);

#endif
