/* What the answer at SERVER_CHECK_PATH, which only superadmins may read, says about a token. */
#ifndef CHRONOGRAF_CHECK_H
#define CHRONOGRAF_CHECK_H

#include "chronograf/source.h"

#include <stdbool.h>

/* The server's verdict on a token, once all requests are answered. */
enum verdict {
	VERDICT_NONE, /* nothing yet, or the check failed */
	VERDICT_ACCEPTED,
	VERDICT_REFUSED,
	VERDICT_EVERYONE, /* the server lets in everyone, without a token too */
};

enum check_result {
	CHECK_PASSED,  /* the list came */
	CHECK_REFUSED, /* by Chronograf, as far as is known */
	CHECK_UNCLEAR, /* anything else: a login page, the refusal of a proxy */
};

struct check_response {
	unsigned status;
	const char *content_type; /* NULL: none */
	enum answer_source source;
	bool has_body;
};

enum check_result check_judge(const struct check_response *response);

/*
 * Why an answer is unclear: one line of printable words, then one of advice. NULL if memory is out. The
 * caller frees it.
 */
char *check_unclear(const struct check_response *response);

/*
 * The same for a redirect to `location`, which is printable. `base`: the server's URL to give
 * instead; NULL: unknown.
 */
char *check_redirected(unsigned status, const char *location, const char *base);

#endif
