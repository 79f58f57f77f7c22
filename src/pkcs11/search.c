/* From modules to a private key, and the second try. search_token.c chooses the token. */
#include "pkcs11/search.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "key/pin.h"
#include "pkcs11/search_token.h"
#include "pkcs11/session.h"
#include "pkcs11/token_objects.h"

#include <string.h>

static bool list_tokens(struct pkcs11_search *search, bool empty_slots,
			struct chronosign_error **error)
{
	struct pkcs11_module_choice choice = pkcs11_module_choice(search->key);

	if (search->module_path != NULL && !pkcs11_module_is_proxy(search->module_path))
		choice.path = search->module_path;
	choice.tried = search->tried;
	choice.context = search->context;
	return pkcs11_modules_open(search->key, &choice, &search->modules, error) &&
	       pkcs11_tokens_list(&search->modules, search->key->uri->parsed, empty_slots,
				  &search->tokens, error);
}

static bool tell_token(const struct pkcs11_search *search)
{
	if (search->token == NULL)
		return false;
	search_token_detail(search, search->token);
	return true;
}

bool pkcs11_search_choose(struct pkcs11_search *search, struct chronosign_error **error)
{
	search->token = search_token_for_key(search, error);
	return search->token != NULL;
}

bool pkcs11_search_open(struct pkcs11_search *search, enum pkcs11_purpose purpose,
			struct chronosign_error **error)
{
	if (!list_tokens(search, purpose == FIND_SLOTS, error))
		return false;
	switch (purpose) {
	case FIND_KEY:
		return pkcs11_search_choose(search, error) && tell_token(search);
	case FIND_PLACE_FOR_KEY:
		search->token = search_token_for_new_key(search, error);
		return tell_token(search);
	case FIND_TOKENS:
	case FIND_SLOTS:
		break;
	}
	return true;
}

void pkcs11_search_close(struct pkcs11_search *search)
{
	pkcs11_tokens_free(&search->tokens);
	pkcs11_modules_close(&search->modules);
	search->token = NULL;
}

/* ---- The private key ---- */

bool pkcs11_search_is_for_private_key(const struct chronosign_key *key,
				      struct chronosign_error **error)
{
	const CK_ATTRIBUTE *class = p11_kit_uri_get_attribute(key->uri->parsed, CKA_CLASS);

	if (class == NULL || *(const CK_OBJECT_CLASS *)class->pValue == CKO_PRIVATE_KEY)
		return true;
	return error_set(error, CHRONOSIGN_ERROR_USAGE,
			 "'%s' names no private key; leave out the type, or write type=private",
			 key->name);
}

static bool several_match(const struct pkcs11_search *search, size_t count,
			  struct chronosign_error **error)
{
	CLEANUP(token_objects_clear) struct token_objects objects = {0};

	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "%s%zu private keys match '%s'; use the URI of one of them:",
		  count == OBJECTS_MAX ? "at least " : "", count, search->key->name);
	token_objects_load(&objects, search->token, NULL);
	token_objects_tell(&objects, search->token, CKO_PRIVATE_KEY, search->key->uri->parsed,
			   error);
	return false;
}

static const char *type_name(CK_KEY_TYPE type)
{
	return type == CKK_EC ? "EC" : type == CKK_DSA ? "DSA" : "another";
}

static bool is_fit(const struct pkcs11_search *search, struct chronosign_error **error)
{
	const struct pkcs11_private_key *private_key = &search->private_key;

	if (private_key->type_known && private_key->type != CKK_RSA)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "the key '%s' is of type %s; Chronograf takes RSA keys only",
				 search->key->name, type_name(private_key->type));
	if (!private_key->may_sign)
		return error_set(
			error, CHRONOSIGN_ERROR_KEY,
			"the key '%s' may not sign (its CKA_SIGN is false); use a signing key",
			search->key->name);
	return true;
}

static bool find_private_keys(const struct pkcs11_search *search, struct pkcs11_objects *found,
			      struct chronosign_error **error)
{
	pkcs11_objects_clear(found);
	return pkcs11_session_open(search->token, error) &&
	       pkcs11_objects_find_by_uri(search->token, CKO_PRIVATE_KEY, search->key->uri->parsed,
					  found, error);
}

/* The id of the objects of a class that the URI means; false if there are none, or of several keys. */
static bool read_id(const struct pkcs11_search *search, CK_OBJECT_CLASS class,
		    struct pkcs11_private_key *half)
{
	CLEANUP(pkcs11_objects_clear) struct pkcs11_objects found = {0};

	return pkcs11_objects_find_named(search->token, class, search->key->uri->parsed, &found,
					 NULL) &&
	       found.count == 1 &&
	       pkcs11_private_key_read(search->token, found.handles[0], half, NULL) &&
	       half->id_length > 0;
}

/* Cards label each object by what it is ("PIV AUTH key", "Certificate for PIV Authentication"),
 * and only the public half is visible without a login: its label means the private key with the
 * same id. */
static bool find_by_public_half(const struct pkcs11_search *search, struct pkcs11_objects *found,
				struct chronosign_error **error)
{
	const CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	struct pkcs11_template template = {0};
	struct pkcs11_private_key half;

	if (!read_id(search, CKO_PUBLIC_KEY, &half) && !read_id(search, CKO_CERTIFICATE, &half))
		return true;
	pkcs11_template_add(&template, CKA_CLASS, &class, sizeof class);
	pkcs11_template_add(&template, CKA_ID, half.id, half.id_length);
	pkcs11_objects_clear(found);
	return pkcs11_objects_find(search->token, &template, found, error);
}

