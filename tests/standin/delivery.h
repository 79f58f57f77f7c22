/* How a body is sent: at once, in chunks, byte by byte, without end, cut off. Its contents do not
 * matter here. */
#ifndef STANDIN_DELIVERY_H
#define STANDIN_DELIVERY_H

#include "later.h"

#include <microhttpd.h>
#include <stddef.h>

enum delivery {
	DELIVER_WHOLE,
	DELIVER_CHUNKED,
	DELIVER_CUT,     /* Content-Length is right, half of the body comes */
	DELIVER_SLOW,    /* a byte a second, again and again */
	DELIVER_ENDLESS, /* again and again, as fast as it is read */
	DELIVER_NEVER,   /* the request is read, nothing follows */
	DELIVER_RAW,     /* bytes as they are, by raw.c, which knows no HTTP */
	DELIVER_RAW_RESET,
};

/* A response with a copy of the body. NULL: no memory. NEVER and RAW are not for this function. */
struct MHD_Response *deliver(enum delivery delivery, const char *body, size_t length,
			     struct later *later, struct MHD_Connection *connection);

#endif
