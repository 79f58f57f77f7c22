/* The exchanges of --watch, what is told of them, and which tokens are fit to be used. Who signs, and
 * where tokens are written, is not known here. */
#ifndef CLI_TOKEN_WATCHED_SERVERS_H
#define CLI_TOKEN_WATCHED_SERVERS_H

#include "cli/token/token_output.h"
#include "cli/token/watch.h"
#include "cli/token/watched_network.h"

#include "chronograf/exchange_list.h"

#include <stddef.h>

/* Times are CLOCK_MONOTONIC's, in milliseconds. */
struct watched_servers {
	const struct token_order *order;
	struct watched_network *network;
	struct exchange_list exchanges;
	bool *failing;  /* of each: that is told */
	int64_t expiry; /* no token ends before */
	bool changed;   /* the tokens that are fit; the caller says when that is past */
};

/* False with *error set if memory is out. */
bool watched_servers_begin(struct watched_servers *servers, const struct token_order *order,
			   struct watched_network *network, struct chronosign_error **error);
void watched_servers_release(struct watched_servers *servers);

/*
 * Takes an answer of the network program: a nonce, a verdict, or a failure, which is told once, and
 * again when it is over. False with *error set if it misbehaved.
 */
bool watched_servers_take(struct watched_servers *servers, const struct network_answer *answer,
			  int64_t now, struct chronosign_error **error);

/* Takes over the token for the nonce at hand of a server. */
void watched_servers_signed(struct watched_servers *servers, size_t index, char *token,
			    int64_t now);

/* It could not be signed: the server has no token, and goes on wanting one. */
void watched_servers_unsigned(struct watched_servers *servers, size_t index, int64_t now);

/* Has the server try its token. */
void watched_servers_try(struct watched_servers *servers, size_t index, int64_t now);

/* The network program has been started anew: it asks all servers, and tries nothing. */
void watched_servers_restart(struct watched_servers *servers, int64_t now);

/* All that have named a nonce want it signed again; what there is stays so long. */
void watched_servers_renew(struct watched_servers *servers, int64_t now);

/* Drops the tokens whose time is over. */
void watched_servers_expire(struct watched_servers *servers, int64_t now);

/* True if the server has a token that is fit, which is then borrowed; `key` in it stays NULL. */
bool watched_servers_fit(const struct watched_servers *servers, size_t index, int64_t now,
			 struct issued_token *token);

#endif
