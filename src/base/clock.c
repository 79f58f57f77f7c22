/* Waiting for a descriptor, by clocks that nobody sets. */
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/timerfd.h>

bool wait_until(int64_t until, int descriptor, short events)
{
	struct pollfd event = {.fd = descriptor, .events = events};
	int64_t end = milliseconds_awake() + (until - milliseconds());
	int ready;

	do {
		int64_t left = end - milliseconds_awake();
		ready = poll(&event, 1, left < 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX);
	} while ((ready < 0 && errno == EINTR) || (ready == 0 && milliseconds_awake() < end));
	if (ready == 0)
		errno = EAGAIN;
	return ready > 0;
}

int alarm_new(void)
{
	return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

void alarm_set(int alarm, int64_t at)
{
	struct itimerspec timer = {0};

	if (at != INT64_MAX && at > 0)
		timer.it_value = (struct timespec){
			.tv_sec = (time_t)(at / 1000),
			.tv_nsec = (long)(at % 1000) * 1000000,
		};
	if (alarm >= 0)
		timerfd_settime(alarm, TFD_TIMER_ABSTIME, &timer, NULL);
}
