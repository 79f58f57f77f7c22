/* The relevant headers of an answer, as libcurl's header callback delivers them. */
#ifndef NETWORK_PROGRAM_HEADERS_H
#define NETWORK_PROGRAM_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

/* The limits for all headers of an answer, with those of 1xx answers before it and with trailers: libcurl 7.83 and later
 * keeps them all, and more than 100 bytes for each line. */
#define HEADERS_MAX 65536
#define HEADERS_LINES_MAX 1000
/* Why they are refused. libcurl has limits of its own. */
#define HEADERS_TOO_LONG \
	"the answer has more than 65536 bytes of headers\nDoes the URL lead to Chronograf?"
#define HEADERS_CODED \
	"the answer has a transfer coding that nobody asked for\nDoes the URL lead to Chronograf?"

enum header {
	HEADER_CONTENT_TYPE,
	HEADER_DATE,
	HEADER_EXPIRES,
	HEADER_LOCATION,
	HEADER_AUTHENTICATE,
	HEADER_RELEASE,
	HEADER_CODING,
	HEADER_COUNT,
};

struct headers {
	size_t bytes; /* of all of them */
	size_t lines;
	const char *refusal; /* why they are refused, and what to do; NULL: they are not */
	bool complete;
	char *values[HEADER_COUNT];
	unsigned times[HEADER_COUNT];
};

/* Takes a line from libcurl, with its end. False: they are refused, or memory is out. */
bool headers_take(struct headers *headers, const char *line, size_t length);

/* The value of a header that occurs exactly once, else NULL. */
const char *headers_value(const struct headers *headers, enum header header);

/* Empties them, for another answer. */
void headers_clear(struct headers *headers);

#endif
