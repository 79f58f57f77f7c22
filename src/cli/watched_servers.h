/* What each server of --watch has named, the token that was made for it, and whether that one is fit
 * to be used. Who signs it, and where it is written, is not known here. */
#ifndef CLI_WATCHED_SERVERS_H
#define CLI_WATCHED_SERVERS_H

#include "cli/token_output.h"
#include "cli/watch.h"

#include <stddef.h>

/* Times are CLOCK_MONOTONIC's, in milliseconds. */
struct watched_servers {
	const struct watch_order *order;
	struct watched_server *list;
	int64_t expiry;    /* no token ends before */
	size_t unanswered; /* servers that have not answered for the first time */
	size_t wanting;    /* servers that want something */
	size_t next;       /* of them, the first to be looked at */
	bool changed;      /* the tokens that are fit; the caller says when that is past */
};

typedef enum { WANTS_NOTHING, WANTS_TRIAL, WANTS_SIGNATURE } server_want;

/* False with *error set if memory is out. */
bool watched_servers_begin(struct watched_servers *servers, const struct watch_order *order,
			   chronosign_error **error);
void watched_servers_release(struct watched_servers *servers);

/*
 * Takes an answer of the fetch: a nonce, a verdict, or a failure, which is told once, and again
 * when it is over. False with *error set if the fetch takes no more requests.
 */
bool watched_servers_take(struct watched_servers *servers, const struct network_answer *answer,
			  int64_t now, chronosign_error **error);

/*
 * Takes off the next server what it wants; one of them has to want something (`wanting`). Nothing
 * comes of it if its nonce has ended meanwhile.
 */
server_want watched_servers_next(struct watched_servers *servers, int64_t now, size_t *index);

/* What a server that wants a signature wants signed. */
const char *watched_servers_nonce(const struct watched_servers *servers, size_t index);

/*
 * Takes over the token for it, which with --check goes on trial. False with *error set as for
 * watched_servers_take.
 */
bool watched_servers_signed(struct watched_servers *servers, size_t index, char *token,
			    chronosign_error **error);

/* It could not be signed: the server has no token, and goes on wanting one. */
void watched_servers_unsigned(struct watched_servers *servers, size_t index);

/* Has the server try its token. False with *error set as for watched_servers_take. */
bool watched_servers_try(struct watched_servers *servers, size_t index, chronosign_error **error);

/* All that have named a nonce want it signed again; what there is stays so long. */
void watched_servers_renew(struct watched_servers *servers);

/* Drops the tokens whose time is over. */
void watched_servers_expire(struct watched_servers *servers, int64_t now);

/* True if the server has a token that is fit, which is then borrowed; `key` in it stays NULL. */
bool watched_servers_fit(const struct watched_servers *servers, size_t index, int64_t now,
			 struct issued_token *token);

#endif
