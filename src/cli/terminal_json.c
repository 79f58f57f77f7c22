/* JSON whose strings have no words, where a terminal would begin a row with them. */
#include "cli/terminal_json.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

/* Terminals do not agree about characters beyond ASCII, of which none takes more than two columns. */
static size_t columns_of(const char *line, size_t length)
{
	size_t columns = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned byte = (unsigned char)line[i];
		columns += byte < 0x80 ? 1 : byte < 0xc0 ? 0 : 2;
	}
	return columns;
}

static void put_without_blanks(FILE *out, const char *line, size_t length)
{
	bool in_string = false;

	for (size_t i = 0; i < length; i++) {
		bool is_escape = line[i] == '\\' && i + 1 < length;

		if (line[i] == '"')
			in_string = !in_string;
		if (line[i] == ' ' && in_string)
			fputs("\\u0020", out);
		else
			fwrite(line + i, 1, is_escape ? 2 : 1, out);
		i += is_escape;
	}
}

static void put_lines(FILE *out, const char *text, struct margins margins)
{
	for (size_t column = margins.column; *text != '\0'; column = 0) {
		size_t length = strcspn(text, "\n");

		if (column + columns_of(text, length) > margins.width)
			put_without_blanks(out, text, length);
		else
			fwrite(text, 1, length, out);
		text += length;
		if (*text == '\n')
			fputc(*text++, out);
	}
}

char *terminal_json(const json_t *value, size_t flags, struct margins margins)
{
	bool is_terminal = margins.width > 0;
	CLEANUP(cleanup_text)
	char *text = json_dumps(value, flags | (terminal_takes_utf8() ? 0 : JSON_ENSURE_ASCII));
	char *shown = NULL;
	size_t length = 0;

	if (text == NULL || !is_terminal)
		return TAKE(text);
	FILE *out = open_memstream(&shown, &length);
	if (out == NULL)
		return NULL;
	put_lines(out, text, margins);
	if (fclose(out) == 0)
		return shown;
	free(shown);
	return NULL;
}
