/* Opens the listening socket. Does not know who serves it, MHD or raw.c. */
#include "listener.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static bool bind_and_listen(int listener, uint16_t *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(*port),
	};
	socklen_t length = sizeof(address);
	int on = 1;

	/* Connections of the last server on this port may still be closing. */
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(listener, (struct sockaddr *)&address, length) != 0 ||
	    listen(listener, SOMAXCONN) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		return false;
	*port = ntohs(address.sin_port);
	return true;
}

int listen_on_loopback(uint16_t *port)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener >= 0 && !bind_and_listen(listener, port)) {
		close(listener);
		return -1;
	}
	return listener;
}
