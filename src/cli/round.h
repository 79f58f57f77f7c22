/*
 * One round over a list of servers: nonces as they come, signatures, trials, a second attempt after
 * a refusal. exchange_list.h keeps the exchanges; the caller reports on them.
 */
#ifndef CLI_ROUND_H
#define CLI_ROUND_H

#include "cli/servers.h"

#include "chronograf/exchange_list.h"
#include "network/network.h"

struct round {
	struct network *network;
	const struct servers *servers;
	struct exchange_list exchanges;
	const char *key; /* its name, for the audit trail */
	const struct options *options;
	bool stopped;  /* set by a handler to stop */
	size_t failed; /* failed exchanges */
	const struct round_handlers *handlers;
	void *context;
	struct waiting before_next; /* what was waited for before the one server's next nonce */
};

struct round_handlers {
	/* An answer that was due has come; `settled` reports what it means. NULL: ignored. */
	void (*heard)(void *context, struct network_answer *answer);
	/* The token for a nonce; NULL: none can be made, which the handler has reported. */
	char *(*sign)(void *context, size_t server, const char *nonce);
	/* The exchange is over, for this reason: DUE_GOOD, …; `error` may say why it failed. One that
	 * was good may turn out to be shared later. */
	void (*settled)(void *context, size_t server, enum exchange_due how,
			const struct chronosign_error *error);
};

/* False if memory is out. `now`: not later than the start of the network program. */
bool round_begin(struct round *round, bool check, int64_t now);
void round_end(struct round *round);

/* Until all exchanges are over, or the round is stopped. False with *error set if the network
 * program died or misbehaved. */
bool round_run(struct round *round, struct chronosign_error **error);

#endif
