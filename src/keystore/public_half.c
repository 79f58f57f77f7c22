/* The public half of a key by its reference, without a PIN if possible. */
#include <chronosign/public_half.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "pkcs11/public_key.h"
#include "pkcs11/search.h"
#include "pkcs11/session.h"
#include "pkcs11/token_objects.h"

#include <chronosign/signer.h>
#include <string.h>

DEFINE_CLEANUP(signer, struct chronosign_signer *, chronosign_signer_close)

static bool several(const struct pkcs11_search *search, CK_OBJECT_CLASS class,
		    struct chronosign_error **error)
{
	CLEANUP(token_objects_clear) struct token_objects objects = {0};

	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "several keys match '%s'; use the URI of one of them:", search->key->name);
	token_objects_load(&objects, search->token, NULL);
	token_objects_tell(&objects, search->token, class, search->key->uri->parsed, error);
	return false;
}

static EVP_PKEY *read_half(const struct pkcs11_search *search, CK_OBJECT_HANDLE handle,
			   CK_OBJECT_CLASS class, struct chronosign_error **error)
{
	struct pkcs11_private_key private_key;

	if (class != CKO_PRIVATE_KEY)
		return pkcs11_public_key_of_object(search->token, handle, class);
	return pkcs11_private_key_read(search->token, handle, &private_key, error)
		       ? pkcs11_public_key(search->token, &private_key, error)
		       : NULL;
}

/*
 * Looks at the objects of one class. True and *public_half if they all belong to one key; true
 * without it if none is an RSA key. Several objects of one key are not ambiguous: a certificate is
 * often stored twice.
 */
static bool look_at(const struct pkcs11_search *search, CK_OBJECT_CLASS class,
		    EVP_PKEY **public_half, struct chronosign_error **error)
{
	CLEANUP(pkcs11_objects_clear) struct pkcs11_objects found = {0};
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;

	if (!pkcs11_objects_find_named(search->token, class, search->key->uri->parsed, &found,
				       error))
		return false;
	for (size_t i = 0; i < found.count; i++) {
		CLEANUP(cleanup_pkey)
		EVP_PKEY *half =
			read_half(search, found.handles[i], class, reason == NULL ? &reason : NULL);
		if (half == NULL)
			continue;
		if (*public_half == NULL)
			*public_half = TAKE(half);
		else if (EVP_PKEY_eq(*public_half, half) != 1)
			return several(search, class, error);
	}
	/* A private key without any public half: nothing else can match better. */
	if (*public_half == NULL && reason != NULL)
		return error_move(error, &reason);
	return true;
}

/* The private key first, if it is visible: the other objects only claim to belong to it. */
static bool look(const struct pkcs11_search *search, EVP_PKEY **public_half,
		 struct chronosign_error **error)
{
	static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE};
	const CK_ATTRIBUTE *wanted = p11_kit_uri_get_attribute(search->key->uri->parsed, CKA_CLASS);
	CK_OBJECT_CLASS class =
		wanted == NULL ? CKO_PRIVATE_KEY : *(const CK_OBJECT_CLASS *)wanted->pValue;

	/* type=private means that key, and any object will do that tells its public half. */
	if (class == CKO_PUBLIC_KEY || class == CKO_CERTIFICATE)
		return look_at(search, class, public_half, error);
	for (size_t i = 0; i < 3 && *public_half == NULL; i++)
		if (!look_at(search, classes[i], public_half, error))
			return false;
	return true;
}

static bool find(struct pkcs11_search *search, EVP_PKEY **public_half,
		 struct chronosign_error **error)
{
	if (!pkcs11_search_open(search, FIND_KEY, error) ||
	    !pkcs11_session_open(search->token, error) || !look(search, public_half, error))
		return false;
	if (*public_half == NULL && pkcs11_search_may_log_in(search) &&
	    (!pkcs11_session_login(search->token, error) || !look(search, public_half, error)))
		return false;
	return *public_half != NULL || pkcs11_search_no_match(search, error);
}

static EVP_PKEY *from_token(const struct chronosign_key *key, struct chronosign_error **error)
{
	CLEANUP(pkcs11_search_close) struct pkcs11_search search = {.key = key};
	CLEANUP(cleanup_pkey) EVP_PKEY *public_half = NULL;

	if (!find(&search, &public_half, error))
		return NULL;
	key_warn_of_length(key, EVP_PKEY_get_bits(public_half));
	return TAKE(public_half);
}

static bool is_automatic(const struct chronosign_key *key)
{
	return key->backend == NULL || strcmp(key->backend, "auto") == 0 ||
	       strcmp(key->backend, "pkcs11") == 0;
}

EVP_PKEY *chronosign_public_half_read(const struct chronosign_key *key,
				      struct chronosign_error **error)
{
	if (key->kind == KEY_IN_TOKEN && is_automatic(key))
		return from_token(key, error);
	CLEANUP(cleanup_signer)
	struct chronosign_signer *signer = chronosign_signer_open(key, error);
	if (signer == NULL)
		return NULL;
	EVP_PKEY *half = public_key_copy(chronosign_signer_public_key(signer));
	if (half == NULL)
		error_out_of_memory(error);
	return half;
}
