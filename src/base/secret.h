/* What the inside of the library does with a secret: read its bytes, or fill one in place. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <chronosign/secret.h>
#include <stdbool.h>
#include <stdint.h>

/* Inside the library the prefix goes without saying. */
#define secret_allocate chronosign_secret_allocate
#define secret_bytes chronosign_secret_bytes
#define secret_length chronosign_secret_length
#define secret_set_length chronosign_secret_set_length

size_t secret_capacity(const struct chronosign_secret *secret);

/*
 * Who decides, in a program, whether a secret may be kept in memory that cannot be locked, and tells of
 * it. Without one, or where it says no, there is an error.
 */
typedef bool secret_unlocked_policy(void);
void secret_set_unlocked_policy(secret_unlocked_policy *policy);

/* Memory of this size cannot be locked, for this reason (errno): true if that is accepted. */
bool secret_unlocked(size_t size, int reason, struct chronosign_error **error);

/* Another secret with the same bytes. */
struct chronosign_secret *secret_copy(const struct chronosign_secret *secret,
				      struct chronosign_error **error);

/* Reads a descriptor to its end into a new secret, of about the size of what is read; more than `capacity` bytes are an error. `what`
 * names it in messages. */
struct chronosign_secret *secret_read(int descriptor, size_t capacity, const char *what,
				      struct chronosign_error **error);

#endif
