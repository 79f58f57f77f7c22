/* The key that the options name, with its PIN sources. */
#ifndef CLI_KEY_H
#define CLI_KEY_H

#include "base/cleanup.h"
#include "cli/options.h"
#include "cli/supervisor.h"

#include <chronosign/signer.h>

DEFINE_CLEANUP(key, struct chronosign_key *, chronosign_key_free)
DEFINE_CLEANUP(signer, struct chronosign_signer *, chronosign_signer_close)

/*
 * The key of --priv-key-file, opened as the options say. Takes the PIN out of the arguments and the
 * environment, so call it before any fork that must not know the PIN. NULL with *error set if the
 * options name no key, or an invalid one.
 */
struct chronosign_key *key_from_options(struct options *options, struct chronosign_error **error);

/*
 * The same for a reference that another option names, with the options' ways to a PIN; `reference`
 * is one of the arguments, and loses its pin-value.
 */
struct chronosign_key *key_from_reference(struct options *options, char *reference,
					  struct chronosign_error **error);

/* Reports the key's notices, now and later, beginning with files that others can change. */
void key_hear(struct chronosign_key *key, struct options *options);

/* chronosign_signer_open and chronosign_token_make, which may take their time: a wait that is seen. */
struct chronosign_signer *key_open(const struct chronosign_key *key,
				   struct chronosign_error **error);
char *key_sign(struct chronosign_signer *signer, const char *nonce,
	       struct chronosign_error **error);

#endif
