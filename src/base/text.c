/* Text that grows, and text made safe for a terminal. */
#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *text_format_list(const char *format, va_list arguments)
{
	char *text = NULL;

	return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

char *text_format(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = text_format_list(format, arguments);
	va_end(arguments);
	return text;
}

bool text_append(char **text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *more = text_format_list(format, arguments);
	va_end(arguments);
	if (more == NULL)
		return false;

	char *whole = text_format("%s%s", *text == NULL ? "" : *text, more);
	free(more);
	if (whole == NULL)
		return false;
	free(*text);
	*text = whole;
	return true;
}

/* Length of the well-formed UTF-8 character at `bytes` (RFC 3629 §4), 0 if there is none. */
static size_t utf8_length(const uint8_t *bytes, size_t left)
{
	uint8_t first = bytes[0];
	size_t length = first < 0x80   ? 1
			: first < 0xc2 ? 0
			: first < 0xe0 ? 2
			: first < 0xf0 ? 3
			: first < 0xf5 ? 4
				       : 0;

	if (length == 0 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	if ((first == 0xe0 && bytes[1] < 0xa0) || (first == 0xed && bytes[1] > 0x9f) ||
	    (first == 0xf0 && bytes[1] < 0x90) || (first == 0xf4 && bytes[1] > 0x8f))
		return 0;
	return length;
}

/* U+200B and so on: marks that reorder what a terminal shows, and characters that it does not show. */
static bool is_mark(const uint8_t *character, size_t length)
{
	static const struct {
		uint32_t first;
		uint32_t last;
	} marks[] = {{0xd89c, 0xd89c},     {0xe2808b, 0xe2808b}, {0xe2808e, 0xe2808f},
		     {0xe280a8, 0xe280ae}, {0xe281a0, 0xe281af}, {0xefbbbf, 0xefbbbf}};
	uint32_t bytes = 0;

	for (size_t i = 0; i < length; i++)
		bytes = bytes << 8 | character[i];
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (bytes >= marks[i].first && bytes <= marks[i].last)
			return true;
	return false;
}

/* C0 and C1 controls, DEL, and marks. */
static bool acts_on_terminal(const uint8_t *character, size_t length)
{
	if (length == 1)
		return character[0] < 0x20 || character[0] == 0x7f;
	if (length == 2 && character[0] == 0xc2)
		return character[1] < 0xa0;
	return is_mark(character, length);
}

char *text_printable(const char *bytes, size_t length, bool keep_newlines)
{
	char *printable = malloc(4 * length + 1);
	char *end = printable;

	if (printable == NULL)
		return NULL;
	for (size_t i = 0; i < length;) {
		const uint8_t *at = (const uint8_t *)bytes + i;
		size_t step = utf8_length(at, length - i);
		bool newline = keep_newlines && *at == '\n';

		if (newline || (step != 0 && !acts_on_terminal(at, step))) {
			memcpy(end, at, step);
			end += step;
			i += step;
		} else {
			end += sprintf(end, "\\x%02x", *at);
			i++;
		}
	}
	*end = '\0';
	return printable;
}

/* A shell expands no ~ in quotes or behind "--option=". */
const char *text_open_error(const char *path, int reason)
{
	return reason == ENOENT && strncmp(path, "~/", 2) == 0
		       ? "the shell has not expanded ~; write $HOME instead"
		       : strerror(reason);
}

char *text_shell_word(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789%+,-./:=@_";
	char *word = NULL;
	const char *rest = text;

	if (text[0] != '\0' && text[strspn(text, plain)] == '\0')
		return strdup(text);
	for (const char *quote; (quote = strchr(rest, '\'')) != NULL; rest = quote + 1)
		if (!text_append(&word, "%s%.*s'\\''", word == NULL ? "'" : "", (int)(quote - rest),
				 rest))
			return NULL;
	text_append(&word, "%s%s'", word == NULL ? "'" : "", rest);
	return word;
}
