/*
 * Key pairs made in, or moved into, a token. By Cryptoki and not by libp11: its
 * PKCS11_generate_key and PKCS11_store_private_key set no CKA_EXTRACTABLE, let the key decrypt and
 * unwrap too, and leave no handle to destroy when a later step fails.
 */
#include "keystore/token_pair.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "key/pin.h"
#include "keystore/key_template.h"
#include "keystore/rsa_numbers.h"
#include "pkcs11/choice.h"
#include "pkcs11/match.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/object.h"
#include "pkcs11/public_key.h"
#include "pkcs11/session.h"

#include <openssl/rand.h>
#include <string.h>

/* Long enough to be unique, short enough for every card. */
enum { RANDOM_ID_LENGTH = 16 };

struct pkcs11_new_pair {
	const chronosign_key *key; /* where it goes */
	struct pkcs11_modules modules;
	struct pkcs11_tokens tokens;
	struct pkcs11_token *token; /* the one of `tokens` that it goes to */
	chronosign_secret *pin;
	CK_BYTE random_id[RANDOM_ID_LENGTH];
	CK_ATTRIBUTE id;    /* the URI's, or the random one */
	CK_ATTRIBUTE label; /* the URI's */

	bool attempted; /* something may have been created */
	CK_OBJECT_HANDLE private_key;
	CK_OBJECT_HANDLE public_key;
	EVP_PKEY *public_half;
};

DEFINE_CLEANUP(new_pair, struct pkcs11_new_pair *, pkcs11_new_pair_close)
DEFINE_CLEANUP(digest, EVP_MD_CTX *, EVP_MD_CTX_free)

void pkcs11_new_pair_close(struct pkcs11_new_pair *pair)
{
	if (pair == NULL)
		return;
	pkcs11_tokens_free(&pair->tokens);
	pkcs11_modules_close(&pair->modules);
	chronosign_secret_free(pair->pin);
	EVP_PKEY_free(pair->public_half);
	free(pair);
}

/* ---- Where it goes ---- */

static bool name_pair(struct pkcs11_new_pair *pair, chronosign_error **error)
{
	const CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(pair->key->uri->parsed, CKA_LABEL);
	const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(pair->key->uri->parsed, CKA_ID);

	if (label == NULL || label->ulValueLen == 0)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "'%s' gives the new key no label; add object=LABEL to it",
				 pair->key->name);
	if (id != NULL && id->ulValueLen == 0)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "'%s' has an empty id; leave it out, and a random one is taken",
				 pair->key->name);
	pair->label = *label;
	if (id != NULL) {
		pair->id = *id;
		return true;
	}
	pair->id = (CK_ATTRIBUTE){CKA_ID, pair->random_id, sizeof pair->random_id};
	return RAND_bytes(pair->random_id, sizeof pair->random_id) == 1 ||
	       error_set(error, CHRONOSIGN_ERROR_OTHER, "OpenSSL has no random numbers");
}

/* The URI of an object of any class, to name it in a message; NULL if it cannot be read. */
static char *object_uri(struct pkcs11_token *token, CK_OBJECT_HANDLE handle)
{
	CK_OBJECT_CLASS class = 0;
	CK_ATTRIBUTE read = {CKA_CLASS, &class, sizeof class};

	if (CRYPTOKI(token->module, C_GetAttributeValue, token->session, handle, &read, 1) !=
	    CKR_OK)
		return NULL;
	return pkcs11_object_uri(token, handle, class);
}

/* No object of any kind may have the name: a certificate with our id would pass for the new key's.
 */
static bool is_free(struct pkcs11_new_pair *pair, CK_ATTRIBUTE *name, const char *what,
		    chronosign_error **error)
{
	struct pkcs11_objects found;

	if (!pkcs11_objects_find_by(pair->token, name, 1, &found, error))
		return false;
	if (found.count == 0)
		return true;
	CLEANUP(cleanup_text) char *uri = object_uri(pair->token, found.handles[0]);
	return error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the token '%s' holds an object with this %s already, and nothing is "
			 "overwritten; choose another for '%s'%s%s",
			 pair->token->label, what, pair->key->name,
			 uri == NULL ? "" : "; it is:\n  ", uri == NULL ? "" : uri);
}

