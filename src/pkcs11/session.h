/* A session with one token, and the login: one PIN, one try, and in the token's own words if it is
 * refused. */
#ifndef PKCS11_SESSION_H
#define PKCS11_SESSION_H

#include "pkcs11/token.h"

#include <chronosign/secret.h>

/* Opens a read-only session (token->session) if there is none yet. */
bool pkcs11_session_open(struct pkcs11_token *token, chronosign_error **error);

/* The same for a session that may create and destroy objects; a read-only one is closed first. */
bool pkcs11_session_open_writable(struct pkcs11_token *token, chronosign_error **error);

/*
 * Obtains the PIN, or uses *pin if it is there already, and logs the user in with exactly one
 * C_Login. The PIN is left in *pin for pkcs11_session_login_for_key; it stays NULL if the token has
 * its own PIN pad and nobody gave a PIN.
 */
bool pkcs11_session_login(struct pkcs11_token *token, const chronosign_key *key,
			  chronosign_secret **pin, chronosign_error **error);

/*
 * The login that a key with CKA_ALWAYS_AUTHENTICATE wants between C_SignInit and C_Sign (PKCS#11
 * v3.1 §5.6.8, CKU_CONTEXT_SPECIFIC). Makes no other call, and needs the PIN in hand unless the
 * token has a PIN pad.
 */
bool pkcs11_session_login_for_key(struct pkcs11_token *token, const chronosign_key *key,
				  const chronosign_secret *pin, chronosign_error **error);

/* True if the token takes its PIN from its own keys (CKF_PROTECTED_AUTHENTICATION_PATH) and nobody
 * gave one here. */
bool pkcs11_session_has_pin_pad(const struct pkcs11_token *token, const chronosign_key *key);

/* For who logs in by another library: what the token's flags say of the tries left, the same told
 * to the user before a try if few are left, and the error of a login that was refused. */
const char *pkcs11_session_tries_left(const struct pkcs11_token *token);
void pkcs11_session_warn_of_tries(const struct pkcs11_token *token, const chronosign_key *key);
bool pkcs11_session_login_failed(struct pkcs11_token *token, CK_RV result,
				 chronosign_error **error);

#endif
