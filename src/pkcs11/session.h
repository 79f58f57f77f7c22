/* A session with one token, and the login: one PIN, one try, and in the token's own words if it is
 * refused. */
#ifndef PKCS11_SESSION_H
#define PKCS11_SESSION_H

#include "pkcs11/token.h"

/* Opens a read-only session if there is none yet. */
bool pkcs11_session_open(struct pkcs11_token *token, struct chronosign_error **error);

/* The same for a session that may create and destroy objects; a read-only one is closed first. */
bool pkcs11_session_open_writable(struct pkcs11_token *token, struct chronosign_error **error);

/* Closes the session, if there is one. The PIN stays. */
void pkcs11_session_close(struct pkcs11_token *token);

/*
 * Obtains the PIN, unless the session has it already, and logs the user in with exactly one C_Login.
 * There is no PIN afterwards if the token has its own PIN pad and nobody gave one.
 */
bool pkcs11_session_login(struct pkcs11_token *token, struct chronosign_error **error);

/*
 * Whether the token can have this PIN: its length is within ulMinPinLen and ulMaxPinLen, or the key's
 * force_login is set. NULL is no PIN, and fits. False with *error set; pkcs11_session_login asks
 * this itself.
 */
bool pkcs11_session_pin_fits(const CK_TOKEN_INFO *info, const struct chronosign_key *key,
			     const struct chronosign_secret *pin, struct chronosign_error **error);

/* Obtains the PIN for a key that wants it at each signature, if no login has brought it yet. */
bool pkcs11_session_have_pin(struct pkcs11_token *token, struct chronosign_error **error);

/*
 * The login that a key with CKA_ALWAYS_AUTHENTICATE wants between C_SignInit and C_Sign (PKCS#11
 * v3.1 §5.6.8, CKU_CONTEXT_SPECIFIC). Makes no other call, and needs the PIN in hand unless the
 * token has a PIN pad.
 */
bool pkcs11_session_login_for_key(struct pkcs11_token *token, struct chronosign_error **error);

/* True if the token takes its PIN from its own keys (CKF_PROTECTED_AUTHENTICATION_PATH) and nobody
 * gave one here. */
bool pkcs11_session_has_pin_pad(const struct pkcs11_token *token);

/*
 * Whether a login may be tried, by the token's flags: not if its PIN is locked or not set yet, nor
 * if one try is left and nobody is asked for the PIN, who could decide to spend it. The key's
 * force_login makes a warning of that; few tries left are one always. False with *error set.
 * pkcs11_session_login asks this itself; it is for who logs in by another library.
 */
bool pkcs11_session_may_try(const struct pkcs11_token *token, struct chronosign_error **error);

/* The same as a question: whether pkcs11_session_may_try would say no, and what there is to warn of;
 * NULL: nothing. */
bool pkcs11_session_is_refused(const struct pkcs11_token *token);
const char *pkcs11_session_warning(const struct pkcs11_token *token);

/* For who logs in by another library: whether that has happened (a login is one for all sessions with a
 * token), and whether the token's flags have come to say since that a wrong PIN was tried. */
bool pkcs11_session_is_logged_in(struct pkcs11_token *token);
bool pkcs11_session_lost_a_try(struct pkcs11_token *token);

/* The same: what the token's flags, read anew, say of the tries that are left after a refused PIN, as the
 * end of a message or ""; and the error of a login that was refused. */
const char *pkcs11_session_tries_now(struct pkcs11_token *token);
bool pkcs11_session_login_failed(struct pkcs11_token *token, CK_RV result,
				 struct chronosign_error **error);

#endif
