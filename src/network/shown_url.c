/* A URL for display and storage, handled as text: the key process does not parse URLs. */
#include "network/network.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Long enough for every sensible URL, short enough to leave a message its advice. */
#define SHOWN_LENGTH 256

/* "user:pass" where a host and its port are due: the password has a slash in it, say. */
static bool is_no_host(const char *authority, size_t length)
{
	const char *colon = memchr(authority, ':', length);

	return authority[0] != '[' && colon != NULL &&
	       strspn(colon + 1, "0123456789") != length - (size_t)(colon + 1 - authority);
}

/* Where user, host and port begin: libcurl takes one slash for two, and three. The text itself: it has no
 * scheme. */
static const char *find_authority(const char *text)
{
	size_t scheme = strcspn(text, ":/?#@");

	if (scheme == 0 || text[scheme] != ':' || text[scheme + 1] != '/')
		return text;
	return text + scheme + 1 + strspn(text + scheme + 1, "/");
}

/*
 * What may be a user and a password: all between the scheme, or the beginning, and the last @ before the
 * path (RFC 3986 §3.2), or the last one of all where it cannot be a URL. Its length; 0: there is none.
 */
static size_t find_user(char *text, char **user)
{
	char *authority = text + (find_authority(text) - text);
	size_t length = authority == text ? strlen(text) : strcspn(authority, "/?#");
	char *at = memrchr(authority, '@', length);

	if (at == NULL && is_no_host(authority, length))
		at = strrchr(authority, '@');
	*user = authority;
	return at == NULL ? 0 : (size_t)(at + 1 - authority);
}

static bool cut_user(char *text)
{
	char *user;
	size_t length = find_user(text, &user);

	memmove(user, user + length, strlen(user + length) + 1);
	return length > 0;
}

void url_mask_user(char *text)
{
	char *user;
	size_t length = find_user(text, &user);

	if (length > 0)
		memset(user, '*', length - 1);
}

/* What follows a cut may be one more where somebody wants it so. */
char *url_without_user(const char *text)
{
	char *shown = strdup(text);

	while (shown != NULL && cut_user(shown))
		;
	return shown;
}

char *url_shortened(const char *text)
{
	return strlen(text) <= SHOWN_LENGTH ? strdup(text)
					    : text_format("%.*s...", SHOWN_LENGTH, text);
}

char *url_as_given(const char *base)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(base);

	return shown == NULL ? NULL : url_shortened(shown);
}
