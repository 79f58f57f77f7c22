/* Monotonic time, for time-outs and durations. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for events of poll(2), until that time at most. True: one has come. False with errno: none has (EAGAIN). */
bool wait_until(int64_t until, int descriptor, short events);

#endif
