/* Lines of an HTTP answer (RFC 9112 §5): names without regard to case, values without the white space
 * around them. */
#include "network/program/headers.h"

#include "base/cleanup.h"
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
	[HEADER_CODING] = "Transfer-Encoding",
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

static void forget_values(struct headers *headers)
{
	for (size_t i = 0; i < HEADER_COUNT; i++) {
		free(TAKE(headers->values[i]));
		headers->times[i] = 0;
	}
}

/* Nobody asks for another coding (RFC 9112 §7.4), but libcurl decodes it: each one that a server names may take 128 MB. */
static bool is_decoded_at_no_cost(const struct headers *headers)
{
	const char *coding = headers->values[HEADER_CODING];

	return headers->times[HEADER_CODING] == 0 ||
	       (headers->times[HEADER_CODING] == 1 && coding != NULL &&
		(strcasecmp(coding, "chunked") == 0 || strcasecmp(coding, "identity") == 0));
}

static const char *refusal(const struct headers *headers)
{
	if (headers->bytes > HEADERS_MAX)
		return HEADERS_TOO_LONG;
	if (headers->lines > HEADERS_LINES_MAX)
		return "the answer has more than 1000 lines of headers\n"
		       "Does the URL lead to Chronograf?";
	if (!is_decoded_at_no_cost(headers))
		return HEADERS_CODED;
	return NULL;
}

bool headers_take(struct headers *headers, const char *line, size_t length)
{
	bool begins = length >= 5 && memcmp(line, "HTTP/", 5) == 0;

	headers->bytes += length;
	headers->lines++;
	/* After "100 Continue" another answer begins; after a body there may be trailers. */
	if (headers->complete && begins) {
		headers->complete = false;
		forget_values(headers);
	}
	if (!headers->complete) {
		headers->complete = line[0] == '\r' || line[0] == '\n';
		if (!keep(headers, line, length))
			return false;
	}
	headers->refusal = refusal(headers);
	return headers->refusal == NULL;
}

const char *headers_value(const struct headers *headers, enum header header)
{
	return headers->times[header] == 1 ? headers->values[header] : NULL;
}

void headers_clear(struct headers *headers)
{
	forget_values(headers);
	*headers = (struct headers){0};
}
