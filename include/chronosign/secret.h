/*
 * A secret: a PIN or passphrase in memory that is locked (never swapped), left out of core dumps,
 * absent from forked children (they read zeros), and wiped when freed.
 */
#ifndef CHRONOSIGN_SECRET_H
#define CHRONOSIGN_SECRET_H

#include <chronosign/error.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest PIN or passphrase, in bytes; a longer one is an error, never cut short. */
#define CHRONOSIGN_SECRET_MAX 1024

struct chronosign_secret;

/* Copies `length` bytes (at most CHRONOSIGN_SECRET_MAX; any values, including NUL). The caller
 * wipes its own copy. */
struct chronosign_secret *chronosign_secret_new(const void *bytes, size_t length,
						struct chronosign_error **error)
	__attribute__((warn_unused_result));

/*
 * Moves text at `value` (NUL-terminated: an environment variable's value or a command line
 * argument) into a secret and overwrites the original, so that /proc/PID/environ and
 * /proc/PID/cmdline no longer show it.
 */
struct chronosign_secret *chronosign_secret_take(char *value, struct chronosign_error **error)
	__attribute__((nonnull(1), warn_unused_result));

/*
 * A secret of `capacity` bytes of zeroed memory and of length 0, for the caller to fill in place: a
 * prompt, or a reader of some store. NULL with *error set if the memory cannot be locked.
 */
struct chronosign_secret *chronosign_secret_allocate(size_t capacity,
						     struct chronosign_error **error)
	__attribute__((warn_unused_result));

/* The bytes (as many as the capacity), and how many of them are the secret. */
unsigned char *chronosign_secret_bytes(const struct chronosign_secret *secret)
	__attribute__((nonnull, returns_nonnull));
size_t chronosign_secret_length(const struct chronosign_secret *secret) __attribute__((nonnull));
void chronosign_secret_set_length(struct chronosign_secret *secret, size_t length)
	__attribute__((nonnull));

/* Wipes and frees. NULL is allowed. */
void chronosign_secret_free(struct chronosign_secret *secret);

#ifdef __cplusplus
}
#endif
#endif
