/* What doctor finds out, a row each: printed as it is found, or at the end as one JSON document. */
#ifndef CLI_DOCTOR_FINDINGS_H
#define CLI_DOCTOR_FINDINGS_H

#include "cli/options.h"

#include <chronosign/error.h>
#include <jansson.h>
#include <stdbool.h>

struct findings {
	bool text; /* else JSON */
	bool utf8; /* what the terminal takes */
	int output;
	int status;     /* of the first thing that is broken: an exit status */
	bool unwritten; /* something could not be written, and that is told */
	json_t *rows;
};

/* For --output text or json, to that descriptor. False with *error set without memory. */
bool findings_begin(struct findings *findings, enum output_form form, int output,
		    struct chronosign_error **error);

/*
 * A row: a link of the chain, what it is about (may be empty), and the fact. What follows the
 * fact's first line says what to do. No PIN and no token may be in it.
 */
void findings_ok(struct findings *findings, const char *link, const char *subject,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
void findings_unknown(struct findings *findings, const char *link, const char *subject,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for an error, whose message is the fact. */
void findings_failed(struct findings *findings, const char *link, const char *subject,
		     const struct chronosign_error *error);

/* Prints what is to be printed at the end, and frees. Returns the exit status. */
int findings_end(struct findings *findings);

/* Frees without a word. */
void findings_free(struct findings *findings);

#endif