static bool attach(struct pkcs11_new_pair *pair, chronosign_error **error)
{
	const chronosign_key *key = pair->key;

	if (!pkcs11_match_possible(key, error) || !name_pair(pair, error) ||
	    !pkcs11_modules_open(key, &pair->modules, error) ||
	    !pkcs11_tokens_list(&pair->modules, key->uri->parsed, &pair->tokens, error))
		return false;
	pair->token = pkcs11_token_choose_for_new(&pair->tokens, &pair->modules, key, error);
	if (pair->token == NULL)
		return false;
	key_notice(key, CHRONOSIGN_NOTICE_DETAIL, "token: %s, by %s", pair->token->uri,
		   pair->token->module->name);
	if (!pkcs11_session_open_writable(pair->token, error))
		return false;
	if (pkcs11_token_needs_login(pair->token) &&
	    !pkcs11_session_login(pair->token, key, &pair->pin, error))
		return false;
	/* A random id is free. */
	return is_free(pair, &pair->label, "label", error) &&
	       (pair->id.pValue == pair->random_id || is_free(pair, &pair->id, "id", error));
}

struct pkcs11_new_pair *pkcs11_new_pair_open(const chronosign_key *where, chronosign_error **error)
{
	CLEANUP(cleanup_new_pair) struct pkcs11_new_pair *pair = calloc(1, sizeof *pair);

	if (pair == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	pair->key = where;
	pair->private_key = CK_INVALID_HANDLE;
	pair->public_key = CK_INVALID_HANDLE;
	return attach(pair, error) ? TAKE(pair) : NULL;
}

/* ---- Is it what it should be? ---- */

/* Says what it is, so that nobody can use the signature for anything else. */
static const char test_message[] = "chronoctl: this signature tests a new key, and means nothing";

static bool have_pin_for_key(struct pkcs11_new_pair *pair,
			     const struct pkcs11_private_key *private_key, chronosign_error **error)
{
	if (!private_key->always_authenticate || pair->pin != NULL ||
	    pkcs11_session_has_pin_pad(pair->token, pair->key))
		return true;
	pair->pin = pin_obtain(pair->key, pair->token->label, error);
	return pair->pin != NULL;
}

static bool verifies(EVP_PKEY *public_half, const uint8_t *signature, size_t length)
{
	CLEANUP(cleanup_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();

	return context != NULL &&
	       EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, public_half, NULL) ==
		       1 &&
	       EVP_DigestVerify(context, signature, length, (const uint8_t *)test_message,
				sizeof test_message - 1) == 1;
}

/* A signature by the private key in the token, verified here by the public half that counts. */
static bool proves_itself(struct pkcs11_new_pair *pair,
			  const struct pkcs11_private_key *private_key, chronosign_error **error)
{
	uint8_t signature[CHRONOSIGN_SIGNATURE_MAX];
	size_t length = 0;

	if (!have_pin_for_key(pair, private_key, error) ||
	    !pkcs11_sign(pair->token, pair->key, private_key,
			 (size_t)EVP_PKEY_get_size(pair->public_half), pair->pin,
			 (const uint8_t *)test_message, sizeof test_message - 1, signature, &length,
			 error))
		return error_prefix(error, "the new key does not sign");
	return verifies(pair->public_half, signature, length) ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the new key in the token '%s' makes signatures that its public half does "
			 "not verify; the token or its module computes wrongly",
			 pair->token->label);
}

static bool check_pair(struct pkcs11_new_pair *pair, unsigned made_in_token,
		       chronosign_error **error)
{
	struct pkcs11_private_key private_key;

	if (!key_template_check(pair->token, pair->private_key, PRIVATE_HALF, made_in_token,
				error) ||
	    !key_template_check(pair->token, pair->public_key, PUBLIC_HALF, made_in_token, error) ||
	    !pkcs11_private_key_read(pair->token, pair->private_key, &private_key, error))
		return false;
	CLEANUP(cleanup_pkey)
	EVP_PKEY *told = pkcs11_public_key_of_object(pair->token, pair->public_key, CKO_PUBLIC_KEY);
	if (told == NULL)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "the token '%s' does not tell the public half of the new key",
				 pair->token->label);
	if (pair->public_half == NULL)
		pair->public_half = TAKE(told);
	else if (EVP_PKEY_eq(pair->public_half, told) != 1)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "the token '%s' holds another public key than it was given",
				 pair->token->label);
	return proves_itself(pair, &private_key, error);
}

