/* RSASSA-PKCS1-v1_5 with SHA-256 by whichever mechanism the token has. */
#ifndef PKCS11_MECHANISM_H
#define PKCS11_MECHANISM_H

#include "base/signing.h"
#include "pkcs11/object.h"
#include "pkcs11/session.h"

/*
 * Signs the message; obtains the PIN first for a key that needs it each time. C_SignInit, the key's
 * own login if it asks for one, and C_Sign follow each other with no call between.
 */
bool pkcs11_sign(struct pkcs11_token *token, const struct pkcs11_private_key *key,
		 struct signing *signing, struct chronosign_error **error);

/*
 * The names of those mechanisms in the token's list by which it can sign so: *names is NULL if
 * there are none; the caller frees it. False if the token does not tell. The list is only a claim:
 * signing shows whether the key can be used this way.
 */
bool pkcs11_mechanisms(const struct pkcs11_token *token, char **names);

#endif
