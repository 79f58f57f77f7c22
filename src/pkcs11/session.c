/* Sessions and logins. A refused PIN is never tried twice. */
#include "pkcs11/session.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "key/pin.h"

#include <string.h>

static bool open_session(struct pkcs11_token *token, CK_FLAGS flags,
			 struct chronosign_error **error)
{
	struct pkcs11_session *session = &token->session;
	CK_RV result = CRYPTOKI(token->module, C_OpenSession, token->slot,
				CKF_SERIAL_SESSION | flags, NULL, NULL, &session->handle);

	session->logged_in = false;
	if (result == CKR_OK && session->handle != CK_INVALID_HANDLE)
		return true;
	session->handle = CK_INVALID_HANDLE;
	result = result == CKR_OK ? CKR_GENERAL_ERROR : result;
	return pkcs11_token_failed(token, "C_OpenSession", result, token->uri, error);
}

bool pkcs11_session_open(struct pkcs11_token *token, struct chronosign_error **error)
{
	return token->session.handle != CK_INVALID_HANDLE || open_session(token, 0, error);
}

void pkcs11_session_close(struct pkcs11_token *token)
{
	if (token->session.handle != CK_INVALID_HANDLE)
		CRYPTOKI(token->module, C_CloseSession, token->session.handle);
	token->session.handle = CK_INVALID_HANDLE;
	token->session.logged_in = false;
}

bool pkcs11_session_open_writable(struct pkcs11_token *token, struct chronosign_error **error)
{
	pkcs11_session_close(token);
	return open_session(token, CKF_RW_SESSION, error);
}

bool pkcs11_session_has_pin_pad(const struct pkcs11_token *token)
{
	return (token->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0 &&
	       !pin_is_given(token->module->key);
}

/* What the flags of CK_TOKEN_INFO say about the tries left (PKCS#11 v3.1 §3.2). */
static const char *tries_left(const struct pkcs11_token *token)
{
	if (token->info.flags & CKF_USER_PIN_LOCKED)
		return "its PIN is locked; unlock it with the SO PIN or PUK";
	if (token->info.flags & CKF_USER_PIN_FINAL_TRY)
		return "one try is left before its PIN locks";
	if (token->info.flags & CKF_USER_PIN_COUNT_LOW)
		return "a wrong PIN was entered since the last good one; few tries may be left";
	return NULL;
}

static const char no_pin_yet[] =
	"it has no user PIN yet; set one with its own tool, or pkcs11-tool --init-pin";

/* No person is there to read a warning and decide. */
static bool is_unattended(const struct pkcs11_token *token)
{
	const struct chronosign_key *key = token->module->key;
	/* What was typed is at hand, and is not asked for again. */
	bool again = key->pin_use->used && (key->pin_use->kept || token->session.pin != NULL);

	return key->prompt == NULL || pin_is_given(key) || again;
}

static const char *why_not_try(const struct pkcs11_token *token)
{
	if (token->info.flags & CKF_USER_PIN_LOCKED)
		return tries_left(token);
	if ((token->info.flags & CKF_USER_PIN_INITIALIZED) == 0)
		return no_pin_yet;
	if (token->info.flags & CKF_USER_PIN_FINAL_TRY && is_unattended(token))
		return tries_left(token);
	return NULL;
}

bool pkcs11_session_is_refused(const struct pkcs11_token *token)
{
	return !token->module->key->force_login && why_not_try(token) != NULL;
}

const char *pkcs11_session_warning(const struct pkcs11_token *token)
{
	const char *left = tries_left(token);

	if (left == NULL && (token->info.flags & CKF_USER_PIN_INITIALIZED) == 0)
		return no_pin_yet;
	return left;
}

static bool has_tries(const struct pkcs11_token *token, struct chronosign_error **error)
{
	return !pkcs11_session_is_refused(token) ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the token '%s' says: %s. No PIN was tried; --force-login tries it",
			 token->label, why_not_try(token));
}

bool pkcs11_session_may_try(struct pkcs11_token *token, struct chronosign_error **error)
{
	const char *why_not = why_not_try(token);
	const char *warning = why_not == NULL ? tries_left(token) : why_not;

	if (!has_tries(token, error))
		return false;
	/* A person may still decide not to try; else the error, if any, says it. */
	token->session.warn_later = warning != NULL && why_not == NULL && is_unattended(token) &&
				    !pkcs11_session_has_pin_pad(token);
	if (warning != NULL && !token->session.warn_later)
		key_notice(token->module->key, CHRONOSIGN_NOTICE_WARNING, "the token '%s' says: %s",
			   token->label, warning);
	return true;
}

void pkcs11_session_warn_later(struct pkcs11_token *token)
{
	if (token->session.warn_later)
		key_notice(token->module->key, CHRONOSIGN_NOTICE_WARNING,
			   "the token '%s' says: a wrong PIN was entered before this login",
			   token->label);
	token->session.warn_later = false;
}