static bool is_value(const CK_ATTRIBUTE *wanted, const CK_BYTE *value, size_t length)
{
	return wanted == NULL || length == 0 ||
	       (wanted->ulValueLen == length && memcmp(wanted->pValue, value, length) == 0);
}

/* A module may ignore an attribute in a search. What it does not tell counts as right. */
static bool has_name(const struct pkcs11_search *search)
{
	P11KitUri *uri = search->key->uri->parsed;
	const struct pkcs11_private_key *key = &search->private_key;

	return is_value(p11_kit_uri_get_attribute(uri, CKA_ID), key->id, key->id_length) &&
	       is_value(p11_kit_uri_get_attribute(uri, CKA_LABEL), key->label, key->label_length);
}

/* Reads and checks the key that was found, by its own name or that of its public half. */
static bool take_one(struct pkcs11_search *search, const struct pkcs11_objects *found, bool by_half,
		     struct chronosign_error **error)
{
	if (found->count == 0)
		return pkcs11_search_no_match(search, error);
	if (found->count > 1)
		return several_match(search, found->count, error);
	return pkcs11_private_key_read(search->token, found->handles[0], &search->private_key,
				       error) &&
	       (by_half || has_name(search) || pkcs11_search_no_match(search, error)) &&
	       is_fit(search, error);
}

bool pkcs11_search_count(struct pkcs11_search *search, size_t *count,
			 struct chronosign_error **error)
{
	CLEANUP(pkcs11_objects_clear) struct pkcs11_objects found = {0};
	bool searched = find_private_keys(search, &found, error);

	*count = found.count;
	return searched;
}

bool pkcs11_search_visible_key(struct pkcs11_search *search, struct chronosign_error **error)
{
	CLEANUP(pkcs11_objects_clear) struct pkcs11_objects found = {0};

	return find_private_keys(search, &found, error) && take_one(search, &found, false, error);
}

/* A mere certificate store hides no key, whatever PIN was given. */
bool pkcs11_search_may_log_in(const struct pkcs11_search *search)
{
	return pkcs11_token_needs_login(search->token) ||
	       (search_token_is_forced(search->key) && pkcs11_token_computes(search->token));
}

/*
 * Searches; logs in if nothing is visible and the token has a login; searches again. If a PIN is at
 * hand and the token requires a login, the first search is left out: private keys are hidden there,
 * and a call to a network HSM is a round trip.
 */
bool pkcs11_search_private_key(struct pkcs11_search *search, struct chronosign_error **error)
{
	CLEANUP(pkcs11_objects_clear) struct pkcs11_objects found = {0};
	struct pkcs11_session *session = &search->token->session;
	bool login_first = pkcs11_token_needs_login(search->token) && pin_is_given(search->key);

	session->retry = RETRY_NEVER;
	if (!pkcs11_session_open(search->token, error))
		return false;
	if (login_first && !session->logged_in && !pkcs11_session_login(search->token, error))
		return false;
	if (!find_private_keys(search, &found, error))
		return false;
	if (found.count == 0 && !session->logged_in && pkcs11_search_may_log_in(search) &&
	    (!pkcs11_session_login(search->token, error) ||
	     !find_private_keys(search, &found, error)))
		return false;
	bool by_half = found.count == 0;
	if (by_half && !find_by_public_half(search, &found, error))
		return false;
	return take_one(search, &found, by_half, error);
}

/* ---- Worth a second try: a session or a token that was lost ---- */

static enum cryptoki_retry what_was_lost(const struct pkcs11_search *search)
{
	if (search->token != NULL)
		return search->token->session.retry;
	return search_token_retry(search);
}

/* If a person has entered the PIN on the reader, only that person can log in again. */
bool pkcs11_search_may_retry(const struct pkcs11_search *search)
{
	enum cryptoki_retry lost = what_was_lost(search);
	bool asks_again = search->token != NULL && search->token->session.logged_in &&
			  search->token->session.pin == NULL;

	return !asks_again && (lost == RETRY_SESSION || lost == RETRY_TOKEN);
}

/* Lists all slots again, with the same modules. */
static bool look_around(struct pkcs11_search *search, struct chronosign_error **error)
{
	CLEANUP(cleanup_secret) struct chronosign_secret *pin = NULL;

	if (search->token != NULL) {
		pkcs11_session_bind_pin(search->token);
		pin = TAKE(search->token->session.pin);
	}
	search->seen = search_token_count(search);
	pkcs11_search_close(search);
	if (!pkcs11_search_open(search, FIND_KEY, error))
		return false;
	search->token->session.again = true;
	search->token->session.pin = TAKE(pin);
	return true;
}

bool pkcs11_search_again(struct pkcs11_search *search, const struct chronosign_error *first,
			 struct chronosign_error **error)
{
	bool token_lost = what_was_lost(search) == RETRY_TOKEN;

	key_notice_failure(search->key,
			   token_lost ? CHRONOSIGN_NOTICE_WARNING : CHRONOSIGN_NOTICE_DETAIL, first,
			   "Trying once more");
	if (search->token == NULL || token_lost)
		return look_around(search, error) && pkcs11_search_private_key(search, error);
	pkcs11_session_close(search->token);
	pkcs11_token_refresh(search->token);
	search->token->session.again = true;
	return pkcs11_search_private_key(search, error);
}
