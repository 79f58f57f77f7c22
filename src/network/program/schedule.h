/* When to ask which server: each once, or again and again while somebody watches. Knows no network.
 */
#ifndef NETWORK_PROGRAM_SCHEDULE_H
#define NETWORK_PROGRAM_SCHEDULE_H

#include "network/program/rhythm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No server is asked more often than this while it answers, however short its nonces live. */
#define SCHEDULE_FLOOR_MS 1000
/* A server that fails is asked so often for so long; then it waits ever longer. */
#define SCHEDULE_FAILING_MS 120000
/* Expires and Date are cut to whole seconds, so a nonce ends in the last two of those that it may live.
 * So often it is asked then. */
#define SCHEDULE_AWAIT_MS 2000
#define SCHEDULE_AWAIT_STEP_MS 200

/* Times are in milliseconds of one clock that never goes back; INT64_MAX is never. */
struct schedule {
	size_t count;
	int64_t *due;
	int64_t *ordinary;             /* at the latest; before that, `due` is a look */
	int64_t *failed_at;            /* the first failure in a row; INT64_MAX: none */
	uint8_t *failures;             /* in a row, after SCHEDULE_FAILING_MS */
	struct rhythm *rhythms;        /* NULL: each server is asked once */
	struct schedule_await *awaits; /* NULL: no next nonce was ever awaited */
	size_t next;                   /* where the search goes on */
	int64_t earliest;              /* nothing is due before that */
	int64_t ceiling_ms;            /* 0: each server is asked once */
};

/* A nonce whose next is awaited. */
struct schedule_await {
	int64_t until; /* asked for the last time; 0: not awaited */
	char nonce[UUID_LENGTH];
};

/* A question that is due. */
struct schedule_turn {
	size_t server;
	int64_t asked;
	bool look; /* for a nonce that is about to be replaced */
};

/* Every server is due at once. `ceiling_seconds` is the longest pause; 0: each is asked once. False
 * if memory is out. */
bool schedule_init(struct schedule *schedule, size_t count, unsigned ceiling_seconds);
void schedule_release(struct schedule *schedule);

/* Takes a server that is due at `now`; it is not due again until schedule_answered or _failed says
 * so. */
bool schedule_take(struct schedule *schedule, int64_t now, struct schedule_turn *turn);

/* Time from `now` until a server is due, once schedule_take has found none; INT64_MAX if none will
 * be. */
int64_t schedule_wait(const struct schedule *schedule, int64_t now);

/*
 * The server has answered with a nonce that lives so many seconds (-1: unknown), or has failed.
 * After an answer it is due for looks around the moment at which the nonce is replaced, and until that
 * is learned when half of the nonce's life is over, so that the questions come closer the nearer its end is;
 * none comes within SCHEDULE_FLOOR_MS of a new nonce. After a failure it is due soon, and after some
 * time later each time. Chance spreads them. False: a look that has found nothing new, or the nonce
 * whose next is awaited.
 */
struct schedule_answer {
	const char *nonce; /* UUID_LENGTH bytes */
	int64_t valid_for;
};

bool schedule_answered(struct schedule *schedule, const struct schedule_turn *turn,
		       const struct schedule_answer *answer, int64_t now);
void schedule_failed(struct schedule *schedule, size_t server, int64_t now);

/*
 * The server's nonce after this one (UUID_LENGTH bytes) is awaited until that time at the latest: it is
 * asked from SCHEDULE_AWAIT_MS before. False if memory is out.
 */
bool schedule_await(struct schedule *schedule, size_t server, const char *nonce, int64_t until);

/* The server is due now, whatever was planned. */
void schedule_hurry(struct schedule *schedule, size_t server, int64_t now);

#endif
