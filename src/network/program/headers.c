/* Lines of an HTTP answer (RFC 9112 §5): names without regard to case, values without the white space
 * around them. */
#include "network/program/headers.h"

#include "chronograf/server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[HEADER_COUNT] = {
	[HEADER_CONTENT_TYPE] = "Content-Type",
	[HEADER_DATE] = "Date",
	[HEADER_EXPIRES] = "Expires",
	[HEADER_LOCATION] = "Location",
	[HEADER_AUTHENTICATE] = "WWW-Authenticate",
	[HEADER_RELEASE] = SERVER_RELEASE_HEADER,
};

static bool is_white(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static char *copy_value(const char *value, size_t length)
{
	while (length > 0 && is_white(value[0])) {
		value++;
		length--;
	}
	while (length > 0 && is_white(value[length - 1]))
		length--;
	return strndup(value, length);
}

static bool keep(struct headers *headers, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	size_t name_length = colon == NULL ? 0 : (size_t)(colon - line);

	for (size_t i = 0; colon != NULL && i < HEADER_COUNT; i++) {
		if (strlen(names[i]) != name_length ||
		    strncasecmp(names[i], line, name_length) != 0)
			continue;
		if (headers->times[i]++ > 0)
			return true;
		headers->values[i] = copy_value(colon + 1, length - name_length - 1);
		return headers->values[i] != NULL;
	}
	return true;
}

bool headers_take(struct headers *headers, const char *line, size_t length)
{
	/* After "100 Continue" another answer begins; after a body there may be trailers. */
	if (headers->complete) {
		if (length < 5 || memcmp(line, "HTTP/", 5) != 0)
			return true;
		headers_clear(headers);
	}
	headers->bytes += length;
	headers->complete = length <= 2 && is_white(line[0]);
	return headers->bytes <= HEADERS_MAX && keep(headers, line, length);
}

const char *headers_value(const struct headers *headers, enum header header)
{
	return headers->times[header] == 1 ? headers->values[header] : NULL;
}

void headers_clear(struct headers *headers)
{
	for (size_t i = 0; i < HEADER_COUNT; i++)
		free(headers->values[i]);
	*headers = (struct headers){0};
}
