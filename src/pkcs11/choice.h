/* Which token a URI means, when several could hold the key and private keys are hidden before
 * login. */
#ifndef PKCS11_CHOICE_H
#define PKCS11_CHOICE_H

#include "pkcs11/token.h"

/*
 * The one token that holds, or may hold, the private key; its session is open unless it is the only
 * candidate. Never logs in. NULL with *error set if there is none, which lists all that was looked
 * at, or if more than one is left, which lists them as URIs.
 */
struct pkcs11_token *pkcs11_token_choose(struct pkcs11_tokens *tokens,
					 const struct pkcs11_modules *modules,
					 const chronosign_key *key, chronosign_error **error);

/*
 * The one token that the URI can mean as the home of a new key: not write-protected, and no mere
 * store of certificates. Never logs in. NULL with *error set if there is none, or more than one.
 */
struct pkcs11_token *pkcs11_token_choose_for_new(struct pkcs11_tokens *tokens,
						 const struct pkcs11_modules *modules,
						 const chronosign_key *key,
						 chronosign_error **error);

/*
 * Whether a PIN may be tried on the chosen token. Not if another slot does not answer and the URI
 * does not name the token: the PIN may be that one's. False with *error set.
 */
bool pkcs11_token_is_certain(const struct pkcs11_tokens *tokens, const struct pkcs11_token *chosen,
			     const chronosign_key *key, chronosign_error **error);

/* Sets *error to "no such key", with all tokens and modules that were looked at. Always false. */
bool pkcs11_no_match(const struct pkcs11_tokens *tokens, const struct pkcs11_modules *modules,
		     const chronosign_key *key, chronosign_error **error);

#endif
