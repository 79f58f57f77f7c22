/* Where a PIN or passphrase comes from: the URI, a source, the caller, or a person. */
#ifndef KEY_PIN_H
#define KEY_PIN_H

#include "key/key.h"

/* The forms of a source, for messages. */
#define PIN_SOURCE_FORMS "a file, env:NAME, fd:N, credential:NAME or |command"

/* True if a PIN was given without a prompt: by URI, source or value. */
bool pin_is_given(const struct chronosign_key *key);

/* Reads the PIN that was given (pin_is_given), else asks a person. `token` is a printable token label,
 * or NULL for a file. NULL with *error set if a source cannot be read, or nobody answers. */
struct chronosign_secret *pin_obtain(const struct chronosign_key *key, const char *token,
				     struct chronosign_error **error);

#endif
