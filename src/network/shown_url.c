/* A URL as it is shown and stored: text alone, for the key process parses none. */
#include "network/network.h"

#include <stdlib.h>
#include <string.h>

/* "user:pass" where a host and its port are due: the password has a slash in it, say. */
static bool is_no_host(const char *authority, size_t length)
{
	const char *colon = memchr(authority, ':', length);

	return authority[0] != '[' && colon != NULL &&
	       strspn(colon + 1, "0123456789") != length - (size_t)(colon + 1 - authority);
}

/*
 * What may be a user and a password is left out: all between "://", or the beginning, and the last @
 * before the path (RFC 3986 §3.2), or the last one of all where it cannot be a URL.
 */
char *url_without_user(const char *text)
{
	const char *scheme_end = strstr(text, "://");
	size_t before = scheme_end == NULL ? 0 : (size_t)(scheme_end - text) + strlen("://");
	const char *authority = text + before;
	size_t length = scheme_end == NULL ? strlen(authority) : strcspn(authority, "/?#");
	const char *at = memrchr(authority, '@', length);

	if (at == NULL && is_no_host(authority, length))
		at = strrchr(authority, '@');
	const char *rest = at == NULL ? authority : at + 1;
	char *shown = malloc(before + strlen(rest) + 1);
	if (shown != NULL)
		strcpy(mempcpy(shown, text, before), rest);
	return shown;
}
