/* Properties of terminals, and the width of text. */
#include "cli/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { COLUMNS_MAX = 9999, COLUMNS_UNKNOWN = 80 };

/* $COLUMNS; 0: it is not set, or nonsense. */
static size_t columns_given(void)
{
	const char *variable = getenv("COLUMNS");
	long given = variable == NULL ? 0 : strtol(variable, NULL, 10);

	return given > 0 && given <= COLUMNS_MAX ? (size_t)given : 0;
}

size_t terminal_columns(int descriptor)
{
	size_t given = columns_given();
	struct winsize size;

	if (isatty(descriptor) == 0)
		return 0;
	/* A serial console tells none. */
	if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return given > 0 ? given : COLUMNS_UNKNOWN;
	/* A shell hands on the width that another terminal had: what is wider would be broken by this one. */
	return given > 0 && given < size.ws_col ? given : size.ws_col;
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

/* Of one character of UTF-8 (wcwidth(3)); what is none is shown as something. */
static size_t character(const char *text, size_t length, size_t *columns)
{
	mbstate_t state = {0};
	wchar_t wide = 0;
	size_t size = mbrtowc(&wide, text, length, &state);
	bool is_one = size > 0 && size <= length;
	int width = is_one ? wcwidth(wide) : 1;

	*columns = width < 0 ? 1 : (size_t)width;
	return is_one ? size : 1;
}

/* The columns of the text, up to so many, and in *length how long that is. The locale may be another than UTF-8. */
static size_t measure(const char *text, size_t *length, size_t most)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = uselocale(utf8);
	size_t columns = 0;
	size_t at = 0;

	while (at < *length) {
		size_t width;
		size_t size = character(text + at, *length - at, &width);
		if (columns + width > most)
			break;
		at += size;
		columns += width;
	}
	uselocale(before);
	if (utf8 != (locale_t)0)
		freelocale(utf8);
	*length = at;
	return columns;
}

static size_t width_of(const char *text, size_t length)
{
	size_t ascii = 0;

	while (ascii < length && text[ascii] >= ' ' && text[ascii] <= '~')
		ascii++;
	return ascii == length ? length : measure(text, &length, SIZE_MAX);
}

size_t terminal_width(const char *text)
{
	return width_of(text, strlen(text));
}

char *terminal_fitted(const char *text, size_t columns)
{
	char *fitted = NULL;
	size_t length = strlen(text);

	if (width_of(text, length) <= columns)
		return strdup(text);
	const char *mark = columns == 0 ? "" : terminal_takes_utf8() ? "…" : "~";
	measure(text, &length, columns == 0 ? 0 : columns - 1);
	return asprintf(&fitted, "%.*s%s", (int)length, text, mark) < 0 ? NULL : fitted;
}

struct rows {
	FILE *out;
	size_t width; /* 0: nothing is broken */
	size_t indent;
	size_t column;
	bool utf8;
	bool keeps_uris; /* a PKCS#11 URI is not broken */
};

enum { ROW_INDENT = 2, ESCAPED = 4 };

/* The columns that a byte may take: terminals do not agree about characters beyond ASCII, of which
 * none takes more than two. */
static size_t columns_of(const struct rows *rows, char byte)
{
	uint8_t value = (uint8_t)byte;

	if (value < 0x80)
		return byte != '\n';
	if (!rows->utf8)
		return ESCAPED;
	return value < 0xc0 ? 0 : 2;
}

static void make_room(struct rows *rows, size_t columns)
{
	if (rows->width == 0 || rows->column + columns <= rows->width)
		return;
	fprintf(rows->out, "\n%*s", (int)rows->indent, "");
	rows->column = rows->indent;
}

static void put_byte(struct rows *rows, char byte)
{
	size_t columns = columns_of(rows, byte);

	make_room(rows, columns);
	rows->column = byte == '\n' ? 0 : rows->column + columns;
	if (columns == ESCAPED)
		fprintf(rows->out, "\\x%02x", (uint8_t)byte);
	else
		fputc(byte, rows->out);
}

/* A URI of ours: no label can put a colon or a blank in it, so no part of it looks like a line of ours. */
static bool is_uri(const char *word, size_t length)
{
	static const char scheme[] = "pkcs11:";
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789%+,-./;=?&_'";
	const char *rest = word + (word[0] == '\'' ? 1 : 0);

	if (strncmp(rest, scheme, strlen(scheme)) != 0)
		return false;
	rest += strlen(scheme);
	return rest + strspn(rest, plain) >= word + length;
}

