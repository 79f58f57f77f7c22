/* The backend `pkcs11`: a private RSA key in a token, by Cryptoki calls of our own. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/secret.h"
#include "key/pin.h"
#include "pkcs11/choice.h"
#include "pkcs11/match.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/object.h"
#include "pkcs11/session.h"
#include "signer/backend.h"

#include <string.h>

struct pkcs11_signer {
	const chronosign_key *key;
	struct pkcs11_modules modules;
	struct pkcs11_tokens tokens;
	struct pkcs11_token *token; /* the one of `tokens` that holds the key */
	struct pkcs11_private_key private_key;
	size_t modulus_length;
	chronosign_secret
		*pin; /* kept for a key that wants it at every signature, and for a second try */
	bool logged_in;
};

/* Leaves nothing but the PIN. */
static void detach(struct pkcs11_signer *signer)
{
	pkcs11_tokens_free(&signer->tokens);
	pkcs11_modules_close(&signer->modules);
	signer->token = NULL;
	signer->logged_in = false;
}

static void pkcs11_close(void *state)
{
	struct pkcs11_signer *signer = state;

	detach(signer);
	chronosign_secret_free(signer->pin);
	free(signer);
}

DEFINE_CLEANUP(pkcs11_signer, struct pkcs11_signer *, pkcs11_close)

static bool log_in(struct pkcs11_signer *signer, chronosign_error **error)
{
	signer->logged_in = pkcs11_session_login(signer->token, signer->key, &signer->pin, error);
	return signer->logged_in;
}

static bool find_private_key(struct pkcs11_signer *signer, struct pkcs11_objects *found,
			     chronosign_error **error)
{
	return pkcs11_objects_find(signer->token, CKO_PRIVATE_KEY, signer->key->uri->parsed, found,
				   error);
}

/*
 * Searches; logs in if nothing shows and the token has a login; searches again. With a PIN in hand
 * for a token that requires a login the first search is left out: private keys are hidden there,
 * and a call to a network HSM is a round trip.
 */
static bool search(struct pkcs11_signer *signer, struct pkcs11_objects *found,
		   chronosign_error **error)
{
	bool needs_login = pkcs11_token_needs_login(signer->token);
	bool login_first = needs_login && !signer->logged_in && pin_is_given(signer->key);

	if (login_first && !log_in(signer, error))
		return false;
	if (!find_private_key(signer, found, error))
		return false;
	if (found->count > 0 || signer->logged_in || !needs_login)
		return true;
	return log_in(signer, error) && find_private_key(signer, found, error);
}

static bool find_key(struct pkcs11_signer *signer, chronosign_error **error)
{
	struct pkcs11_objects found;

	if (!pkcs11_session_open(signer->token, error) || !search(signer, &found, error))
		return false;
	return pkcs11_match_one(signer->token, &found, &signer->tokens, &signer->modules,
				signer->key, &signer->private_key, error);
}

/* From nothing to a private key that can be used. */
static bool attach(struct pkcs11_signer *signer, chronosign_error **error)
{
	const chronosign_key *key = signer->key;

	if (!pkcs11_modules_open(key, &signer->modules, error) ||
	    !pkcs11_tokens_list(&signer->modules, key->uri->parsed, &signer->tokens, error))
		return false;
	signer->token = pkcs11_token_choose(&signer->tokens, &signer->modules, key, error);
	if (signer->token == NULL)
		return false;
	key_notice(key, CHRONOSIGN_NOTICE_DETAIL, "token: %s, by %s", signer->token->uri,
		   signer->token->module->name);
	return find_key(signer, error);
}

/* ---- Worth a second try: a session or a token that was lost ---- */

/* Once a person has entered the PIN on the reader, nobody but that person could log in again. */
static bool is_worth_another(const struct pkcs11_signer *signer, const chronosign_error *first)
{
	CK_RV result = error_result(first);
	bool asks_again = signer->logged_in && signer->pin == NULL;

	return !asks_again && (cryptoki_lost_session(result) || cryptoki_lost_token(result));
}

/*
 * A lost session takes a new one. After a token that failed or was removed all starts anew, as it
 * may be back in another slot.
 */
static bool start_afresh(struct pkcs11_signer *signer, const chronosign_error *first,
			 chronosign_error **error)
{
	bool token_lost = cryptoki_lost_token(error_result(first));

	key_notice(signer->key, token_lost ? CHRONOSIGN_NOTICE_WARNING : CHRONOSIGN_NOTICE_DETAIL,
		   "%s; trying once more", chronosign_error_message(first));
	if (signer->token == NULL || token_lost) {
		detach(signer);
		return attach(signer, error);
	}
	pkcs11_session_close(signer->token);
	pkcs11_token_refresh(signer->token);
	signer->logged_in = false;
	return find_key(signer, error);
}

