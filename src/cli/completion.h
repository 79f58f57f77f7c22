/* What a shell offers on Tab: the parts of `chronoctl __complete`, in the order of its work. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include "cli/command.h"

#include <stdio.h>

/* A command line up to the cursor, as its shell reads it. */
struct completion_line {
	char *text;
	char **words; /* without their quotes; the last is the one at the cursor, which may be empty */
	size_t count;
	char quote;   /* that is open at the cursor, or 0 */
	size_t start; /* in the last word: of what the shell will replace */
};

/* Takes the text apart, and keeps it; a shell breaks the word at the cursor at the unquoted
 * `breaks`. */
bool completion_split(struct completion_line *line, char *text, const char *breaks);

/* Wipes and frees: there may be a PIN in the line. */
void completion_line_free(struct completion_line *line);

/* What is offered for the last word of a line. */
struct completion {
	enum shell shell;
	const struct completion_line *line;
	size_t prefix;     /* of the last word: "--output=", before the value */
	const char *value; /* the rest of it */
	bool files;        /* the shell adds those that begin with the value */
	FILE *candidates;
};

/* Offers a word for the value, with what to say of it. */
void completion_offer(struct completion *completion, const char *word, const char *help);

/* What a value is. */
enum value_kind {
	VALUE_FREE,
	VALUE_FILE,
	VALUE_KEY,    /* a file too */
	VALUE_OBJECT, /* the URI of one half of a pair, with its type */
	VALUE_TOKEN,  /* where a new key goes; a file too */
};

/* Offers the keys that the tokens show without a login, or the tokens. */
void completion_offer_keys(struct completion *completion, struct options *options, bool tokens);

#endif
