/* How a body travels: at once, in chunks, drop by drop, without end, cut off. What is in it is of
 * no matter here. */
#ifndef STANDIN_DELIVERY_H
#define STANDIN_DELIVERY_H

#include "later.h"

#include <microhttpd.h>
#include <stddef.h>

enum delivery {
	DELIVER_WHOLE,
	DELIVER_CHUNKED,
	DELIVER_CUT,     /* Content-Length is right, half of it comes */
	DELIVER_SLOW,    /* a byte a second, again and again */
	DELIVER_ENDLESS, /* again and again, as fast as it is read */
	DELIVER_NEVER,   /* the request is read, nothing follows */
	DELIVER_RAW,     /* bytes as they stand, by raw.c; HTTP is not known to it */
	DELIVER_RAW_RESET,
};

/* A response with a copy of the body. NULL: no memory. NEVER and RAW are not for this function. */
struct MHD_Response *deliver(enum delivery delivery, const char *body, size_t length,
			     struct later *later, struct MHD_Connection *connection);

#endif
