/* From what a search found to the one private RSA key that is meant and may sign, or to an error
 * that says why not. */
#ifndef PKCS11_MATCH_H
#define PKCS11_MATCH_H

#include "pkcs11/object.h"

/* Sets *error if the URI is that of a public key or a certificate, which no search can mend. */
bool pkcs11_match_possible(const chronosign_key *key, chronosign_error **error);

/*
 * The key that was found, read in one call. False with *error set if nothing was found, if several
 * keys were (listed as full URIs), or if the one is no RSA key or may not sign.
 */
bool pkcs11_match_one(struct pkcs11_token *token, const struct pkcs11_objects *found,
		      const struct pkcs11_tokens *tokens, const struct pkcs11_modules *modules,
		      const chronosign_key *key, struct pkcs11_private_key *private_key,
		      chronosign_error **error);

#endif
