/* The forms of --pin-source, and of pin-source in a URI: one table, in pin_source.c. */
#ifndef KEY_PIN_SOURCE_H
#define KEY_PIN_SOURCE_H

#include <chronosign/signer.h>
#include <stdbool.h>
#include <sys/stat.h>

/* Reads the PIN from the source in the key's URI, else from the key's own; there is one. NULL with
 * *error set if it cannot be read, or is empty. */
struct chronosign_secret *pin_source_read(const struct chronosign_key *key,
					  struct chronosign_error **error);

/* The number, as text, of the descriptor that a source means, by number or by its path; NULL if it means none. */
const char *pin_source_descriptor(const char *source);

/* That text as a message may repeat it: "…" if it may be a PIN, as fd:$PIN makes it in a shell. */
const char *pin_source_shown_descriptor(const char *number);

/*
 * False with *error set if the source in the key's URI means a descriptor that this process was not started with: its own
 * ones are closed when it executes another program (FD_CLOEXEC). To be asked before modules open theirs.
 */
bool pin_source_is_passed(const struct chronosign_key *key, struct chronosign_error **error);

/* The status of the file that it would be read from. False: there is none. */
bool pin_source_status(const struct chronosign_key *key, struct stat *status);

#endif
