/* The public half of a key by its reference, without a PIN wherever that can be. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "key/key.h"
#include "pkcs11/choice.h"
#include "pkcs11/object.h"
#include "pkcs11/public_key.h"
#include "pkcs11/session.h"

#include <chronosign/keystore.h>
#include <string.h>

DEFINE_CLEANUP(signer, chronosign_signer *, chronosign_signer_close)

/* A search in one token. */
struct search {
	const chronosign_key *key;
	struct pkcs11_modules modules;
	struct pkcs11_tokens tokens;
	struct pkcs11_token *token;
	chronosign_secret *pin;
	EVP_PKEY *public_half; /* what was found */
};

static void close_search(struct search *search)
{
	pkcs11_tokens_free(&search->tokens);
	pkcs11_modules_close(&search->modules);
	chronosign_secret_free(search->pin);
	EVP_PKEY_free(search->public_half);
}

static bool several(const struct search *search, const struct pkcs11_objects *found,
		    CK_OBJECT_CLASS class, chronosign_error **error)
{
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "several keys match '%s'; use the URI of one of them:", search->key->name);
	for (size_t i = 0; i < found->count; i++) {
		CLEANUP(cleanup_text)
		char *uri = pkcs11_object_uri(search->token, found->handles[i], class);
		error_append(error, "  %s", uri == NULL ? "(one that cannot be described)" : uri);
	}
	return false;
}

static EVP_PKEY *read_half(const struct search *search, CK_OBJECT_HANDLE handle,
			   CK_OBJECT_CLASS class, chronosign_error **error)
{
	struct pkcs11_private_key private_key;

	if (class != CKO_PRIVATE_KEY)
		return pkcs11_public_key_of_object(search->token, handle, class);
	return pkcs11_private_key_read(search->token, handle, &private_key, error)
		       ? pkcs11_public_key(search->token, &private_key, error)
		       : NULL;
}

/*
 * Looks at the objects of one class. True and search->public_half if they all belong to one key;
 * true without it if none is an RSA key. Objects of one key are no ambiguity: a certificate is
 * often there twice.
 */
static bool look_at(struct search *search, CK_OBJECT_CLASS class, chronosign_error **error)
{
	struct pkcs11_objects found;
	CLEANUP(cleanup_error) chronosign_error *reason = NULL;

	if (!pkcs11_objects_find(search->token, class, search->key->uri->parsed, &found, error))
		return false;
	for (size_t i = 0; i < found.count; i++) {
		CLEANUP(cleanup_pkey)
		EVP_PKEY *half =
			read_half(search, found.handles[i], class, reason == NULL ? &reason : NULL);
		if (half == NULL)
			continue;
		if (search->public_half == NULL)
			search->public_half = TAKE(half);
		else if (EVP_PKEY_eq(search->public_half, half) != 1)
			return several(search, &found, class, error);
	}
	/* A private key without a public half anywhere: nothing else can match better. */
	if (search->public_half == NULL && reason != NULL) {
		if (error != NULL)
			*error = TAKE(reason);
		return false;
	}
	return true;
}

/* The private key first, where it shows: the other objects are only said to belong to it. */
static bool look(struct search *search, chronosign_error **error)
{
	static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE};
	const CK_ATTRIBUTE *wanted = p11_kit_uri_get_attribute(search->key->uri->parsed, CKA_CLASS);
	CK_OBJECT_CLASS class =
		wanted == NULL ? CKO_PRIVATE_KEY : *(const CK_OBJECT_CLASS *)wanted->pValue;

	/* type=private means that key, and any object will do that tells its public half. */
	if (class == CKO_PUBLIC_KEY || class == CKO_CERTIFICATE)
		return look_at(search, class, error);
	for (size_t i = 0; i < 3 && search->public_half == NULL; i++)
		if (!look_at(search, classes[i], error))
			return false;
	return true;
}

static bool find(struct search *search, chronosign_error **error)
{
	const chronosign_key *key = search->key;

	if (!pkcs11_modules_open(key, &search->modules, error) ||
	    !pkcs11_tokens_list(&search->modules, key->uri->parsed, &search->tokens, error))
		return false;
	search->token = pkcs11_token_choose(&search->tokens, &search->modules, key, error);
	if (search->token == NULL || !pkcs11_session_open(search->token, error) ||
	    !look(search, error))
		return false;
	if (search->public_half == NULL && pkcs11_token_needs_login(search->token))
		if (!pkcs11_session_login(search->token, key, &search->pin, error) ||
		    !look(search, error))
			return false;
	return search->public_half != NULL ||
	       pkcs11_no_match(&search->tokens, &search->modules, key, error);
}

static EVP_PKEY *from_token(const chronosign_key *key, chronosign_error **error)
{
	CLEANUP(close_search) struct search search = {.key = key};

	return find(&search, error) ? TAKE(search.public_half) : NULL;
}

static bool is_automatic(const chronosign_key *key)
{
	return key->backend == NULL || strcmp(key->backend, "auto") == 0 ||
	       strcmp(key->backend, "pkcs11") == 0;
}

EVP_PKEY *chronosign_key_public_half(const chronosign_key *key, chronosign_error **error)
{
	if (key->kind == REFERENCE_PKCS11 && is_automatic(key))
		return from_token(key, error);
	CLEANUP(cleanup_signer) chronosign_signer *signer = chronosign_signer_open(key, error);
	if (signer == NULL)
		return NULL;
	EVP_PKEY *half = public_key_copy(chronosign_signer_public_key(signer));
	if (half == NULL)
		error_out_of_memory(error);
	return half;
}
