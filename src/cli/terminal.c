/* Terminals: what they are asked, and the measures of text. */
#include "cli/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_MAX = 9999 };

size_t terminal_columns(int descriptor)
{
	const char *variable = getenv("COLUMNS");
	long given = variable == NULL ? 0 : strtol(variable, NULL, 10);
	struct winsize size;

	if (isatty(descriptor) == 0)
		return 0;
	if (given > 0 && given <= COLUMNS_MAX)
		return (size_t)given;
	return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool terminal_takes_sequences(int descriptor)
{
	const char *kind = getenv("TERM");

	return isatty(descriptor) != 0 && kind != NULL && kind[0] != '\0' &&
	       strcmp(kind, "dumb") != 0;
}

bool terminal_takes_colour(int descriptor)
{
	const char *forbidden = getenv("NO_COLOR");

	return (forbidden == NULL || forbidden[0] == '\0') && terminal_takes_sequences(descriptor);
}

bool terminal_takes_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);

	if (locale == (locale_t)0)
		return false;
	bool utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return utf8;
}

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

static size_t width_of(const char *text, size_t length)
{
	size_t characters = 0;

	for (size_t i = 0; i < length; i++)
		characters += begins_character(text[i]);
	return characters;
}

size_t terminal_width(const char *text)
{
	return width_of(text, strlen(text));
}

char *terminal_fitted(const char *text, size_t columns)
{
	char *fitted = NULL;
	size_t length = 0;

	if (terminal_width(text) <= columns)
		return strdup(text);
	/* The mark takes the last column. */
	for (size_t left = columns; text[length] != '\0'; length++)
		if (begins_character(text[length]) && left-- <= 1)
			break;
	const char *mark = terminal_takes_utf8() ? "…" : "~";
	return asprintf(&fitted, "%.*s%s", (int)length, text, columns == 0 ? "" : mark) < 0
		       ? NULL
		       : fitted;
}

void terminal_print_words(FILE *out, const char *text, struct margins margins)
{
	size_t column = margins.column;

	if (margins.width == 0) {
		fputs(text, out);
		return;
	}
	for (size_t length; *text != '\0'; text += length) {
		size_t blanks = strspn(text, " ");
		text += blanks;
		length = strcspn(text, " ");
		size_t width = width_of(text, length);
		if (blanks > 0 && column + 1 + width > margins.width) {
			fprintf(out, "\n%*s", (int)margins.indent, "");
			column = margins.indent;
		} else if (blanks > 0) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, length, out);
		column += width;
	}
}
