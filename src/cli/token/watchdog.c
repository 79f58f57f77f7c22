/* Without $WATCHDOG_USEC, or if it is meant for another process, nothing is sent. */
#include "cli/token/watchdog.h"

#include "cli/token/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* 0: it is not set, or not a number. */
static unsigned long long number_of(const char *variable)
{
	const char *text = getenv(variable);
	char *end = NULL;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	return *end != '\0' || errno != 0 ? 0 : number;
}

void watchdog_begin(struct watchdog *watchdog, int64_t now)
{
	unsigned long long microseconds = number_of("WATCHDOG_USEC");
	bool ours = getenv("WATCHDOG_PID") == NULL ||
		    number_of("WATCHDOG_PID") == (unsigned long long)getppid();

	*watchdog =
		(struct watchdog){.every = (int64_t)(microseconds / 2000), .next_at = INT64_MAX};
	if (watchdog->every > 0 && ours)
		watchdog->next_at = now;
}

void watchdog_tell(struct watchdog *watchdog, int64_t now)
{
	if (now < watchdog->next_at)
		return;
	watchdog->next_at = now + watchdog->every;
	notify("WATCHDOG=1");
}
