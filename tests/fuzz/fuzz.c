/* Cuts inputs into texts, and checks the promises that hold for every function. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	PROMISE(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

char *fuzz_line(const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size == 0 ? NULL : memchr(*data, '\n', *size);
	size_t length = end == NULL ? *size : (size_t)(end - *data);
	size_t taken = end == NULL ? length : length + 1;
	char *line = fuzz_text(*data, length);

	*data += taken;
	*size -= taken;
	return line;
}

bool fuzz_is_printable(const char *text)
{
	CLEANUP(cleanup_text) char *printable = text_printable(text, strlen(text), true);

	for (const char *byte = text; *byte != '\0'; byte++)
		if (((unsigned char)*byte < ' ' && *byte != '\n') || *byte == 0x7f)
			return false;
	PROMISE(printable != NULL);
	return strcmp(text, printable) == 0;
}

void fuzz_promise_outcome(bool good, const struct chronosign_error *error)
{
	PROMISE(good == (error == NULL));
	if (error == NULL)
		return;
	enum chronosign_error_kind kind = chronosign_error_get_kind(error);
	PROMISE(kind >= CHRONOSIGN_ERROR_OTHER && kind <= CHRONOSIGN_ERROR_SERVER);
	PROMISE(chronosign_error_message(error)[0] != '\0');
	PROMISE(fuzz_is_printable(chronosign_error_message(error)));
}
