/* The backend `pkcs11`: a private RSA key in a token, by Cryptoki calls of our own. */
#include "base/cleanup.h"
#include "base/error.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/search.h"
#include "pkcs11/session.h"
#include "signer/backend.h"

#include <string.h>

static void pkcs11_close(void *state)
{
	struct pkcs11_search *search = state;

	pkcs11_search_close(search);
	free(search);
}

DEFINE_CLEANUP(search, struct pkcs11_search *, pkcs11_close)

/* The first failure is reported, with the result of the second try below it. */
static bool give_up(struct chronosign_error **first, const struct chronosign_error *second,
		    struct chronosign_error **error)
{
	const char *again = second == NULL ? NULL : chronosign_error_message(second);

	if (again != NULL && strcmp(again, chronosign_error_message(*first)) == 0)
		error_append(first, "A second try ended in the same way");
	else if (again != NULL)
		error_append(first, "The second try: %s", again);
	return error_move(error, first);
}

static bool read_public_key(struct pkcs11_search *search, EVP_PKEY **public_key,
			    struct chronosign_error **error)
{
	*public_key = pkcs11_public_key(search->token, &search->private_key, error);
	return *public_key != NULL;
}

static bool open_key(struct pkcs11_search *search, EVP_PKEY **public_key,
		     struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *first = NULL;
	CLEANUP(cleanup_error) struct chronosign_error *second = NULL;

	if (pkcs11_search_open(search, FIND_KEY, &first) &&
	    pkcs11_search_private_key(search, &first) &&
	    read_public_key(search, public_key, &first))
		return true;
	if (pkcs11_search_may_retry(search) && pkcs11_search_again(search, first, &second) &&
	    read_public_key(search, public_key, &second))
		return true;
	return give_up(&first, second, error);
}

static bool pkcs11_open(const struct chronosign_key *key, void **state, EVP_PKEY **public_key,
			struct chronosign_error **error)
{
	CLEANUP(cleanup_search) struct pkcs11_search *search = calloc(1, sizeof *search);

	if (search == NULL)
		return error_out_of_memory(error);
	search->key = key;
	if (!pkcs11_search_is_for_private_key(key, error) || !open_key(search, public_key, error))
		return false;
	*state = TAKE(search);
	return true;
}

/* A key that is visible without a login may still require one. */
static bool sign(struct pkcs11_search *search, struct signing *signing,
		 struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *refusal = NULL;

	if (search->token == NULL)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "the token with '%s' was lost; open the key again",
				 search->key->name);
	struct pkcs11_session *session = &search->token->session;
	if (pkcs11_sign(search->token, &search->private_key, signing, &refusal))
		return true;
	if (session->retry == RETRY_LOGIN && !session->logged_in)
		return pkcs11_session_login(search->token, error) &&
		       pkcs11_sign(search->token, &search->private_key, signing, error);
	return error_move(error, &refusal);
}

static bool pkcs11_sign_message(void *state, struct signing *signing,
				struct chronosign_error **error)
{
	struct pkcs11_search *search = state;
	CLEANUP(cleanup_error) struct chronosign_error *first = NULL;
	CLEANUP(cleanup_error) struct chronosign_error *second = NULL;

	if (sign(search, signing, &first))
		return true;
	if (pkcs11_search_may_retry(search) && pkcs11_search_again(search, first, &second) &&
	    sign(search, signing, &second))
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
	.shows_logins = true,
};
