/* The values of pin-value attributes (RFC 7512 §2.4), found in any text that may hold a PKCS#11 URI. */
#include "cli/pin_value.h"

#include <string.h>
#include <strings.h>

/* Where the next value of a pin-value begins; NULL: there is none. By any case: what the library
 * would refuse is a PIN all the same. A message shows it percent-encoded where it came to be a part of a label. */
static char *next_pin_value(const char *text)
{
	static const char name[] = "pin-value";

	while ((text = strcasestr(text, name)) != NULL) {
		text += strlen(name);
		if (*text == '=')
			return (char *)text + strlen("=");
		if (strncasecmp(text, "%3D", strlen("%3D")) == 0)
			return (char *)text + strlen("%3D");
	}
	return NULL;
}

bool pin_value_is_in(const char *text)
{
	return next_pin_value(text) != NULL;
}

void pin_values_wipe(char *text)
{
	for (char *value = text; (value = next_pin_value(value)) != NULL;)
		memset(value, '*', strcspn(value, "&"));
}

void pin_values_mask(char *message)
{
	for (char *value = message; (value = next_pin_value(value)) != NULL;) {
		char *end = value + strspn(value, "*");

		if (end == value || strchr("&'\":,;) \n", *end) == NULL)
			memset(value, '*', strcspn(value, "&\n"));
	}
}
