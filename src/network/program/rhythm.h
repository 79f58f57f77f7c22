/* When a server replaces its nonce, learned from its answers: Chronograf does it at its start + k
 * times the period, asked or not. Does no I/O. */
#ifndef NETWORK_PROGRAM_RHYTHM_H
#define NETWORK_PROGRAM_RHYTHM_H

#include "base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

/* Looks around the time of a replacement: at most this many, and at least this far apart. */
#define RHYTHM_LOOKS_MAX 40
#define RHYTHM_LOOK_MS 20

/* Both ends are included, in milliseconds; if the first is after the last, nothing is known. */
struct rhythm_span {
	int64_t first;
	int64_t last;
};

struct rhythm {
	char nonce[UUID_LENGTH];   /* seen last, no NUL at its end */
	bool asked;                /* there is one */
	uint8_t looks;             /* in the window */
	uint32_t periods;          /* since the anchor */
	int64_t seen;              /* asked then, the server still had that nonce */
	struct rhythm_span anchor; /* a replacement in the past */
	struct rhythm_span period;
	struct rhythm_span next; /* the next replacement: the window */
};

struct rhythm_answer {
	const char *nonce; /* UUID_LENGTH bytes */
	int64_t valid_for; /* seconds; -1: unknown */
	int64_t asked;
	int64_t now;
	bool look; /* the question was due by rhythm_look */
};

void rhythm_init(struct rhythm *rhythm);

/* True if the nonce is a new one. */
bool rhythm_take(struct rhythm *rhythm, const struct rhythm_answer *answer);

/*
 * True if the next replacement is known from earlier ones, and not only from the server's Expires.
 */
bool rhythm_is_learned(const struct rhythm *rhythm);

/*
 * When to look for the replacement, after a question at `asked`; INT64_MAX: a look would not help.
 */
int64_t rhythm_look(const struct rhythm *rhythm, int64_t asked);

#endif
