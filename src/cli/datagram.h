/* One datagram to a local socket, for service managers and the system log. */
#ifndef CLI_DATAGRAM_H
#define CLI_DATAGRAM_H

#include <stdbool.h>

/*
 * Sends the text to the socket at `path`; a path that begins with '@' is a name in the abstract
 * namespace (unix(7)). Never waits. False if it is not accepted.
 */
bool datagram_send(const char *path, const char *text);

/* The same; a stream socket gets the text as syslog(3) sends it there, with the NUL that ends it. */
bool datagram_send_or_record(const char *path, const char *text);

#endif
