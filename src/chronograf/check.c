/* Judging the answer to the request that only a superadmin may make. */
#include "chronograf/check.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

static bool is_json(const char *content_type)
{
	return content_type != NULL && strncasecmp(content_type, "application/json", 16) == 0;
}

enum check_result check_judge(unsigned status, const char *content_type)
{
	if (status == 200 && is_json(content_type))
		return CHECK_PASSED;
	return status == 401 || status == 403 ? CHECK_REFUSED : CHECK_UNCLEAR;
}

static const char *advice(unsigned status)
{
	if (status == 200)
		return "Chronograf answers JSON here: does a login page stand in front of it?";
	if (status == 404)
		return "Chronograf lists its mappings below its base path: is that missing in the "
		       "URL?";
	if (status == 429 || status >= 500)
		return "The server, or a proxy in front of it, is in trouble: try again later, and "
		       "look into its log.";
	return "Does the URL lead to Chronograf itself?";
}

char *check_unclear(unsigned status, const char *content_type, const char *location)
{
	const char *type = content_type == NULL ? "" : content_type;
	CLEANUP(cleanup_text) char *shown = text_printable(type, strnlen(type, 80), false);

	if (shown == NULL)
		return NULL;
	if (location != NULL)
		return text_format("the answer, with status %u, redirects to %s\nA token is sent "
				   "to no other address: does the URL lead to Chronograf itself?",
				   status, location);
	return text_format("the answer says neither yes nor no: status %u%s%s\n%s", status,
			   type[0] == '\0' ? "" : ", ", shown, advice(status));
}
