/*
 * Key pairs made in, or moved into, a token. By Cryptoki and not by libp11: its
 * PKCS11_generate_key and PKCS11_store_private_key set no CKA_EXTRACTABLE, let the key decrypt and
 * unwrap too, and leave no handle to destroy when a later step fails.
 */
#include "keystore/token_pair.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "keystore/key_template.h"
#include "keystore/rsa_attributes.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/new_object.h"
#include "pkcs11/public_key.h"
#include "pkcs11/search.h"
#include "pkcs11/session.h"
#include "pkcs11/token_objects.h"

#include <openssl/rand.h>
#include <string.h>

/* Long enough to be unique, short enough for every card. */
enum { RANDOM_ID_LENGTH = 16 };

struct token_pair {
	struct pkcs11_search search; /* for the place where it goes */
	CK_BYTE random_id[RANDOM_ID_LENGTH];
	CK_ATTRIBUTE id;    /* the URI's, or the random one */
	CK_ATTRIBUTE label; /* the URI's */

	bool attempted; /* something may have been created */
	CK_OBJECT_HANDLE private_key;
	CK_OBJECT_HANDLE public_key;
	EVP_PKEY *public_half;
};

DEFINE_CLEANUP(token_pair, struct token_pair *, token_pair_close)
DEFINE_CLEANUP(digest, EVP_MD_CTX *, EVP_MD_CTX_free)

void token_pair_close(struct token_pair *pair)
{
	if (pair == NULL)
		return;
	pkcs11_search_close(&pair->search);
	EVP_PKEY_free(pair->public_half);
	free(pair);
}

/* ---- Where it goes ---- */

static bool name_pair(struct token_pair *pair, struct chronosign_error **error)
{
	const CK_ATTRIBUTE *label =
		p11_kit_uri_get_attribute(pair->search.key->uri->parsed, CKA_LABEL);
	const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(pair->search.key->uri->parsed, CKA_ID);

	if (label == NULL || label->ulValueLen == 0)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "'%s' gives the new key no label; add object=LABEL to it",
				 pair->search.key->name);
	if (id != NULL && id->ulValueLen == 0)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "'%s' has an empty id; leave it out, and a random one is taken",
				 pair->search.key->name);
	pair->label = *label;
	if (id != NULL) {
		pair->id = *id;
		return true;
	}
	pair->id = (CK_ATTRIBUTE){CKA_ID, pair->random_id, sizeof pair->random_id};
	return RAND_bytes(pair->random_id, sizeof pair->random_id) == 1 ||
	       error_set(error, CHRONOSIGN_ERROR_OTHER, "OpenSSL has no random numbers");
}

/* No object of any kind may have the name: a certificate with the same id would appear to belong
 * to the new key. */
static bool is_free(struct token_pair *pair, const CK_ATTRIBUTE *name, const char *what,
		    struct chronosign_error **error)
{
	CLEANUP(pkcs11_objects_clear) struct pkcs11_objects found = {0};
	const struct pkcs11_template template = {{*name}, 1};

	if (!pkcs11_objects_find(pair->search.token, &template, &found, error))
		return false;
	if (found.count == 0)
		return true;
	return error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the token '%s' holds an object with this %s already, and nothing is "
			 "overwritten; choose another for '%s'",
			 pair->search.token->shown, what, pair->search.key->name);
}

static bool attach(struct token_pair *pair, struct chronosign_error **error)
{
	struct pkcs11_search *search = &pair->search;

	if (!pkcs11_search_is_for_private_key(search->key, error) || !name_pair(pair, error) ||
	    !pkcs11_search_open(search, FIND_PLACE_FOR_KEY, error) ||
	    !pkcs11_session_open_writable(search->token, error) ||
	    (pkcs11_search_may_log_in(search) && !pkcs11_session_login(search->token, error)))
		return false;
	/* A random id is free anyway. */
	return is_free(pair, &pair->label, "label", error) &&
	       (pair->id.pValue == pair->random_id || is_free(pair, &pair->id, "id", error));
}

struct token_pair *token_pair_open(const struct chronosign_key *where,
				   struct chronosign_error **error)
{
	CLEANUP(cleanup_token_pair) struct token_pair *pair = calloc(1, sizeof *pair);

