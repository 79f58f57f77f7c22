/* Making errors, and adding context to them on their way up. What callers see is in
 * chronosign/error.h. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>

/* Inside the library the prefix is left out: `return error_set(…)` is how a function fails. */
#define error_set chronosign_error_set

/* Puts "context: " in front of the message of *error. Always returns false. */
bool error_prefix(struct chronosign_error **error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds a line after the message of *error. Always returns false. */
bool error_append(struct chronosign_error **error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Hands *from on to the caller, and leaves NULL behind; frees it if the caller passed NULL. An
 * error that the caller already has is kept. Always returns false. */
bool error_move(struct chronosign_error **to, struct chronosign_error **from);

/* Marks *error as one of a login: the PIN is wrong, missing or locked, or was not taken.
 * Additions to the message keep the mark. Always returns false. */
bool error_mark_login(struct chronosign_error **error);
bool error_is_of_login(const struct chronosign_error *error);

/* The same of a message of the network program that no honest one sends. */
bool error_mark_misbehaviour(struct chronosign_error **error);
bool error_is_of_misbehaviour(const struct chronosign_error *error);

/* A new error with that message. */
struct chronosign_error *error_make(enum chronosign_error_kind kind, const char *message);

bool error_out_of_memory(struct chronosign_error **error);

#endif
