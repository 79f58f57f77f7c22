/* Sessions and logins. A refused PIN is an answer: nothing here tries one twice. */
#include "pkcs11/session.h"

#include "base/error.h"
#include "base/secret.h"
#include "signer/pin.h"

static bool open_session(struct pkcs11_token *token, CK_FLAGS flags, chronosign_error **error)
{
	CK_RV result = CRYPTOKI(token->module, C_OpenSession, token->slot,
				CKF_SERIAL_SESSION | flags, NULL, NULL, &token->session);

	if (result == CKR_OK)
		return true;
	token->session = CK_INVALID_HANDLE;
	return cryptoki_error(error, token->module, "C_OpenSession", result, token->uri);
}

bool pkcs11_session_open(struct pkcs11_token *token, chronosign_error **error)
{
	return token->session != CK_INVALID_HANDLE || open_session(token, 0, error);
}

bool pkcs11_session_open_writable(struct pkcs11_token *token, chronosign_error **error)
{
	if (token->session != CK_INVALID_HANDLE)
		CRYPTOKI(token->module, C_CloseSession, token->session);
	return open_session(token, CKF_RW_SESSION, error);
}

bool pkcs11_session_has_pin_pad(const struct pkcs11_token *token, const chronosign_key *key)
{
	return (token->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0 && !pin_is_given(key);
}

/* PKCS#11 v3.1 §3.2, CK_TOKEN_INFO. */
const char *pkcs11_session_tries_left(const struct pkcs11_token *token)
{
	if (token->info.flags & CKF_USER_PIN_LOCKED)
		return "the token says that its PIN is locked now; unlock it with the SO PIN or "
		       "PUK";
	if (token->info.flags & CKF_USER_PIN_FINAL_TRY)
		return "the token says that one try is left before it locks";
	if (token->info.flags & CKF_USER_PIN_COUNT_LOW)
		return "the token says that a wrong PIN was entered since the last good one; few "
		       "tries may be left";
	return "the token does not say how many tries are left";
}

bool pkcs11_session_login_failed(struct pkcs11_token *token, CK_RV result, chronosign_error **error)
{
	cryptoki_error(error, token->module, "C_Login", result, token->uri);
	if (result != CKR_PIN_INCORRECT && result != CKR_PIN_LOCKED && result != CKR_PIN_INVALID &&
	    result != CKR_PIN_LEN_RANGE)
		return false;
	pkcs11_token_refresh(token);
	return error_append(error, "%s", pkcs11_session_tries_left(token));
}

static CK_RV login(struct pkcs11_token *token, const chronosign_key *key, CK_USER_TYPE user,
		   const chronosign_secret *pin)
{
	if (pin != NULL)
		return CRYPTOKI(token->module, C_Login, token->session, user, secret_bytes(pin),
				secret_length(pin));
	key_notice(key, CHRONOSIGN_NOTICE_ACTION, "enter the PIN of the token '%s' on its reader",
		   token->label);
	return CRYPTOKI(token->module, C_Login, token->session, user, NULL, 0);
}

void pkcs11_session_warn_of_tries(const struct pkcs11_token *token, const chronosign_key *key)
{
	const CK_FLAGS low = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;

	if (token->info.flags & low)
		key_notice(key, CHRONOSIGN_NOTICE_WARNING, "token '%s': %s", token->label,
			   pkcs11_session_tries_left(token));
}

bool pkcs11_session_login(struct pkcs11_token *token, const chronosign_key *key,
			  chronosign_secret **pin, chronosign_error **error)
{
	pkcs11_session_warn_of_tries(token, key);
	if (*pin == NULL && !pkcs11_session_has_pin_pad(token, key)) {
		*pin = pin_obtain(key, token->label, error);
		if (*pin == NULL)
			return false;
	}
	CK_RV result = login(token, key, CKU_USER, *pin);
	/* Another session of this process, or another program by way of a shared module, has done
	 * it. */
	if (result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN)
		return true;
	return pkcs11_session_login_failed(token, result, error);
}

bool pkcs11_session_login_for_key(struct pkcs11_token *token, const chronosign_key *key,
				  const chronosign_secret *pin, chronosign_error **error)
{
	CK_RV result = login(token, key, CKU_CONTEXT_SPECIFIC, pin);

	return result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN ||
	       pkcs11_session_login_failed(token, result, error);
}