	if (pair == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	pair->search.key = where;
	pair->private_key = CK_INVALID_HANDLE;
	pair->public_key = CK_INVALID_HANDLE;
	return attach(pair, error) ? TAKE(pair) : NULL;
}

/* ---- Is it what it should be? ---- */

/* Says what it is, so that the signature is useless for anything else. */
static const char test_message[] = "chronoctl: this signature tests a new key, and means nothing";

static bool verifies(EVP_PKEY *public_half, const struct signing *signing)
{
	CLEANUP(cleanup_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();

	return context != NULL &&
	       EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, public_half, NULL) ==
		       1 &&
	       EVP_DigestVerify(context, signing->signature, signing->length, signing->message,
				signing->message_length) == 1;
}

/* A signature by the private key in the token, verified here with the public half. */
static bool proves_itself(struct token_pair *pair, const struct pkcs11_private_key *private_key,
			  struct chronosign_error **error)
{
	struct signing signing = {
		.message = (const uint8_t *)test_message,
		.message_length = sizeof test_message - 1,
		.modulus_length = (size_t)EVP_PKEY_get_size(pair->public_half),
	};

	if (!pkcs11_sign(pair->search.token, private_key, &signing, error))
		return error_prefix(error, "the new key does not sign");
	return verifies(pair->public_half, &signing) ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the new key in the token '%s' makes signatures that its public half does "
			 "not verify; the token or its module computes wrongly",
			 pair->search.token->label);
}

static bool check_pair(struct token_pair *pair, unsigned circumstances,
		       struct chronosign_error **error)
{
	struct pkcs11_private_key private_key;

	if (!key_template_check(pair->search.token, pair->private_key, PRIVATE_HALF, circumstances,
				error) ||
	    !key_template_check(pair->search.token, pair->public_key, PUBLIC_HALF, circumstances,
				error) ||
	    !pkcs11_private_key_read(pair->search.token, pair->private_key, &private_key, error))
		return false;
	CLEANUP(cleanup_pkey)
	EVP_PKEY *told =
		pkcs11_public_key_of_object(pair->search.token, pair->public_key, CKO_PUBLIC_KEY);
	if (told == NULL)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "the token '%s' does not tell the public half of the new key",
				 pair->search.token->label);
	if (pair->public_half == NULL)
		pair->public_half = TAKE(told);
	else if (EVP_PKEY_eq(pair->public_half, told) != 1)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "the token '%s' holds another public key than it was given",
				 pair->search.token->label);
	return proves_itself(pair, &private_key, error);
}

/* ---- What has been left ---- */

/* Adds what is left behind to the error. */
static void left_behind(const struct token_pair *pair, const char *what, const char *why,
			struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *uri = text_shell_word(pair->search.token->uri);
	CLEANUP(cleanup_text)
	char *message = text_format("%s in the token '%s', and could not be taken back (%s); look "
				    "with `chronoctl list-keys --login %s` and remove it with "
				    "the token's own tool",
				    what, pair->search.token->label, why, uri == NULL ? "" : uri);

	if (error == NULL || message == NULL)
		return;
	if (*error == NULL)
		error_set(error, CHRONOSIGN_ERROR_KEY, "%s", message);
	else
		error_append(error, "%s", message);
}

/* A random id is nobody else's, and what has it is ours. */
static bool has_random_id(const struct token_pair *pair)
{
	return pair->id.pValue == pair->random_id;
}

/* What has it is destroyed, or left: with an id that the user chose it may have been made by another program meanwhile. */
static bool clear(struct token_pair *pair, const struct pkcs11_objects *found,
		  struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *why = NULL;
	bool gone = found->count == 0 || has_random_id(pair);

	for (size_t i = 0; gone && i < found->count; i++)
		gone = pkcs11_object_destroy(pair->search.token, found->handles[i], &why);
	if (!gone)
		left_behind(pair, "a part of the new key is left",
			    why == NULL ? "the call that made it had failed" : why, error);
	return gone;
}

/* A module may ignore an attribute in a search, and find what is somebody else's. */
static void drop_others(const struct token_pair *pair, const struct pkcs11_template *name,
			struct pkcs11_objects *found)
{
	size_t kept = 0;

	for (size_t i = 0; i < found->count; i++)
		if (pkcs11_object_is_named(pair->search.token, found->handles[i], name, false))
			found->handles[kept++] = found->handles[i];
	found->count = kept;
}

/* A failed call may have created an object, in place of `class`, or of any kind (NULL). True: nothing of it is left. */
static bool clear_away(struct token_pair *pair, const CK_ATTRIBUTE *class,
		       struct chronosign_error **error)
{
	CLEANUP(pkcs11_objects_clear) struct pkcs11_objects found = {0};
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;
	struct pkcs11_template name = {{pair->id}, 1};

