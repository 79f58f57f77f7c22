/* Text that grows, and text made safe for a terminal. */
#include "base/text.h"

#include "base/cleanup.h"

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

static uint32_t code_point(const uint8_t *character, size_t length)
{
	uint32_t code = length == 1 ? character[0] : character[0] & (0x7fu >> length);

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (character[i] & 0x3fu);
	return code;
}

struct range {
	uint32_t first;
	uint32_t last;
};

/*
 * What a terminal acts on, does not show, or shows elsewhere than where it stands: controls, formats
 * (Cf, Zl, Zp), what may be ignored (Default_Ignorable_Code_Point), blanks but U+0020, private use,
 * planes that are empty, and the scripts that are written from right to left.
 */
static const struct range hidden[] = {
	{0x0000, 0x001f},   {0x007f, 0x00a0},    {0x00ad, 0x00ad},   {0x034f, 0x034f},
	{0x0590, 0x08ff},   {0x115f, 0x1160},    {0x1680, 0x1680},   {0x17b4, 0x17b5},
	{0x180b, 0x180f},   {0x2000, 0x200f},    {0x2028, 0x202f},   {0x205f, 0x206f},
	{0x2800, 0x2800},   {0x3000, 0x3000},    {0x3164, 0x3164},   {0xe000, 0xf8ff},
	{0xfb1d, 0xfe0f},   {0xfe70, 0xfeff},    {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
	{0x10800, 0x10fff}, {0x110bd, 0x110bd},  {0x110cd, 0x110cd}, {0x13430, 0x1345f},
	{0x16fe4, 0x16fe4}, {0x1bca0, 0x1bca3},  {0x1d159, 0x1d159}, {0x1d173, 0x1d17a},
	{0x1e800, 0x1efff}, {0x40000, 0x10ffff},
};

/* Zs of Unicode. */
static const struct range blanks[] = {
	{0x20, 0x20},     {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
	{0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

/* What ends a quotation, or looks as if it did. */
static const struct range quotes[] = {
	{0x22, 0x22},     {0x2ba, 0x2ba},   {0x2dd, 0x2dd},   {0x2ee, 0x2ee},     {0x2f6, 0x2f6},
	{0x30b, 0x30b},   {0x30e, 0x30e},   {0x1cd3, 0x1cd3}, {0x201c, 0x201f},   {0x2033, 0x2034},
	{0x2036, 0x2037}, {0x2057, 0x2057}, {0x275d, 0x275e}, {0x2760, 0x2760},   {0x2e42, 0x2e42},
	{0x3003, 0x3003}, {0x301d, 0x301f}, {0xff02, 0xff02}, {0x1f676, 0x1f678},
};

/* The ranges ascend. */
static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count && code >= ranges[i].first; i++)
		if (code <= ranges[i].last)
			return true;
	return false;
}

static bool is_hidden(const uint8_t *character, size_t length)
{
	uint32_t code = code_point(character, length);

	/* The last two of each plane are no characters. */
	return (code & 0xfffe) == 0xfffe || is_in(hidden, sizeof hidden / sizeof hidden[0], code);
}

static bool is_quote(const uint8_t *character, size_t length)
{
	return is_in(quotes, sizeof quotes / sizeof quotes[0], code_point(character, length));
}

enum keep { KEEP_NEWLINES = 1, KEEP_QUOTES = 2 };

static char *printable_text(const char *bytes, size_t length, unsigned keep)
{
	char *printable = malloc(4 * length + 1);
	char *end = printable;

	if (printable == NULL)
		return NULL;
	for (size_t i = 0; i < length;) {
		const uint8_t *at = (const uint8_t *)bytes + i;
		size_t step = utf8_length(at, length - i);
		bool kept = step != 0 && !is_hidden(at, step) &&
			    ((keep & KEEP_QUOTES) != 0 || !is_quote(at, step));

		if (kept || ((keep & KEEP_NEWLINES) != 0 && *at == '\n')) {
			end = mempcpy(end, at, step);
			i += step;
		} else {
			end += sprintf(end, "\\x%02x", *at);
			i++;
		}
	}
	*end = '\0';
	return printable;
}

char *text_printable(const char *bytes, size_t length, bool keep_newlines)
{
	return printable_text(bytes, length, KEEP_QUOTES | (keep_newlines ? KEEP_NEWLINES : 0));
}

/* A copy in which each run of blanks is one U+0020. */
static char *narrow(const char *bytes, size_t *length)
{
	char *copy = malloc(*length + 1);
	char *end = copy;
	bool in_blanks = false;

	for (size_t i = 0; copy != NULL && i < *length;) {
		const uint8_t *at = (const uint8_t *)bytes + i;
		size_t step = utf8_length(at, *length - i);
		bool blank = step != 0 &&
			     is_in(blanks, sizeof blanks / sizeof blanks[0], code_point(at, step));

		step = step == 0 ? 1 : step;
		if (!blank)
			end = mempcpy(end, at, step);
		else if (!in_blanks)
			*end++ = ' ';
		in_blanks = blank;
		i += step;
	}
	*length = copy == NULL ? 0 : (size_t)(end - copy);
	return copy;
}

char *text_of_others(const char *bytes, size_t length, bool keep_newlines)
{
	CLEANUP(cleanup_text) char *copy = narrow(bytes, &length);

	return copy == NULL ? NULL : text_printable(copy, length, keep_newlines);
}

char *text_quoted(const char *bytes, size_t length)
{
	CLEANUP(cleanup_text) char *line = malloc(length + 1);

	if (line == NULL)
		return NULL;
	memcpy(line, bytes, length);
	for (char *end; (end = memchr(line, '\n', length)) != NULL;)
		*end = ' ';
	CLEANUP(cleanup_text) char *words = narrow(line, &length);
	CLEANUP(cleanup_text)
	char *shown = words == NULL ? NULL : printable_text(words, length, 0);
	return shown == NULL ? NULL : text_format("\"%s\"", shown);
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
	char *word = NULL;
	const char *rest = text;

	for (const char *quote; (quote = strchr(rest, '\'')) != NULL; rest = quote + 1)
		if (!text_append(&word, "%s%.*s'\\''", word == NULL ? "'" : "", (int)(quote - rest),
				 rest))
			return NULL;
	text_append(&word, "%s%s'", word == NULL ? "'" : "", rest);
	return word;
}
