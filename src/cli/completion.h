/* What the completion scripts of the shells share; a script is a file of its own. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include "cli/command.h"

#include <stdio.h>

typedef enum {
	VALUE_NONE, /* a flag */
	VALUE_FREE, /* nothing can be guessed */
	VALUE_WORDS,
	VALUE_FILE,
	VALUE_KEY, /* a file, or a URI without its type */
	VALUE_URI,
} value_kind;

value_kind completion_value_kind(const struct option_row *row, unsigned command);

/* Of VALUE_WORDS: prints the words, with a blank between. */
void completion_print_words(const struct option_row *row, unsigned command);

/* The next row that the command takes; the first after NULL. NULL at the end. */
const struct option_row *completion_next_row(const struct option_row *row, unsigned command);

/* Prints text for the inside of single quotes: a backslash before each of `escaped`, and `quote`
 * for a single quote. */
void completion_print_quoted(const char *text, const char *escaped, const char *quote);

/* These print a whole script. */
void completion_print_bash(void);
void completion_print_zsh(void);
void completion_print_fish(void);

#endif
