/* What the terminal behind a descriptor can show, and text that fits it. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Its width: what it reports, or $COLUMNS if that is less, or it reports none; else 80. 0: not a terminal; then nothing
 * is fitted, so that scripts always read the same. */
size_t terminal_columns(int descriptor);

/* True if it understands sequences for colours and for clearing a line: not if $TERM is dumb. */
bool terminal_takes_sequences(int descriptor);

/* The same, unless $NO_COLOR forbids it (no-color.org: set, and not empty). */
bool terminal_takes_colour(int descriptor);

/* True if the locale's characters are UTF-8. */
bool terminal_takes_utf8(void);

/* The columns that UTF-8 text takes. */
size_t terminal_width(const char *text);

/* The text, its end replaced by a mark if it is wider. The caller frees it; NULL without memory. */
char *terminal_fitted(const char *text, size_t columns);

/*
 * The same for a line that must not go beyond its row on any terminal: terminals do not agree about
 * characters beyond ASCII, so that each counts as two columns. Where the locale is not UTF-8, what is not
 * ASCII is written as \xNN.
 */
char *terminal_one_row(const char *text, size_t columns);

/*
 * Lines for the terminal: what would go beyond its width stands indented on a row of its own, so that
 * no words of a server begin a row, as ours do. A word is broken only if it is wider than a row; none is if
 * it is no terminal. Where the locale is not UTF-8, what is not ASCII is written as \xNN in any case, since
 * what is redirected may be shown later. The caller frees it; NULL without memory.
 */
char *terminal_rows(int descriptor, const char *lines);

/* Where words are printed: the first one at `column`, what would go beyond `width` (0: nothing does) at `indent`
 * on a new line. */
struct margins {
	size_t indent;
	size_t column;
	size_t width;
};

/* Prints text in rows as terminal_rows() makes them. */
void terminal_print_rows(FILE *out, const char *text, struct margins margins);

/* Prints words, wrapped at blanks, and no newline at the end. A word that is wider than a row is
 * broken, but a PKCS#11 URI stays whole, so that it can be copied. */
void terminal_print_words(FILE *out, const char *text, struct margins margins);

#endif
