/* The relevant headers of an answer, as libcurl's header callback delivers them. */
#ifndef NETWORK_PROGRAM_HEADERS_H
#define NETWORK_PROGRAM_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

/* The limit for the bytes of all headers. */
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

/* Takes a line from libcurl, with its end. False: they are too long, or memory is out. */
bool headers_take(struct headers *headers, const char *line, size_t length);

/* The value of a header that occurs exactly once, else NULL. */
const char *headers_value(const struct headers *headers, enum header header);

/* Empties them, for another answer. */
void headers_clear(struct headers *headers);

#endif
