/* When to ask which server: each once, or again and again while somebody watches. Knows no network.
 */
#ifndef NETWORK_PROGRAM_SCHEDULE_H
#define NETWORK_PROGRAM_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No server is asked more often than this while it answers, however short its nonces live. */
#define SCHEDULE_FLOOR_MS 1000
/* The longest pause, unless the user says otherwise. */
#define SCHEDULE_CEILING_SECONDS 60

/* Times are in milliseconds of one clock that never goes back; INT64_MAX is never. */
struct schedule {
	size_t count;
	int64_t *due;
	uint8_t *failures;  /* of each server, in a row */
	size_t next;        /* where the search goes on */
	int64_t earliest;   /* nothing is due before that */
	int64_t ceiling_ms; /* 0: each server is asked once */
};

/* Every server is due at once. `ceiling_seconds` is the longest pause; 0: each is asked once. False
 * if memory is out. */
bool schedule_init(struct schedule *schedule, size_t count, unsigned ceiling_seconds);
void schedule_release(struct schedule *schedule);

/* Takes a server that is due at `now`; it is not due again until schedule_answered says so. */
bool schedule_take(struct schedule *schedule, int64_t now, size_t *server);

/* Time from `now` until a server is due, once schedule_take has found none; INT64_MAX if none will
 * be. */
int64_t schedule_wait(const struct schedule *schedule, int64_t now);

/*
 * The server has answered with a nonce that lives so many seconds (-1: unknown), or has failed.
 * After an answer it is due when half of the nonce's life is over, so that the questions come
 * closer the nearer its end is; after a failure soon, and later each time. Chance spreads them.
 */
void schedule_answered(struct schedule *schedule, size_t server, int64_t valid_for, int64_t now);
void schedule_failed(struct schedule *schedule, size_t server, int64_t now);

/* The server is due now, whatever was planned. */
void schedule_hurry(struct schedule *schedule, size_t server, int64_t now);

#endif
