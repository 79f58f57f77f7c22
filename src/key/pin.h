/* Where a PIN or passphrase comes from: the URI, a source, the caller, or a person. */
#ifndef KEY_PIN_H
#define KEY_PIN_H

#include "key/key.h"

/* True if a PIN was given without a prompt: by URI, source or value. */
bool pin_is_given(const struct chronosign_key *key);

/* Reads the PIN that was given (pin_is_given). NULL with *error set if its source cannot be read.
 */
struct chronosign_secret *pin_read(const struct chronosign_key *key,
				   struct chronosign_error **error);

/* Asks a person. `token` is a printable token label, or NULL for a file. NULL with *error set if
 * there is no answer. */
struct chronosign_secret *pin_ask(const struct chronosign_key *key, const char *token,
				  struct chronosign_error **error);

/* pin_read if a PIN was given, pin_ask otherwise. */
struct chronosign_secret *pin_obtain(const struct chronosign_key *key, const char *token,
				     struct chronosign_error **error);

#endif
