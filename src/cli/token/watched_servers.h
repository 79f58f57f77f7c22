/* The exchanges of --watch, the messages about them, and which tokens are fit to be used. Knows
 * neither who signs nor where tokens are written. */
#ifndef CLI_TOKEN_WATCHED_SERVERS_H
#define CLI_TOKEN_WATCHED_SERVERS_H

#include "cli/token/token_output.h"
#include "cli/token/told.h"
#include "cli/token/watch.h"
#include "cli/token/watched_network.h"

#include "chronograf/exchange_list.h"

#include <stddef.h>

/* Times are those of milliseconds() (base/clock.h). */

/* What was told of a server. */
struct server_told {
	struct told told;
	enum exchange_due failing; /* how; DUE_NOTHING: it is not */
	bool late;                 /* its last verdict came too late, which may happen once */
	bool everyone;             /* it lets everyone in */
};

/* When it was last heard of or asked, and its token last sent to be tried; by the clock of watched_network.h. */
struct server_asked {
	int64_t nonce;
	int64_t trial;
};

struct watched_servers {
	const struct token_order *order;
	struct watched_network *network;
	struct exchange_list exchanges;
	struct server_told *told; /* of each */
	struct server_asked *asked;
	int64_t expiry; /* no token ends before */
	bool changed;   /* the fit tokens have changed; the caller resets this */
};

/* False with *error set if memory is out. */
bool watched_servers_begin(struct watched_servers *servers, const struct token_order *order,
			   struct watched_network *network, struct chronosign_error **error);
void watched_servers_release(struct watched_servers *servers);

/* Takes an answer of the network program: a nonce, a verdict, or a failure. A failure is reported
 * once, and once more when it is over; after ten of a server, one a minute. False with *error set if the
 * program misbehaved. */
bool watched_servers_take(struct watched_servers *servers, const struct network_answer *answer,
			  int64_t now, struct chronosign_error **error);

/* Takes over the token for the nonce at hand of a server. */
void watched_servers_signed(struct watched_servers *servers, size_t index, char *token,
			    int64_t now);

/* Notes that its nonce could not be signed: the server has no token, and still needs one. */
void watched_servers_unsigned(struct watched_servers *servers, size_t index, int64_t now);

/* Has the server try its token. */
void watched_servers_try(struct watched_servers *servers, size_t index, int64_t now);

/* Notes that the network program was restarted: it asks all servers again, and open trials are
 * lost. */
void watched_servers_restart(struct watched_servers *servers, int64_t now);

/* Notes that it has begun to. */
void watched_servers_asked(struct watched_servers *servers);

/* Gives up on the network program if it has not spoken of a server, or not of its token on trial, for longer than an
 * honest one may. Call this when none of its messages is waiting to be read. */
void watched_servers_check(struct watched_servers *servers, int64_t now);

/* Has every nonce signed again; the old tokens stay until then. */
void watched_servers_renew(struct watched_servers *servers, int64_t now);

/* Takes the tokens whose time is over out of use. */
void watched_servers_expire(struct watched_servers *servers, int64_t now);

/* When the last of the fit tokens ends; INT64_MAX: none is, or that is not known. */
int64_t watched_servers_end(const struct watched_servers *servers, int64_t now);

/* True if the server has a fit token; *token then borrows it, with `key` NULL. */
bool watched_servers_fit(const struct watched_servers *servers, size_t index, int64_t now,
			 struct issued_token *token);

#endif
