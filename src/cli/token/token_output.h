/* How a token is written down: bare, as a header, as a shell's variable, or as JSON. */
#ifndef CLI_TOKEN_TOKEN_OUTPUT_H
#define CLI_TOKEN_TOKEN_OUTPUT_H

#include "cli/options.h"
#include "network/network.h"

#include <chronosign/error.h>
#include <stdbool.h>
#include <stdint.h>

struct issued_token {
	const char
		*url; /* of the server, as given: a user and password in it are not written; NULL:
			  * none was asked */
	const char *token;
	const char *key;   /* its name */
	int64_t valid_for; /* seconds from now; -1: unknown */
	bool at_least;     /* that is a lower bound; no more is known */
	enum verdict verdict;
};

/*
 * The line for a token, without its newline; of a `listed` one it begins with the server's URL and
 * a tab, except in JSON and as a variable. NULL with *error set on failure. The caller frees it.
 */
char *token_line(const struct issued_token *token, enum output_form form, bool listed,
		 struct chronosign_error **error);

/* What a line says besides the token. */
struct token_line_kind {
	enum output_form form;
	bool names_server; /* others may follow it */
};

/* True if it is a line (without its newline) such as token_line makes, in any form; *kind is filled. */
bool token_line_is_ours(const char *line, struct token_line_kind *kind);

#endif
