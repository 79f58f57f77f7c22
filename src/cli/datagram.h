/* One datagram to a local socket, for service managers and the journal. */
#ifndef CLI_DATAGRAM_H
#define CLI_DATAGRAM_H

#include <stdbool.h>

/*
 * Sends the text to the socket at `path`; a path that begins with '@' is a name in the abstract
 * namespace (unix(7)). Never waits. False if it is not accepted.
 */
bool datagram_send(const char *path, const char *text);

#endif
