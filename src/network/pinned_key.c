/* The form of --pinned-pubkey. */
#include "network/pinned_key.h"

#include <string.h>

static const char prefix[] = "sha256//";

/* The base64 of 32 bytes (RFC 4648 §4): 43 characters, and one of padding. */
enum { HASH_LENGTH = 44 };

/* The length of the hash at the beginning of the text; 0: there is none. */
static size_t hash_length(const char *text)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	size_t length = strlen(prefix);

	if (strncmp(text, prefix, length) != 0 ||
	    strspn(text + length, base64) != HASH_LENGTH - 1 ||
	    text[length + HASH_LENGTH - 1] != '=')
		return 0;
	return length + HASH_LENGTH;
}

bool pinned_key_is_valid(const char *text)
{
	size_t length;

	while ((length = hash_length(text)) > 0 && text[length] == ';')
		text += length + 1;
	return length > 0 && text[length] == '\0';
}
