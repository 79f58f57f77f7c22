/* Local sockets. */
#include "cli/datagram.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A new socket has room for a line of a log, so that a stream takes it as a whole. */
static bool send_to(int type, const char *path, const char *text, size_t length)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t path_length = strlen(path);
	CLEANUP(cleanup_descriptor)
	int peer = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (peer < 0 || path_length == 0 || path_length >= sizeof address.sun_path)
		return false;
	memcpy(address.sun_path, path, path_length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	return connect(peer, (const struct sockaddr *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_length)) == 0 &&
	       send(peer, text, length, MSG_NOSIGNAL) == (ssize_t)length;
}

bool datagram_send(const char *path, const char *text)
{
	return send_to(SOCK_DGRAM, path, text, strlen(text));
}

bool datagram_send_or_record(const char *path, const char *text)
{
	return datagram_send(path, text) ||
	       (errno == EPROTOTYPE && send_to(SOCK_STREAM, path, text, strlen(text) + 1));
}
