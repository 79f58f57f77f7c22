/* The raw modes: bytes for every client that an HTTP library would not send. */
#ifndef STANDIN_RAW_H
#define STANDIN_RAW_H

#include "modes.h"

#include <sys/types.h>

static inline bool mode_is_raw(const struct mode *mode)
{
	return mode->delivery == DELIVER_RAW || mode->delivery == DELIVER_RAW_RESET;
}

/* Serves the listening socket in a process of its own; call before any thread is started. -1: errno
 * says why. */
pid_t raw_start(const struct mode *mode, int listener, int log);

/* Ends that process, and with it those of its connections. */
void raw_end(pid_t process);

#endif
