/*
 * Errors of libchronosign: values with a kind and a message. The library never prints and never
 * exits.
 *
 * A function that can fail takes a `struct chronosign_error **error` as its last parameter and
 * reports failure by its return value (false or NULL). On failure *error is set to a new error that
 * the caller frees; on success it is left alone. A caller sets it to NULL before the first call,
 * and may pass NULL to ignore the reason.
 */
#ifndef CHRONOSIGN_ERROR_H
#define CHRONOSIGN_ERROR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct chronosign_error;

/* What kind of thing failed. The numbers are the exit statuses of the command. */
enum chronosign_error_kind {
	CHRONOSIGN_ERROR_OTHER = 1,   /* the machine: memory, a process, a pipe */
	CHRONOSIGN_ERROR_USAGE = 2,   /* the caller asked for something impossible */
	CHRONOSIGN_ERROR_KEY = 3,     /* the key: file, PIN, token, module, signature */
	CHRONOSIGN_ERROR_SERVER = 4,  /* the server: network, TLS, its answer */
	CHRONOSIGN_ERROR_REFUSED = 5, /* the server does not accept the token */
};

enum chronosign_error_kind chronosign_error_get_kind(const struct chronosign_error *error)
	__attribute__((nonnull));

/*
 * The message: UTF-8, one line or several, no newline at the end; says what failed, on which
 * object, and what to do. Never holds a PIN, a passphrase or key material; unprintable bytes are
 * escaped. Valid as long as the error.
 */
const char *chronosign_error_message(const struct chronosign_error *error)
	__attribute__((nonnull, returns_nonnull));

/*
 * Sets *error (if error is not NULL) to a new error, as by printf; for the callbacks that a caller
 * lends to the library. Bytes that a terminal could act on, and invalid UTF-8, become \xNN;
 * newlines stay. Always returns false.
 */
bool chronosign_error_set(struct chronosign_error **error, enum chronosign_error_kind kind,
			  const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Frees the error. NULL is allowed. */
void chronosign_error_free(struct chronosign_error *error);

#ifdef __cplusplus
}
#endif
#endif