/* ---- Making it ---- */

/* What both halves of the pair have in common. */
static void start_template(struct pkcs11_new_pair *pair, struct key_template *template,
			   unsigned half, bool recover)
{
	template->count = 0;
	key_template_add_rights(template, half, recover);
	key_template_add(template, CKA_ID, pair->id.pValue, pair->id.ulValueLen);
	key_template_add(template, CKA_LABEL, pair->label.pValue, pair->label.ulValueLen);
}

static CK_RV generate(struct pkcs11_new_pair *pair, CK_ULONG bits, bool recover)
{
	static const CK_BYTE exponent[] = {0x01, 0x00, 0x01};
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	struct key_template public_half;
	struct key_template private_half;

	start_template(pair, &public_half, PUBLIC_HALF, recover);
	key_template_add(&public_half, CKA_MODULUS_BITS, &bits, sizeof bits);
	key_template_add(&public_half, CKA_PUBLIC_EXPONENT, exponent, sizeof exponent);
	start_template(pair, &private_half, PRIVATE_HALF, recover);
	pair->attempted = true;
	CK_RV result =
		CRYPTOKI(pair->token->module, C_GenerateKeyPair, pair->token->session, &mechanism,
			 public_half.attributes, public_half.count, private_half.attributes,
			 private_half.count, &pair->public_key, &pair->private_key);
	if (result != CKR_OK) {
		pair->public_key = CK_INVALID_HANDLE;
		pair->private_key = CK_INVALID_HANDLE;
	}
	return result;
}

bool pkcs11_new_pair_generate(struct pkcs11_new_pair *pair, unsigned bits, chronosign_error **error)
{
	CK_RV result = generate(pair, bits, true);

	if (result == CKR_ATTRIBUTE_TYPE_INVALID)
		result = generate(pair, bits, false);
	if (result != CKR_OK) {
		CLEANUP(cleanup_text)
		char *what =
			text_format("cannot make a key of %u bits in %s", bits, pair->token->uri);
		cryptoki_error(error, pair->token->module, "C_GenerateKeyPair", result,
			       what == NULL ? pair->token->uri : what);
		error_append(error, "some tokens make keys by their vendor's tool only, or none of "
				    "this size, or none that signs and does nothing else; any RSA "
				    "key that may sign will do");
		return false;
	}
	if (!check_pair(pair, MADE_IN_TOKEN, error))
		return false;
	int made = EVP_PKEY_get_bits(pair->public_half);
	return made == (int)bits || error_set(error, CHRONOSIGN_ERROR_KEY,
					      "the token '%s' made a key of %d bits, not of %u",
					      pair->token->label, made, bits);
}

static CK_RV create(struct pkcs11_new_pair *pair, unsigned half, bool recover,
		    const CK_ATTRIBUTE *numbers, size_t count, CK_OBJECT_HANDLE *handle)
{
	const CK_OBJECT_CLASS class = half == PRIVATE_HALF ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY;
	const CK_KEY_TYPE type = CKK_RSA;
	struct key_template template;

	start_template(pair, &template, half, recover);
	key_template_add(&template, CKA_CLASS, &class, sizeof class);
	key_template_add(&template, CKA_KEY_TYPE, &type, sizeof type);
	for (size_t i = 0; i < count; i++)
		key_template_add(&template, numbers[i].type, numbers[i].pValue,
				 numbers[i].ulValueLen);
	pair->attempted = true;
	CK_RV result = CRYPTOKI(pair->token->module, C_CreateObject, pair->token->session,
				template.attributes, template.count, handle);
	if (result != CKR_OK)
		*handle = CK_INVALID_HANDLE;
	return result;
}

static bool create_half(struct pkcs11_new_pair *pair, unsigned half, const CK_ATTRIBUTE *numbers,
			size_t count, CK_OBJECT_HANDLE *handle, chronosign_error **error)
{
	CK_RV result = create(pair, half, true, numbers, count, handle);

	if (result == CKR_ATTRIBUTE_TYPE_INVALID)
		result = create(pair, half, false, numbers, count, handle);
	if (result == CKR_OK)
		return true;
	CLEANUP(cleanup_text)
	char *what = text_format("cannot put the %s key into %s",
				 half == PRIVATE_HALF ? "private" : "public", pair->token->uri);
	cryptoki_error(error, pair->token->module, "C_CreateObject", result,
		       what == NULL ? pair->token->uri : what);
	if (half == PRIVATE_HALF)
		error_append(error, "some tokens take no private key from outside, or take it by "
				    "their vendor's tool only; a key made in the token "
				    "(gen-keypair) is the safer one anyway");
	return false;
}

