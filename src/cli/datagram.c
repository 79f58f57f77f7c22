/* Local datagrams. */
#include "cli/datagram.h"

#include "base/cleanup.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

bool datagram_send(const char *path, const char *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	CLEANUP(cleanup_descriptor)
	int peer = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (peer < 0 || length == 0 || length >= sizeof address.sun_path)
		return false;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	return sendto(peer, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&address,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) >= 0;
}
