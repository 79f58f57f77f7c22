/* The socket that clients connect to: on the loopback interface, at a given port or at one that the
 * kernel picks. */
#ifndef STANDIN_LISTENER_H
#define STANDIN_LISTENER_H

#include <stdint.h>

/* A listening socket on 127.0.0.1 at *port, or, if that is 0, with its port in *port. -1: errno says why. */
int listen_on_loopback(uint16_t *port);

#endif