/* The first failure is the one to know of; what came of the second try stands below it. */
static bool give_up(chronosign_error **first, const chronosign_error *second,
		    chronosign_error **error)
{
	const char *again = second == NULL ? NULL : chronosign_error_message(second);

	if (again != NULL && strcmp(again, chronosign_error_message(*first)) == 0)
		error_append(first, "tried once more, with the same result");
	else if (again != NULL)
		error_append(first, "tried once more: %s", again);
	if (error != NULL)
		*error = TAKE(*first);
	return false;
}

/* ---- The backend ---- */

static bool read_public_key(struct pkcs11_signer *signer, EVP_PKEY **public_key,
			    chronosign_error **error)
{
	*public_key = pkcs11_public_key(signer->token, &signer->private_key, error);
	if (*public_key != NULL)
		signer->modulus_length = (size_t)EVP_PKEY_get_size(*public_key);
	return *public_key != NULL;
}

static bool open_key(struct pkcs11_signer *signer, EVP_PKEY **public_key, chronosign_error **error)
{
	CLEANUP(cleanup_error) chronosign_error *first = NULL;
	CLEANUP(cleanup_error) chronosign_error *second = NULL;

	if (attach(signer, &first) && read_public_key(signer, public_key, &first))
		return true;
	if (is_worth_another(signer, first) && start_afresh(signer, first, &second) &&
	    read_public_key(signer, public_key, &second))
		return true;
	return give_up(&first, second, error);
}

static bool pkcs11_open(const chronosign_key *key, void **state, EVP_PKEY **public_key,
			chronosign_error **error)
{
	CLEANUP(cleanup_pkcs11_signer) struct pkcs11_signer *signer = calloc(1, sizeof *signer);

	if (signer == NULL)
		return error_out_of_memory(error);
	signer->key = key;
	if (!pkcs11_match_possible(key, error) || !open_key(signer, public_key, error))
		return false;
	*state = TAKE(signer);
	return true;
}

/* The PIN for a key that wants it at each signature, if no login has brought it yet. */
static bool have_pin_for_key(struct pkcs11_signer *signer, chronosign_error **error)
{
	if (!signer->private_key.always_authenticate || signer->pin != NULL ||
	    pkcs11_session_has_pin_pad(signer->token, signer->key))
		return true;
	signer->pin = pin_obtain(signer->key, signer->token->label, error);
	return signer->pin != NULL;
}

/* What is signed, and where the signature goes. */
struct signing {
	const uint8_t *message;
	size_t message_length;
	uint8_t *signature;
	size_t *length;
};

static bool sign_once(struct pkcs11_signer *signer, const struct signing *signing,
		      chronosign_error **error)
{
	return pkcs11_sign(signer->token, signer->key, &signer->private_key, signer->modulus_length,
			   signer->pin, signing->message, signing->message_length,
			   signing->signature, signing->length, error);
}

static bool sign(struct pkcs11_signer *signer, const struct signing *signing,
		 chronosign_error **error)
{
	CLEANUP(cleanup_error) chronosign_error *refusal = NULL;

	if (!have_pin_for_key(signer, error))
		return false;
	if (sign_once(signer, signing, &refusal))
		return true;
	/* A key that shows without login may still ask for one. */
	if (error_result(refusal) == CKR_USER_NOT_LOGGED_IN && !signer->logged_in)
		return log_in(signer, error) && sign_once(signer, signing, error);
	*error = TAKE(refusal);
	return false;
}

static bool pkcs11_sign_message(void *state, const uint8_t *message, size_t message_length,
				uint8_t *signature, size_t *length, chronosign_error **error)
{
	struct pkcs11_signer *signer = state;
	const struct signing signing = {message, message_length, signature, length};
	CLEANUP(cleanup_error) chronosign_error *first = NULL;
	CLEANUP(cleanup_error) chronosign_error *second = NULL;

	if (sign(signer, &signing, &first))
		return true;
	if (is_worth_another(signer, first) && start_afresh(signer, first, &second) &&
	    sign(signer, &signing, &second))
		return true;
	return give_up(&first, second, error);
}

static const char *pkcs11_library(void)
{
	return "p11-kit " P11_KIT_BUILT_WITH ", Cryptoki 2.40";
}

const struct backend backend_pkcs11 = {
	.name = "pkcs11",
	.library = pkcs11_library,
	.open = pkcs11_open,
	.sign = pkcs11_sign_message,
	.close = pkcs11_close,
};
