/*
 * A machine that has slept: stands in front of the C library's clock_gettime, timerfd_settime and poll, by LD_PRELOAD.
 * Once the file of CLOCK_SLEPT is there, CLOCK_BOOTTIME is an hour later than it was, and timers by that clock that were
 * due in this hour are due now, as the kernel has it. CLOCK_MONOTONIC, and the time-outs of poll, know nothing of it.
 */
#include <dlfcn.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { HOUR = 3600, TIMERS = 1024, SLICE_MS = 50 };

/* When the timers of these descriptors are due, in seconds; 0: they are not set. */
static time_t timers[TIMERS];

static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (function == NULL)
		abort();
	return function;
}

static bool has_slept(void)
{
	const char *file = getenv("CLOCK_SLEPT");

	return file != NULL && access(file, F_OK) == 0;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	int (*function)(clockid_t, struct timespec *) =
		(int (*)(clockid_t, struct timespec *))next("clock_gettime");
	int result = function(clock, time);

	if (result == 0 && clock == CLOCK_BOOTTIME && has_slept())
		time->tv_sec += HOUR;
	return result;
}

static int set_timer(int descriptor, int flags, const struct itimerspec *timer,
		     struct itimerspec *old)
{
	int (*function)(int, int, const struct itimerspec *, struct itimerspec *) = (int (*)(
		int, int, const struct itimerspec *, struct itimerspec *))next("timerfd_settime");

	return function(descriptor, flags, timer, old);
}

int timerfd_settime(int descriptor, int flags, const struct itimerspec *timer,
		    struct itimerspec *old)
{
	struct itimerspec real = *timer;

	if (descriptor >= 0 && descriptor < TIMERS)
		timers[descriptor] = timer->it_value.tv_sec;
	if ((flags & TFD_TIMER_ABSTIME) != 0 && real.it_value.tv_sec > HOUR && has_slept())
		real.it_value.tv_sec -= HOUR;
	return set_timer(descriptor, flags, &real, old);
}

/* Those that are due because of the sleep. */
static void fire(const struct pollfd *events, nfds_t count)
{
	const struct itimerspec at_once = {.it_value = {.tv_nsec = 1}};
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	for (nfds_t i = 0; i < count; i++)
		if (events[i].fd >= 0 && events[i].fd < TIMERS && timers[events[i].fd] != 0 &&
		    timers[events[i].fd] < now.tv_sec)
			set_timer(events[i].fd, 0, &at_once, NULL);
}

int poll(struct pollfd *events, nfds_t count, int timeout)
{
	int (*function)(struct pollfd *, nfds_t, int) =
		(int (*)(struct pollfd *, nfds_t, int))next("poll");
	int result;

	do {
		int slice = timeout < 0 || timeout > SLICE_MS ? SLICE_MS : timeout;
		if (has_slept())
			fire(events, count);
		result = function(events, count, slice);
		timeout -= timeout < 0 ? 0 : slice;
	} while (result == 0 && timeout != 0);
	return result;
}

/* What poll(2) is by <bits/poll2.h>. */
int __poll_chk(struct pollfd *events, nfds_t count, int timeout, size_t size);

int __poll_chk(struct pollfd *events, nfds_t count, int timeout, size_t size)
{
	(void)size;
	return poll(events, count, timeout);
}
