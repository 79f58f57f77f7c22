/* The headers of an answer that are of use, as libcurl's header callback brings them. */
#ifndef NETWORK_PROGRAM_HEADERS_H
#define NETWORK_PROGRAM_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

/* No more than so many bytes of headers are ever taken. */
#define HEADERS_MAX 65536

enum header {
	HEADER_CONTENT_TYPE,
	HEADER_DATE,
	HEADER_EXPIRES,
	HEADER_LOCATION,
	HEADER_AUTHENTICATE,
	HEADER_RELEASE,
	HEADER_COUNT,
};

struct headers {
	size_t bytes; /* of all of them */
	bool complete;
	char *values[HEADER_COUNT];
	unsigned times[HEADER_COUNT];
};

/* Takes a line as libcurl gives it, with its end. False: they are too many, or memory is out. */
bool headers_take(struct headers *headers, const char *line, size_t length);

/* The value of a header that is there just once, else NULL. */
const char *headers_value(const struct headers *headers, enum header header);

/* Empties them, for another answer. */
void headers_clear(struct headers *headers);

#endif
