/* Fuzzes the form of --pinned-pubkey, against a regular expression of it. */
#include "fuzz.h"

#include "network/pinned_key.h"

#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static regex_t form;
	static bool made;
	char *text = strndup((const char *)data, size);

	if (!made)
		PROMISE(regcomp(&form, "^sha256//[A-Za-z0-9+/]{43}=(;sha256//[A-Za-z0-9+/]{43}=)*$",
				REG_EXTENDED | REG_NOSUB) == 0);
	made = true;
	PROMISE(text != NULL);
	PROMISE(pinned_key_is_valid(text) == (regexec(&form, text, 0, NULL, 0) == 0));
	free(text);
	return 0;
}