/*
 * Commands are copied from several rows, and what begins a row must be none of its own: an option and a word in quotes behind
 * it share a row, or that is broken within the quotes.
 */
static bool is_tied(const struct rows *rows, const char *word)
{
	return word[0] == '\'' && !(rows->keeps_uris && is_uri(word, strcspn(word, " \n")));
}

/* Of a word, and of those that are tied to it. */
static size_t columns_of_words(const struct rows *rows, const char *word)
{
	size_t columns = 0;

	for (; *word != '\0' && *word != '\n'; word++) {
		if (*word == ' ' && !is_tied(rows, word + 1))
			break;
		columns += columns_of(rows, *word);
	}
	return columns;
}

/* A blank, unless a row ends there. */
static void put_blank(struct rows *rows, const char *word)
{
	bool tied = is_tied(rows, word);
	size_t columns = tied ? strlen(" '") : 1 + columns_of_words(rows, word);
	size_t before = rows->column;

	make_room(rows, columns);
	if (tied || rows->column == before)
		put_byte(rows, ' ');
}

/* A byte, or the four by which text_shell_word() writes a quote: within these the row would end outside the quotes. Returns
 * how many. */
static size_t put_some(struct rows *rows, const char *text)
{
	static const char quote[] = "'\\''";
	size_t length = strncmp(text, quote, strlen(quote)) == 0 ? strlen(quote) : 1;

	make_room(rows, length == 1 ? 0 : length);
	for (size_t i = 0; i < length; i++)
		put_byte(rows, text[i]);
	return length;
}

static struct rows rows_of(FILE *out, struct margins margins)
{
	return (struct rows){.out = out,
			     .width = margins.width,
			     .indent = margins.indent,
			     .column = margins.column,
			     .utf8 = terminal_takes_utf8()};
}

static void put_text(struct rows *rows, const char *text)
{
	if (rows->width == 0 && rows->utf8) {
		fputs(text, rows->out);
		return;
	}
	while (*text != '\0')
		if (*text == ' ')
			put_blank(rows, ++text);
		else
			text += put_some(rows, text);
}

char *terminal_rows(int descriptor, const char *lines)
{
	char *text = NULL;
	size_t length = 0;

	struct rows rows = rows_of(open_memstream(&text, &length),
				   (struct margins){ROW_INDENT, 0, terminal_columns(descriptor)});

	if (rows.out == NULL)
		return NULL;
	put_text(&rows, lines);
	return fclose(rows.out) == 0 ? text : NULL;
}

void terminal_print_rows(FILE *out, const char *text, struct margins margins)
{
	struct rows rows = rows_of(out, margins);

	put_text(&rows, text);
}

char *terminal_one_row(const char *text, size_t columns)
{
	char *row = NULL;
	size_t length = 0;
	size_t whole = 0;
	struct rows rows = rows_of(open_memstream(&row, &length), (struct margins){0});
	const char *mark = rows.utf8 ? "…" : "~";
	const size_t mark_columns = columns_of(&rows, mark[0]);

	if (rows.out == NULL)
		return NULL;
	for (const char *byte = text; *byte != '\0'; byte++)
		whole += columns_of(&rows, *byte);
	bool is_cut = whole > columns && columns >= mark_columns;
	const size_t room = is_cut ? columns - mark_columns : columns;
	for (; *text != '\0' && rows.column + columns_of(&rows, *text) <= room; text++)
		put_byte(&rows, *text);
	fputs(is_cut ? mark : "", rows.out);
	return fclose(rows.out) == 0 ? row : NULL;
}

static void put_word(struct rows *rows, const char *word, size_t length)
{
	if (is_uri(word, length)) {
		fwrite(word, 1, length, rows->out);
		rows->column += length;
		return;
	}
	for (const char *end = word + length; word < end;)
		word += put_some(rows, word);
}

void terminal_print_words(FILE *out, const char *text, struct margins margins)
{
	struct rows rows = rows_of(out, margins);

	if (margins.width == 0) {
		put_text(&rows, text);
		return;
	}
	rows.keeps_uris = true;
	for (size_t length; *text != '\0'; text += length) {
		size_t blanks = strspn(text, " ");
		text += blanks;
		length = strcspn(text, " ");
		if (blanks > 0)
			put_blank(&rows, text);
		put_word(&rows, text, length);
	}
}
