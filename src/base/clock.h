/* Times that nobody sets: for durations, and for the ends of nonces. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline int64_t clock_milliseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Goes on while the machine sleeps, as a server's clock does. */
static inline int64_t milliseconds(void)
{
	return clock_milliseconds(CLOCK_BOOTTIME);
}

/* Stands still while the machine sleeps, as all of its processes do: how long one of them has been silent, or a call has
 * lasted. */
static inline int64_t milliseconds_awake(void)
{
	return clock_milliseconds(CLOCK_MONOTONIC);
}

/* Waits for events of poll(2), until that time (milliseconds()) at most; sleep of the machine meanwhile does not count.
 * True: one has come. False with errno: none has (EAGAIN). */
bool wait_until(int64_t until, int descriptor, short events);

/*
 * A descriptor that becomes readable at a time of milliseconds(): a time-out of poll(2) stands still while the machine
 * sleeps. -1 if there is none; it may be given to alarm_set and to poll(2).
 */
int alarm_new(void);

/* INT64_MAX: at no time. What it has told is forgotten. */
void alarm_set(int alarm, int64_t at);

#endif
