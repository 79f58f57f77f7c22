/*
 * One datagram to a socket: the protocol is documented as stable (sd_notify(3), NOTES), and shorter
 * than the dependency on libsystemd would be.
 */
#include "cli/token/notify.h"

#include "base/cleanup.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static void send_state(const char *path, const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	CLEANUP(cleanup_descriptor) int peer = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (peer < 0 || length == 0 || length >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, length);
	/* unix(7): a name in the abstract namespace begins with NUL. */
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	sendto(peer, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

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
	send_state(path, state);
	free(state);
}

void notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	notify("RELOADING=1\nMONOTONIC_USEC=%lld",
	       (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}
