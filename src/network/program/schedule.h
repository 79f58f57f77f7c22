/* When to ask which server: each once, or again and again with --watch. Does no I/O. */
#ifndef NETWORK_PROGRAM_SCHEDULE_H
#define NETWORK_PROGRAM_SCHEDULE_H

#include "network/program/rhythm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No server is asked more often than this while it answers, however short its nonces live. */
#define SCHEDULE_FLOOR_MS 1000
/* A server that fails is asked at the same rate for this time; after that the pauses grow. */
#define SCHEDULE_FAILING_MS 120000
/* Expires and Date are cut to whole seconds, so a nonce ends within the last two seconds of its
 * life. In that time the server is asked at this interval. */
#define SCHEDULE_AWAIT_MS 2000
#define SCHEDULE_AWAIT_STEP_MS 200

/* Times are in milliseconds of one clock that never goes back; INT64_MAX is never. */
struct schedule {
	size_t count;
	int64_t *due;
	int64_t *ordinary;             /* the latest time; an earlier `due` is a look */
	int64_t *failed_at;            /* the first failure in a row; INT64_MAX: none */
	uint8_t *failures;             /* in a row, after SCHEDULE_FAILING_MS */
	struct rhythm *rhythms;        /* NULL: each server is asked once */
	struct schedule_await *awaits; /* NULL: no next nonce was ever awaited */
	size_t next;                   /* where the next search starts */
	int64_t earliest;              /* nothing is due before that */
	int64_t ceiling_ms;            /* 0: each server is asked once */
};

/* A nonce that is to be replaced soon. */
struct schedule_await {
	int64_t until; /* time of the last question; 0: not awaited */
	char nonce[UUID_LENGTH];
};

/* A question that is due. */
struct schedule_turn {
	size_t server;
	int64_t asked;
	bool look; /* for a nonce that is about to be replaced */
};

/* All servers are due at once. `ceiling_seconds` is the longest pause; 0: each is asked once. False
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
 * Notes that the server has answered with a nonce that lives for this many seconds (-1: unknown),
 * or has failed. After an answer it is due for looks around the time at which the nonce is
 * replaced. Until that time is learned, it is due when half of the nonce's remaining life is over,
 * so that the questions come faster as the end comes nearer. None comes within SCHEDULE_FLOOR_MS of
 * a new nonce. After a failure it is due soon, with longer pauses if the failures go on. Random
 * spread keeps servers apart. False: the answer brought nothing new, and was not due, or the nonce that is to
 * be replaced.
 */
struct schedule_answer {
	const char *nonce; /* UUID_LENGTH bytes */
	int64_t valid_for;
};

bool schedule_answered(struct schedule *schedule, const struct schedule_turn *turn,
		       const struct schedule_answer *answer, int64_t now);
void schedule_failed(struct schedule *schedule, size_t server, int64_t now);

/* Waits for the server's nonce after this one (UUID_LENGTH bytes), until that time at the latest:
 * the server is asked from SCHEDULE_AWAIT_MS before it. False if memory is out. */
bool schedule_await(struct schedule *schedule, size_t server, const char *nonce, int64_t until);

/* Makes the server due now, whatever was planned. */
void schedule_hurry(struct schedule *schedule, size_t server, int64_t now);

#endif