	if (!has_random_id(pair))
		name.attributes[name.count++] = pair->label;
	if (class != NULL)
		name.attributes[name.count++] = *class;
	if (pkcs11_objects_find(pair->search.token, &name, &found, &reason)) {
		drop_others(pair, &name, &found);
		return clear(pair, &found, error);
	}
	left_behind(pair, "a part of the new key may be left", chronosign_error_message(reason),
		    error);
	return false;
}

/* ---- Making it ---- */

/* What both halves of the pair have in common. */
static void start_template(struct token_pair *pair, struct pkcs11_template *template, unsigned half,
			   unsigned left)
{
	template->count = 0;
	key_template_add_rights(template, half, left);
	pkcs11_template_add(template, CKA_ID, pair->id.pValue, pair->id.ulValueLen);
	pkcs11_template_add(template, CKA_LABEL, pair->label.pValue, pair->label.ulValueLen);
}

static enum pkcs11_made generate(struct token_pair *pair, CK_ULONG bits, unsigned left,
				 struct chronosign_error **error)
{
	static const CK_BYTE exponent[] = {0x01, 0x00, 0x01};
	struct pkcs11_token *token = pair->search.token;
	struct pkcs11_rsa_pair made;
	CLEANUP(cleanup_text)
	char *what = text_format("cannot make a key of %lu bits in %s", bits, token->uri);

	start_template(pair, &made.public_template, PUBLIC_HALF, left);
	pkcs11_template_add(&made.public_template, CKA_MODULUS_BITS, &bits, sizeof bits);
	pkcs11_template_add(&made.public_template, CKA_PUBLIC_EXPONENT, exponent, sizeof exponent);
	start_template(pair, &made.private_template, PRIVATE_HALF, left);
	pair->attempted = true;
	enum pkcs11_made result =
		pkcs11_rsa_pair_generate(token, &made, what == NULL ? token->uri : what, error);
	pair->public_key = made.public_key;
	pair->private_key = made.private_key;
	return result;
}

/* Tries again without the rights of recovery if the token does not know them, and has left nothing. */
static bool generate_known(struct token_pair *pair, unsigned bits, unsigned left,
			   struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;
	enum pkcs11_made result = generate(pair, bits, left, &reason);

	if (result == PKCS11_UNKNOWN_ATTRIBUTE && clear_away(pair, NULL, NULL)) {
		chronosign_error_free(TAKE(reason));
		result = generate(pair, bits, left | LEAVE_RECOVERY, &reason);
	}
	return result == PKCS11_MADE || error_move(error, &reason);
}

/* A key that signs and does nothing else, if the token makes such keys: to allow more is not to ask for
 * it, unless the asking does harm. *left: what had to be left to the token. */
static bool generate_allowed(struct token_pair *pair, const struct new_key *wanted, unsigned *left,
			     struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;

	*left = wanted->allow_decrypt && pkcs11_keeps_refused_pairs(pair->search.token)
			? LEAVE_DECRYPTION
			: 0;
	if (generate_known(pair, wanted->bits, *left, &reason))
		return true;
	if (wanted->allow_decrypt && *left == 0 && clear_away(pair, NULL, NULL)) {
		chronosign_error_free(TAKE(reason));
		*left = LEAVE_DECRYPTION;
		if (generate_known(pair, wanted->bits, *left, &reason))
			return true;
	}
	error_append(&reason,
		     "Some tokens make keys by their vendor's tool only, or none of this size%s; "
		     "any RSA key that may sign will do",
		     wanted->allow_decrypt ? ""
					   : ", or only keys that may also decrypt "
					     "(--allow-decrypt)");
	return error_move(error, &reason);
}

bool token_pair_generate(struct token_pair *pair, const struct new_key *wanted,
			 struct chronosign_error **error)
{
	unsigned left;

	if (!generate_allowed(pair, wanted, &left, error) ||
	    !check_pair(pair, MADE_IN_TOKEN | left, error))
		return false;
	int made = EVP_PKEY_get_bits(pair->public_half);
	return made == (int)wanted->bits ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the token '%s' made a key of %d bits, not of %u",
			 pair->search.token->label, made, wanted->bits);
}

/* One half of a pair that comes from outside. */
struct imported {
	unsigned half;
	const CK_ATTRIBUTE *numbers;
	size_t count;
	CK_OBJECT_HANDLE *handle;
};

static CK_OBJECT_CLASS class_of(const struct imported *imported)
{
	return imported->half == PRIVATE_HALF ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY;
}

