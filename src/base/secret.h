/* Access to a secret inside the library: to read its bytes, or to fill it in place. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <chronosign/secret.h>
#include <stdbool.h>
#include <stdint.h>

/* Inside the library the prefix is left out. */
#define secret_allocate chronosign_secret_allocate
#define secret_bytes chronosign_secret_bytes
#define secret_length chronosign_secret_length
#define secret_set_length chronosign_secret_set_length

size_t secret_capacity(const struct chronosign_secret *secret);

/*
 * The program's policy on secrets in memory that cannot be locked; it also warns. Without a policy,
 * or if it returns false, such memory is an error.
 */
typedef bool secret_unlocked_policy(void);
void secret_set_unlocked_policy(secret_unlocked_policy *policy);

/* Memory of this size cannot be locked, for this reason (errno): true if that is accepted. */
bool secret_unlocked(size_t size, int reason, struct chronosign_error **error);

/* A copy of the secret. */
struct chronosign_secret *secret_copy(const struct chronosign_secret *secret,
				      struct chronosign_error **error);

/* Reads a descriptor to its end into a new secret, of about the size of the input; more than
 * `capacity` bytes are an error. `what` names it in messages. */
struct chronosign_secret *secret_read(int descriptor, size_t capacity, const char *what,
				      struct chronosign_error **error);

#endif
