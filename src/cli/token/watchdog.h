/* The service manager's watchdog: sd_watchdog_enabled(3). */
#ifndef CLI_TOKEN_WATCHDOG_H
#define CLI_TOKEN_WATCHDOG_H

#include <stdint.h>

/* Times are those of milliseconds() (base/clock.h). */
struct watchdog {
	int64_t every;   /* half of what the manager allows */
	int64_t next_at; /* INT64_MAX: it expects nothing */
};

/* From $WATCHDOG_USEC and $WATCHDOG_PID, which is the supervisor's process, the caller's parent. */
void watchdog_begin(struct watchdog *watchdog, int64_t now);

/* Tells the manager, if it is time, that the caller is alive. */
void watchdog_tell(struct watchdog *watchdog, int64_t now);

#endif
