/* Messages to the user: on standard error, with a prefix, and without anything that a terminal
 * could act on. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <chronosign/error.h>
#include <chronosign/signer.h>
#include <stdbool.h>

/* Where messages go: to standard error, or to where it was before report_move. */
int report_descriptor(void);

/* False if a module has closed it since report_move: messages have reached nobody. */
bool report_is_open(void);

/* Makes the given descriptor standard error. False, and told, if that fails. */
bool report_move(int standard_error);

/* Information about a success. */
void report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

void report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The network program's words about an exchange, as such. */
void report_trace(const char *words);

/* From here on report_warning prints nothing (--quiet). */
void report_leave_out_warnings(void);

/* Prints the error and returns the exit status that goes with its kind. */
int report_failure(const struct chronosign_error *error);

#endif
