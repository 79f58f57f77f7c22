/* A session with one token, and the login: one PIN, one try. */
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
 * The PIN, to be handed out at once, whoever logs in by it: obtained unless the session has it. NULL with *error set if it
 * was refused in this run, or if the token, which is read each time, is not the one that it was obtained for, may not be
 * tried by its flags, or takes none of that length (ulMinPinLen, ulMaxPinLen). The session keeps it.
 */
const struct chronosign_secret *pkcs11_session_pin(struct pkcs11_token *token,
						   struct chronosign_error **error);

/* A PIN that is given, and was not used yet, is this token's, and goes to no other. */
void pkcs11_session_bind_pin(const struct pkcs11_token *token);

/*
 * The login that a key with CKA_ALWAYS_AUTHENTICATE wants between C_SignInit and C_Sign (PKCS#11
 * v3.1 §5.6.8, CKU_CONTEXT_SPECIFIC). Makes no other call, and needs the PIN in hand unless the
 * token has a PIN pad.
 */
bool pkcs11_session_login_for_key(struct pkcs11_token *token, struct chronosign_error **error);

/* Before C_SignInit of such a key: has the PIN in hand, and looks at the token as before any login: its tries, and the
 * lengths that it takes. */
bool pkcs11_session_ready_for_key(struct pkcs11_token *token, struct chronosign_error **error);

/* True if the token has its own PIN pad (CKF_PROTECTED_AUTHENTICATION_PATH) and no PIN was given
 * here. */
bool pkcs11_session_has_pin_pad(const struct pkcs11_token *token);

/*
 * Whether a login may be tried, by the token's flags: not if its PIN is locked or not set yet, nor
 * if one try is left and no person is asked for the PIN. The key's force_login turns that into a
 * warning; few tries left are always a warning, but one that comes after the login if no person is
 * asked: the error of a wrong PIN says the same. False with *error set. pkcs11_session_login calls
 * this itself; it is for callers that log in by another library, which call
 * pkcs11_session_warn_later after a login that succeeded.
 */
bool pkcs11_session_may_try(struct pkcs11_token *token, struct chronosign_error **error);
void pkcs11_session_warn_later(struct pkcs11_token *token);

/* The same without side effects: whether pkcs11_session_may_try would refuse, and the warning;
 * NULL: none. */
bool pkcs11_session_is_refused(const struct pkcs11_token *token);
const char *pkcs11_session_warning(const struct pkcs11_token *token);

/* For callers that log in by another library: whether the user is logged in (a login holds for
 * all sessions with a token), and whether the token's flags have since come to report a wrong
 * PIN. */
bool pkcs11_session_is_logged_in(struct pkcs11_token *token);
bool pkcs11_session_lost_a_try(struct pkcs11_token *token);

/* For the same callers: the tries left after a refused PIN by the token's flags, which are read
 * again, as the end of a message or ""; and the error of a refused login. */
const char *pkcs11_session_tries_now(struct pkcs11_token *token);
bool pkcs11_session_login_failed(struct pkcs11_token *token, CK_RV result,
				 struct chronosign_error **error);

#endif
