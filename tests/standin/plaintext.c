/* Looks at the first byte before the TLS library does. */
#include "plaintext.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define REQUEST_MAX 8192
#define TLS_HANDSHAKE 0x16 /* RFC 8446 §5.1 */
#define PATIENCE 5         /* seconds */

void plaintext_expect(int listener)
{
	static const int patience = PATIENCE;

	setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &patience, sizeof(patience));
}

/*
 * Bytes that are read here are lost to the TLS library, and unread ones would reset the connection.
 */
void plaintext_refuse(int connection)
{
	static const char answer[] = "HTTP/1.0 400 Bad Request\r\n\r\n"
				     "Client sent an HTTP request to an HTTPS server.\n";
	char request[REQUEST_MAX];

	if (recv(connection, request, 1, MSG_PEEK | MSG_DONTWAIT) != 1 ||
	    request[0] == TLS_HANDSHAKE)
		return;
	recv(connection, request, sizeof(request), MSG_DONTWAIT);
	send(connection, answer, strlen(answer), MSG_NOSIGNAL);
	shutdown(connection, SHUT_WR);
}
