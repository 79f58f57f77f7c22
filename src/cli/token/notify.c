/*
 * One datagram to a socket: the protocol is documented as stable (sd_notify(3), NOTES), and shorter
 * than the dependency on libsystemd would be.
 */
#include "cli/token/notify.h"

#include "cli/datagram.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void notify(const char *format, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	char *state = NULL;
	va_list arguments;

	if (path == NULL)
		return;
	va_start(arguments, format);
	int length = vasprintf(&state, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	datagram_send(path, state);
	free(state);
}

void notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	notify("RELOADING=1\nMONOTONIC_USEC=%lld",
	       (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}
