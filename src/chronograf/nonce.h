/* What the answer at SERVER_NONCE_PATH means: the lifetime of its nonce, or what it is instead. */
#ifndef CHRONOGRAF_NONCE_H
#define CHRONOGRAF_NONCE_H

#include "chronograf/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nonce_life {
	int64_t seconds; /* -1: unknown */
	bool at_least;   /* a lower bound; no more is known */
};

/*
 * The time between two header values, Date and Expires: 0 if they are just past; unknown if they are
 * long past, or if either is NULL or unreadable. Where the zone is unknown, or means different things
 * in different countries, it is a lower bound below 15 minutes.
 */
struct nonce_life nonce_life(const char *date, const char *expires);

/* An answer, possibly truncated. */
struct nonce_response {
	unsigned status;
	const char *content_type; /* NULL: none */
	enum answer_source source;
	const char *body;
	size_t length;
	bool longer; /* there was more than `length` bytes */
};

/* True if the answer is 200 with a nonce and nothing else. */
bool nonce_found(const struct nonce_response *response);

/*
 * What the answer is instead of a nonce, in printable words: one line with status, length, type and
 * the first bytes, then a line of advice. NULL if memory is out. The caller frees it.
 */
char *nonce_refusal(const struct nonce_response *response);

#endif