static bool append_lengths(const struct pkcs11_token *token, struct chronosign_error **error)
{
	if (token->info.ulMaxPinLen == 0 || token->info.ulMaxPinLen > CHRONOSIGN_SECRET_MAX)
		return false;
	return error_append(error, "It takes PINs of %lu to %lu bytes", token->info.ulMinPinLen,
			    token->info.ulMaxPinLen);
}

const char *pkcs11_session_tries_now(struct pkcs11_token *token)
{
	pkcs11_token_refresh(token);
	if (token->info.flags & CKF_USER_PIN_LOCKED)
		return "; it is locked now: unlock it with the SO PIN or PUK";
	if (token->info.flags & CKF_USER_PIN_FINAL_TRY)
		return "; one try is left before it locks";
	return token->info.flags & CKF_USER_PIN_COUNT_LOW ? "; few tries may be left" : "";
}

/* The device may have counted the PIN before it failed, so it is not offered again. */
bool pkcs11_session_login_failed(struct pkcs11_token *token, CK_RV result,
				 struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *what = text_format("token '%s'", token->label);
	CLEANUP(cleanup_text) char *reason = cryptoki_reason("C_Login", result);

	token->session.retry =
		cryptoki_retry(result) == RETRY_SESSION ? RETRY_SESSION : RETRY_NEVER;
	if (cryptoki_login_is_refused(result))
		key_login_refused(token->module->key);
	if (what == NULL || reason == NULL)
		return error_out_of_memory(error);
	if (result == CKR_PIN_INCORRECT)
		return error_set(error, CHRONOSIGN_ERROR_KEY, "wrong PIN for %s, tried once%s",
				 what, pkcs11_session_tries_now(token));
	if (result != CKR_PIN_INVALID && result != CKR_PIN_LEN_RANGE)
		return cryptoki_error(error, token->module, "C_Login", result, what);
	error_set(error, CHRONOSIGN_ERROR_KEY, "%s: %s%s", what, reason,
		  pkcs11_session_tries_now(token));
	return result == CKR_PIN_LEN_RANGE && append_lengths(token, error);
}

/* Each kind of login for itself: a token may count their tries apart, and one that succeeds says nothing of the other. */
static void count_in_vain(struct pkcs11_token *token, CK_USER_TYPE user, bool good)
{
	struct key_pin_use *use = token->module->key->pin_use;
	unsigned *in_vain = user == CKU_CONTEXT_SPECIFIC ? &use->in_vain_for_key : &use->in_vain;

	if (good)
		*in_vain = 0;
	else
		*in_vain = pkcs11_session_lost_a_try(token) ? KEY_LOGINS_IN_VAIN : *in_vain + 1;
}

/* CKR_USER_ALREADY_LOGGED_IN is not a failure: another session of this process has logged in, or
 * another program through a shared module. */
static bool login(struct pkcs11_token *token, CK_USER_TYPE user, struct chronosign_error **error)
{
	const struct chronosign_secret *pin = token->session.pin;

	if (pin == NULL)
		key_notice(token->module->key, CHRONOSIGN_NOTICE_ACTION,
			   "enter the PIN of the token '%s' on its reader", token->shown);
	CK_RV result = CRYPTOKI(token->module, C_Login, token->session.handle, user,
				pin == NULL ? NULL : secret_bytes(pin),
				pin == NULL ? 0 : secret_length(pin));
	bool good = result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN;
	if (!cryptoki_login_is_refused(result))
		count_in_vain(token, user, good);
	return good || pkcs11_session_login_failed(token, result, error);
}

/* A PIN that a person enters belongs to the token that the prompt names; any other, and one that the caller
 * keeps, to the first token that wants it. */
void pkcs11_session_bind_pin(const struct pkcs11_token *token)
{
	const struct chronosign_key *key = token->module->key;
	struct key_pin_use *use = key->pin_use;

	if (use->owned && (use->kept || pin_is_given(key)))
		return;
	if (memcmp(use->owner, &token->info, TOKEN_IDENTITY_SIZE) != 0) {
		use->refused = false;
		use->in_vain = 0;
		use->in_vain_for_key = 0;
	}
	memcpy(use->owner, &token->info, TOKEN_IDENTITY_SIZE);
	use->owned = true;
}

static bool is_owner(const struct pkcs11_token *token, struct chronosign_error **error)
{
	const struct key_pin_use *use = token->module->key->pin_use;

	if (memcmp(use->owner, &token->info, TOKEN_IDENTITY_SIZE) == 0)
		return true;
	if (token->session.again)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "the token '%s' is not the one that was lost; the PIN is not sent "
				 "to it",
				 token->label);
	return error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the token '%s' is not the one that the PIN was first used for; the PIN "
			 "is not sent to it",
			 token->label);
}

