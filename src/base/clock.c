/* Waiting for a descriptor, by the clock that nobody sets. */
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

bool wait_until(int64_t until, int descriptor, short events)
{
	struct pollfd event = {.fd = descriptor, .events = events};
	int ready;

	do {
		int64_t left = until - milliseconds();
		ready = poll(&event, 1, left < 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX);
	} while ((ready < 0 && errno == EINTR) || (ready == 0 && milliseconds() < until));
	if (ready == 0)
		errno = EAGAIN;
	return ready > 0;
}