static enum pkcs11_made create(struct token_pair *pair, const struct imported *imported,
			       unsigned left, struct chronosign_error **error)
{
	bool is_private = imported->half == PRIVATE_HALF;
	const CK_OBJECT_CLASS class = class_of(imported);
	const CK_KEY_TYPE type = CKK_RSA;
	struct pkcs11_token *token = pair->search.token;
	struct pkcs11_template template;
	CLEANUP(cleanup_text)
	char *what = text_format("cannot put the %s key into %s", is_private ? "private" : "public",
				 token->uri);

	start_template(pair, &template, imported->half, left);
	pkcs11_template_add(&template, CKA_CLASS, &class, sizeof class);
	pkcs11_template_add(&template, CKA_KEY_TYPE, &type, sizeof type);
	for (size_t i = 0; i < imported->count; i++)
		pkcs11_template_add(&template, imported->numbers[i].type,
				    imported->numbers[i].pValue, imported->numbers[i].ulValueLen);
	pair->attempted = true;
	return pkcs11_object_create(token, &template, imported->handle,
				    what == NULL ? token->uri : what, error);
}

static bool create_half(struct token_pair *pair, const struct imported *imported,
			struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;
	CK_OBJECT_CLASS class = class_of(imported);
	const CK_ATTRIBUTE kind = {CKA_CLASS, &class, sizeof class};
	enum pkcs11_made result = create(pair, imported, 0, &reason);

	if (result == PKCS11_UNKNOWN_ATTRIBUTE && clear_away(pair, &kind, NULL)) {
		chronosign_error_free(TAKE(reason));
		result = create(pair, imported, LEAVE_RECOVERY, &reason);
	}
	if (result == PKCS11_MADE)
		return true;
	if (imported->half == PRIVATE_HALF)
		error_append(&reason, "some tokens take no private key from outside, or take it by "
				      "their vendor's tool only; a key made in the token "
				      "(gen-keypair) is the safer one anyway");
	return error_move(error, &reason);
}

bool token_pair_import(struct token_pair *pair, const EVP_PKEY *key, const char *name,
		       struct chronosign_error **error)
{
	CLEANUP(cleanup_secret) struct chronosign_secret *memory = NULL;
	CK_ATTRIBUTE numbers[RSA_ATTRIBUTES];

	if (!rsa_attributes_read(key, name, &memory, numbers, error))
		return false;
	pair->public_half = public_key_copy(key);
	if (pair->public_half == NULL)
		return error_out_of_memory(error);
	const struct imported private_half = {PRIVATE_HALF, numbers, RSA_ATTRIBUTES,
					      &pair->private_key};
	const struct imported public_half = {PUBLIC_HALF, numbers, RSA_ATTRIBUTES_PUBLIC,
					     &pair->public_key};
	return create_half(pair, &private_half, error) && create_half(pair, &public_half, error) &&
	       check_pair(pair, 0, error);
}

const EVP_PKEY *token_pair_public_key(const struct token_pair *pair)
{
	return pair->public_half;
}

/* No other object had its label, so the object with that label is this one. */
char *token_pair_uri(const struct token_pair *pair, struct chronosign_error **error)
{
	CLEANUP(token_objects_clear) struct token_objects objects = {0};
	struct pkcs11_token *token = pair->search.token;

	if (!token_objects_add(&objects, token, pair->private_key, CKO_PRIVATE_KEY, error))
		return NULL;
	char *uri = token_object_uri(&objects, &objects.list[0], token, false);
	if (uri == NULL)
		error_out_of_memory(error);
	return uri;
}

/* ---- Taking it back ---- */

static bool destroy(struct token_pair *pair, CK_OBJECT_HANDLE *handle, const char *what,
		    struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *why = NULL;

	if (*handle == CK_INVALID_HANDLE ||
	    pkcs11_object_destroy(pair->search.token, *handle, &why)) {
		*handle = CK_INVALID_HANDLE;
		return true;
	}
	*handle = CK_INVALID_HANDLE;
	left_behind(pair, what, why == NULL ? "C_DestroyObject failed" : why, error);
	return false;
}

bool token_pair_take_back(struct token_pair *pair, struct chronosign_error **error)
{
	bool gone;

	if (!pair->attempted)
		return true;
	gone = destroy(pair, &pair->private_key, "the new private key is left", error);
	gone = destroy(pair, &pair->public_key, "the new public key is left", error) && gone;
	return gone && clear_away(pair, NULL, error);
}