/* 0 and CK_UNAVAILABLE_INFORMATION are no limits (PKCS#11 v3.1 §3.2). */
static bool is_limit(CK_ULONG length)
{
	return length != 0 && length != CK_UNAVAILABLE_INFORMATION;
}

static bool fits(const struct pkcs11_token *token, struct chronosign_error **error)
{
	const CK_TOKEN_INFO *info = &token->info;
	const struct chronosign_secret *pin = token->session.pin;
	size_t length = pin == NULL ? 0 : secret_length(pin);
	bool is_short = is_limit(info->ulMinPinLen) && length < info->ulMinPinLen;
	bool is_long = is_limit(info->ulMaxPinLen) && length > info->ulMaxPinLen;

	if (pin == NULL || token->module->key->force_login || (!is_short && !is_long))
		return true;
	return error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the PIN is %s than the token '%s' takes (%s %lu bytes), and was not "
			 "tried; if the token is wrong about that: --force-login",
			 is_short ? "shorter" : "longer", token->label,
			 is_short ? "at least" : "at most",
			 is_short ? info->ulMinPinLen : info->ulMaxPinLen);
}

/* Whichever library logs in. */
static bool is_unspent(const struct pkcs11_token *token, struct chronosign_error **error)
{
	if (!key_pin_is_spent(token->module->key))
		return true;
	if (token->module->key->pin_use->refused)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "the token '%s' has refused a login, so its PIN is not tried "
				 "again; run the command again with the right one",
				 token->label);
	return error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the token '%s' loses the connection at each login, which may cost a try "
			 "of its PIN; it is not tried again: see whether the token works, and run "
			 "the command again",
			 token->label);
}

const struct chronosign_secret *pkcs11_session_pin(struct pkcs11_token *token,
						   struct chronosign_error **error)
{
	if (token->session.pin == NULL)
		pkcs11_session_bind_pin(token);
	if (!is_unspent(token, error))
		return NULL;
	if (token->session.pin == NULL) {
		token->session.pin = pin_obtain(token->module->key, token->shown, error);
	}
	bool may = token->session.pin != NULL && pkcs11_token_is_still_there(token, error) &&
		   is_owner(token, error) && has_tries(token, error) && fits(token, error);
	token->module->key->pin_use->used = true;
	return may ? token->session.pin : NULL;
}

/* A login of ours needs no PIN in hand if the token has a PIN pad. */
static bool have_pin(struct pkcs11_token *token, struct chronosign_error **error)
{
	if (pkcs11_session_has_pin_pad(token))
		pkcs11_session_bind_pin(token);
	return pkcs11_session_has_pin_pad(token)
		       ? is_unspent(token, error) && pkcs11_token_is_still_there(token, error) &&
				 has_tries(token, error)
		       : pkcs11_session_pin(token, error) != NULL;
}

/* False with *error set if the PIN was offered already, and may not be again. */
static bool may_offer(const struct pkcs11_token *token, struct chronosign_error **error)
{
	struct key_pin_use *use = token->module->key->pin_use;

	if (use->once && use->offered)
		return error_set(
			error, CHRONOSIGN_ERROR_KEY,
			"the login to the token '%s' is lost, and a PIN is offered once in "
			"a run; run the command again",
			token->label);
	use->offered = true;
	return true;
}

bool pkcs11_session_login(struct pkcs11_token *token, struct chronosign_error **error)
{
	if (!pkcs11_session_may_try(token, error) || !have_pin(token, error) ||
	    !may_offer(token, error))
		return error_mark_login(error);
	token->session.logged_in = login(token, CKU_USER, error);
	if (!token->session.logged_in)
		return error_mark_login(error);
	pkcs11_session_warn_later(token);
	return true;
}

bool pkcs11_session_ready_for_key(struct pkcs11_token *token, struct chronosign_error **error)
{
	return (pkcs11_session_may_try(token, error) && have_pin(token, error)) ||
	       error_mark_login(error);
}

bool pkcs11_session_login_for_key(struct pkcs11_token *token, struct chronosign_error **error)
{
	if (!login(token, CKU_CONTEXT_SPECIFIC, error))
		return false;
	pkcs11_session_warn_later(token);
	return true;
}

bool pkcs11_session_is_logged_in(struct pkcs11_token *token)
{
	CK_SESSION_INFO info;

	return pkcs11_session_open(token, NULL) &&
	       CRYPTOKI(token->module, C_GetSessionInfo, token->session.handle, &info) == CKR_OK &&
	       (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
}

bool pkcs11_session_lost_a_try(struct pkcs11_token *token)
{
	const CK_FLAGS tries =
		CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;
	CK_FLAGS before = token->info.flags;

	pkcs11_token_refresh(token);
	return (token->info.flags & ~before & tries) != 0;
}
