/* What the server's answer to GET /chronograf/v1/mappings, which is for superadmins only, says of a
 * token. */
#ifndef CHRONOGRAF_CHECK_H
#define CHRONOGRAF_CHECK_H

/* What the server says of a token, once all that was asked is answered. */
enum verdict {
	VERDICT_NONE, /* nothing yet, or the check failed */
	VERDICT_ACCEPTED,
	VERDICT_REFUSED,
	VERDICT_EVERYONE, /* the server lets in everyone, without a token too */
};

enum check_result {
	CHECK_PASSED,  /* the list came */
	CHECK_REFUSED, /* 401 or 403 */
	CHECK_UNCLEAR, /* anything else, a login page with 200 too */
};

/* `content_type` is NULL if there is none. */
enum check_result check_judge(unsigned status, const char *content_type);

/*
 * Why an answer is unclear: one line of printable words, then one of advice. `location` is where it
 * redirects to, made fit to be shown; NULL: nowhere. NULL if memory is out. The caller frees it.
 */
char *check_unclear(unsigned status, const char *content_type, const char *location);

#endif
