/* UUIDs by a pattern of characters. */
#include "base/uuid.h"

#include <string.h>

/* x: lower-case hexadecimal digit; X: of either case; V: the variant of RFC 9562 §4.1; else:
 * itself. */
static const char version_4[] = "xxxxxxxx-xxxx-4xxx-Vxxx-xxxxxxxxxxxx";
static const char any_uuid[] = "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX";

static bool fits(char pattern, char byte)
{
	switch (pattern) {
	case 'x':
		return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
	case 'X':
		return fits('x', byte) || (byte >= 'A' && byte <= 'F');
	case 'V':
		return byte == '8' || byte == '9' || byte == 'a' || byte == 'b';
	default:
		return byte == pattern;
	}
}

static bool matches(const char *pattern, const char *bytes, size_t length)
{
	if (length != strlen(pattern))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!fits(pattern[i], bytes[i]))
			return false;
	return true;
}

bool uuid_is_version_4(const char *bytes, size_t length)
{
	return matches(version_4, bytes, length);
}

bool uuid_is_any(const char *bytes, size_t length)
{
	return matches(any_uuid, bytes, length);
}