bool pkcs11_new_pair_import(struct pkcs11_new_pair *pair, const EVP_PKEY *key, const char *name,
			    chronosign_error **error)
{
	CLEANUP(cleanup_secret) chronosign_secret *memory = NULL;
	CK_ATTRIBUTE numbers[KEY_NUMBERS];

	if (!key_numbers_read(key, name, &memory, numbers, error))
		return false;
	pair->public_half = public_key_copy(key);
	if (pair->public_half == NULL)
		return error_out_of_memory(error);
	return create_half(pair, PRIVATE_HALF, numbers, KEY_NUMBERS, &pair->private_key, error) &&
	       create_half(pair, PUBLIC_HALF, numbers, KEY_NUMBERS_PUBLIC, &pair->public_key,
			   error) &&
	       check_pair(pair, 0, error);
}

const EVP_PKEY *pkcs11_new_pair_public_key(const struct pkcs11_new_pair *pair)
{
	return pair->public_half;
}

char *pkcs11_new_pair_uri(const struct pkcs11_new_pair *pair, chronosign_error **error)
{
	char *uri = pkcs11_object_uri(pair->token, pair->private_key, CKO_PRIVATE_KEY);

	if (uri == NULL)
		error_set(error, CHRONOSIGN_ERROR_KEY,
			  "the token '%s' does not tell label and id of the new key",
			  pair->token->label);
	return uri;
}

/* ---- Taking it back ---- */

/* Says what is left behind, after the reason why it is not wanted. */
static void left_behind(const struct pkcs11_new_pair *pair, const char *what, const char *why,
			chronosign_error **error)
{
	CLEANUP(cleanup_text)
	char *message = text_format("%s in the token '%s', and could not be taken back (%s); look "
				    "with `chronoctl list-keys --login '%s'` and remove it with "
				    "the token's own tool",
				    what, pair->token->label, why, pair->token->uri);

	if (error == NULL || message == NULL)
		return;
	if (*error == NULL)
		error_set(error, CHRONOSIGN_ERROR_KEY, "%s", message);
	else
		error_append(error, "%s", message);
}

static bool destroy(struct pkcs11_new_pair *pair, CK_OBJECT_HANDLE *handle, const char *what,
		    chronosign_error **error)
{
	char buffer[32];

	if (*handle == CK_INVALID_HANDLE)
		return true;
	CK_RV result =
		CRYPTOKI(pair->token->module, C_DestroyObject, pair->token->session, *handle);
	*handle = CK_INVALID_HANDLE;
	if (result == CKR_OK)
		return true;
	CLEANUP(cleanup_text)
	char *why = text_format("C_DestroyObject answered %s", cryptoki_name(result, buffer));
	left_behind(pair, what, why == NULL ? "C_DestroyObject failed" : why, error);
	return false;
}

/* A call that failed may have created something all the same. What is found is told and not
 * destroyed: it cannot be told from what another program has just made. */
static bool nothing_is_left(struct pkcs11_new_pair *pair, chronosign_error **error)
{
	CK_ATTRIBUTE name[] = {pair->id, pair->label};
	struct pkcs11_objects found;
	CLEANUP(cleanup_error) chronosign_error *reason = NULL;

	if (!pkcs11_objects_find_by(pair->token, name, 2, &found, &reason)) {
		left_behind(pair, "a part of the new key may be left",
			    chronosign_error_message(reason), error);
		return false;
	}
	if (found.count == 0)
		return true;
	left_behind(pair, "a part of the new key is left", "the call that made it had failed",
		    error);
	return false;
}

bool pkcs11_new_pair_take_back(struct pkcs11_new_pair *pair, chronosign_error **error)
{
	bool gone;

	if (!pair->attempted)
		return true;
	gone = destroy(pair, &pair->private_key, "the new private key is left", error);
	gone = destroy(pair, &pair->public_key, "the new public key is left", error) && gone;
	return gone && nothing_is_left(pair, error);
}
