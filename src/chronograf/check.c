/* Judges the answer to the request that only a superadmin may make. */
#include "chronograf/check.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

static bool is_json(const char *content_type)
{
	return content_type != NULL && strncasecmp(content_type, "application/json", 16) == 0;
}

/* A page or a challenge, neither of which Chronograf sends: it answers a bad token by 403
 * without a body. */
static bool is_of_front(const struct check_response *response)
{
	if (response->source != SOURCE_UNNAMED)
		return false;
	return response->status == 401 || (response->status == 403 && response->has_body);
}

enum check_result check_judge(const struct check_response *response)
{
	if (response->status == 200 && is_json(response->content_type))
		return CHECK_PASSED;
	if (is_of_front(response) || response->source == SOURCE_CHRONOGRAF_BASIC)
		return CHECK_UNCLEAR;
	return response->status == 401 || response->status == 403 ? CHECK_REFUSED : CHECK_UNCLEAR;
}

static const char *advice(const struct check_response *response)
{
	unsigned status = response->status;

	if (response->source == SOURCE_CHRONOGRAF_BASIC)
		return source_basic_advice;
	if (status == 200 && response->source == SOURCE_UNNAMED)
		return "Chronograf answers JSON here: does a login page stand in front of it? "
		       "Then " SOURCE_REMEDY;
	if (status == 404)
		return "Chronograf lists its mappings below its base path: is that missing in the "
		       "URL?";
	if (status == 429 || status >= 500)
		return "The server, or a proxy in front of it, is in trouble: try again later, and "
		       "look into its log.";
	return "Does the URL lead to Chronograf itself?";
}

char *check_unclear(const struct check_response *response)
{
	const char *type = response->content_type == NULL ? "" : response->content_type;
	CLEANUP(cleanup_text) char *shown = text_of_others(type, strnlen(type, 80), false);

	if (shown == NULL)
		return NULL;
	if (is_of_front(response))
		return text_format("the token never reached Chronograf: status %u from something "
				   "in front of it\n"
				   "That asks for a login: " SOURCE_REMEDY,
				   response->status);
	return text_format("the answer says neither yes nor no: status %u%s%s\n%s",
			   response->status, type[0] == '\0' ? "" : ", ", shown, advice(response));
}

char *check_redirected(unsigned status, const char *location, const char *base)
{
	if (base == NULL)
		return text_format(
			"the answer, with status %u, redirects to %s\nA token is sent "
			"to no other address. Does a login stand in front of Chronograf? "
			"Then " SOURCE_REMEDY,
			status, location);
	CLEANUP(cleanup_text) char *word = text_shell_word(base);
	return text_format("the answer, with status %u, redirects to %s\nA token is sent to no "
			   "other address. If that is the server, give its own URL: "
			   "--chronograf-url %s",
			   status, location, word == NULL ? "" : word);
}
