/* The nonces: one for each server, all replaced together when their time is up or on request. */
#ifndef STANDIN_NONCE_H
#define STANDIN_NONCE_H

#include <stdbool.h>
#include <time.h>

#define NONCE_LENGTH 36
#define EXPIRES_MAX 64

/* The server at the base path itself; those below {base}/s/ have the numbers from 0. */
#define BASE_SERVER (-1)

struct nonce {
	char text[NONCE_LENGTH + 1];
	time_t expires; /* from this second on another nonce is in its place */
};

struct nonces;

/* True if `text` is a canonical lower-case UUID, of whatever version. */
bool nonce_is_canonical(const char *text);

/* Begins with the nonce `first`, or with a random one if NULL. NULL: there is no memory or no
 * randomness. */
struct nonces *nonces_new(const char *first, unsigned life_seconds);
void nonces_free(struct nonces *nonces);

/* The present nonce of a server. May be called from any thread. */
struct nonce nonces_of(struct nonces *nonces, int server);

/* Replaces every nonce, as a restart does. May be called from any thread. */
void nonces_replace(struct nonces *nonces);

/*
 * Writes the Expires header as Chronograf does: RFC 1123 form, in the local time of `zone`,
 * labelled with it. A zone that is not known is a label only: the time is UTC.
 */
void nonce_format_expires(const struct nonce *nonce, const char *zone, char expires[EXPIRES_MAX]);

#endif
