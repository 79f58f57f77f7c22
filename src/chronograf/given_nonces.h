/*
 * Which server of a list has given out which nonce: those at hand, and the last three that each has replaced, while
 * their time lasts. A server that relays another one's may wait until that has moved on, and the token would be good still.
 */
#ifndef CHRONOGRAF_GIVEN_NONCES_H
#define CHRONOGRAF_GIVEN_NONCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No server. */
#define GIVEN_BY_NONE UINT32_MAX

struct given_nonce;

struct given_nonces {
	struct given_nonce *nonces; /* some of each server */
	uint32_t *heads;            /* of the chains of those that have the same hash */
	size_t servers;
	uint32_t came; /* so many nonces */
};

/* False if memory is out. */
bool given_nonces_begin(struct given_nonces *given, size_t servers);
void given_nonces_end(struct given_nonces *given);

/* The server's nonce at hand is this one from now on, or none if it is empty. The one before is of use until then,
 * in milliseconds. */
void given_nonces_replace(struct given_nonces *given, size_t server, const char *nonce,
			  int64_t former_until);

/* Another server that has given it out: of those that have it at hand, or else of the others, the first one; or
 * GIVEN_BY_NONE. */
uint32_t given_nonces_find(const struct given_nonces *given, const char *nonce, size_t server,
			   int64_t now);

#endif
