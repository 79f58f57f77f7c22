/* Tells Chronograf from what may stand in front of it. */
#include "chronograf/source.h"

#include <stddef.h>
#include <strings.h>

const char source_basic_advice[] =
	"Chronograf runs with --htpasswd, so no token can be used there: a password and a token "
	"want the same header.";

enum answer_source answer_source(const char *release, const char *authenticate)
{
	if (release == NULL)
		return SOURCE_UNNAMED;
	return authenticate != NULL && strncasecmp(authenticate, "Basic", 5) == 0
		       ? SOURCE_CHRONOGRAF_BASIC
		       : SOURCE_CHRONOGRAF;
}
