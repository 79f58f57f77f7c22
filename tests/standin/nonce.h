/* The nonces: one for each server, replaced by a ticker, all together or in turn, or all by a
 * restart. */
#ifndef STANDIN_NONCE_H
#define STANDIN_NONCE_H

#include <stdbool.h>
#include <time.h>

#define NONCE_LENGTH 36

/* The server at the base path itself; those below {base}/s/ have the numbers from 0. */
#define BASE_SERVER (-1)

struct nonce {
	char text[NONCE_LENGTH + 1];
	time_t expires; /* whole seconds: the next one comes within the second after */
};

struct nonces;

/* True if `text` is a canonical lower-case UUID, of whatever version. */
bool nonce_is_canonical(const char *text);

struct nonce_settings {
	const char *first; /* NULL: random */
	unsigned life;     /* seconds from one replacement to the next */
	unsigned
		late; /* milliseconds for which the old nonce is still given, with the new Expires */
	unsigned spread; /* how many servers take turns within a life; 0: all change at once */
};

/* The ticker starts now. NULL: out of memory. */
struct nonces *nonces_new(const struct nonce_settings *settings);
void nonces_free(struct nonces *nonces);

/* The current nonce of a server. May be called from any thread. */
struct nonce nonces_of(struct nonces *nonces, int server);

/*
 * Replaces every nonce and restarts the ticker, as a restart does. May be called from any thread.
 */
void nonces_restart(struct nonces *nonces);

#endif
