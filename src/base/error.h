/* Making errors, and adding context to them on their way up. What callers see is in
 * chronosign/error.h. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>

/* Inside the library the prefix goes without saying: `return error_set(…)` is how a function fails.
 */
#define error_set chronosign_error_set

/* Puts "context: " in front of the message of *error. Always returns false. */
bool error_prefix(chronosign_error **error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds a line after the message of *error. Always returns false. */
bool error_append(chronosign_error **error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Notes the result of the call for which *error stands (a CK_RV), for who decides whether to try
 * again; 0, at first, is none. Always returns false.
 */
bool error_set_result(chronosign_error **error, unsigned long result);
unsigned long error_result(const chronosign_error *error);

/* A new error with that message. */
chronosign_error *error_make(chronosign_error_kind kind, const char *message);

bool error_out_of_memory(chronosign_error **error);

#endif
