/* doctor's findings, a row each, printed at once, as text or as JSON; then a verdict. */
#ifndef CLI_DOCTOR_FINDINGS_H
#define CLI_DOCTOR_FINDINGS_H

#include "cli/options.h"

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>

/* The kinds of problems; those of a link, in the order of the links. */
enum { FINDING_PROBLEMS = 13 };

/* No pointers: it lies in memory that the supervisor's process shares, which ends what this one cannot. */
struct findings {
	bool text; /* else JSON */
	bool utf8; /* what the terminal takes */
	bool colour;
	bool unwritten; /* something could not be written, which has been reported */
	bool open;      /* a row is printed, but not the end */
	int output;
	int status;                          /* the exit status of the first broken link */
	size_t columns;                      /* of the terminal; 0: unlimited */
	unsigned problems[FINDING_PROBLEMS]; /* how many of each kind */
};

/* For --output text or json, to that descriptor. Prints nothing yet. */
void findings_begin(struct findings *findings, enum output_form form, int output);

/*
 * A row: a link of the chain, its subject (may be empty), and the fact. The lines after the first
 * are advice. It must not hold a PIN or a token.
 */
void findings_ok(struct findings *findings, const char *link, const char *subject,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
void findings_unknown(struct findings *findings, const char *link, const char *subject,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for an error, whose message is the fact. */
void findings_failed(struct findings *findings, const char *link, const char *subject,
		     const struct chronosign_error *error);

/* Prints the verdict, and what ends a JSON document. Returns the exit status. */
int findings_end(struct findings *findings);

/* The same in the supervisor's process, after a row for what ended the other: the module, or NULL. False if nothing
 * is printed that would need an end. */
bool findings_end_early(struct findings *findings, const char *module, const char *fact);

#endif
