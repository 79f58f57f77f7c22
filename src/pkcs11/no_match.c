/* Nothing matches: the error lists what exists, and what was probably meant. */
#include "pkcs11/no_match.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/suggest.h"
#include "base/text.h"
#include "pkcs11/token_objects.h"

#include <string.h>

DEFINE_CLEANUP(uri, P11KitUri *, p11_kit_uri_free)

/* The labels found, in order. */
struct labels {
	const char *sought;
	char *text;      /* "a, b"; NULL: none */
	char *nearest;   /* to the one searched for; NULL: none is near */
	size_t distance; /* of that */
	size_t count;
};

enum { LABELS_SHOWN = 8 };

static void free_labels(struct labels *labels)
{
	free(labels->text);
	free(labels->nearest);
}

static void meet(struct labels *labels, const char *label)
{
	struct suggestion nearest = {labels->sought, strlen(labels->sought), labels->nearest,
				     labels->distance};

	if (++labels->count <= LABELS_SHOWN)
		text_append(&labels->text, "%s%s", labels->text == NULL ? "" : ", ", label);
	if (strcmp(label, labels->sought) != 0)
		suggest(&nearest, label);
	if (nearest.found != labels->nearest) {
		free(labels->nearest);
		labels->nearest = strdup(label);
		labels->distance = nearest.distance;
	}
}

/* "it has: a, b; did you mean 'a'?", with the verb before it. */
static char *told(const struct labels *labels, const char *verb, const char *none)
{
	size_t more = labels->count > LABELS_SHOWN ? labels->count - LABELS_SHOWN : 0;
	char *text =
		labels->text == NULL ? strdup(none) : text_format("%s: %s", verb, labels->text);

	if (more > 0)
		text_append(&text, " and %zu more", more);
	if (labels->nearest != NULL)
		text_append(&text, "; did you mean '%s'?", labels->nearest);
	return text;
}

/* ---- What was sought ---- */

/* A private key, unless its type says otherwise. */
static const char *wanted(const struct chronosign_key *key)
{
	const CK_ATTRIBUTE *class = p11_kit_uri_get_attribute(key->uri->parsed, CKA_CLASS);

	if (class != NULL && *(const CK_OBJECT_CLASS *)class->pValue == CKO_PUBLIC_KEY)
		return "public key";
	if (class != NULL && *(const CK_OBJECT_CLASS *)class->pValue == CKO_CERTIFICATE)
		return "certificate";
	return "key";
}

/* NULL without memory, empty if the URI has none. */
static char *wanted_label(const struct chronosign_key *key)
{
	const CK_ATTRIBUTE *name = p11_kit_uri_get_attribute(key->uri->parsed, CKA_LABEL);

	return name == NULL ? strdup("") : text_of_others(name->pValue, name->ulValueLen, false);
}

/* "key 'web' with the id 0a". */
static char *describe(const struct chronosign_key *key)
{
	const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(key->uri->parsed, CKA_ID);
	CLEANUP(cleanup_text) char *label = wanted_label(key);
	char *text = strdup(wanted(key));

	if (label != NULL && label[0] != '\0')
		text_append(&text, " '%s'", label);
	if (id != NULL)
		text_append(&text, " with the id ");
	for (CK_ULONG i = 0; id != NULL && i < id->ulValueLen; i++)
		text_append(&text, "%02x", ((const CK_BYTE *)id->pValue)[i]);
	return text;
}

/* ---- What there is ---- */

static bool is_new(const struct token_objects *objects, size_t which, P11KitUri *any)
{
	const struct token_object *object = &objects->list[which];

	for (size_t i = 0; i < which; i++)
		if (objects->list[i].label_length == object->label_length &&
		    memcmp(objects->list[i].label, object->label, object->label_length) == 0 &&
		    token_object_is_key(objects, &objects->list[i], any))
			return false;
	return token_object_is_key(objects, object, any);
}

static char *label_of(const struct token_object *object)
{
	return object->label_length == 0
		       ? strdup("one without a label")
		       : text_of_others((const char *)object->label, object->label_length, false);
}

/* What the token has in place of the key. */
static char *list_keys(const struct chronosign_key *key, struct pkcs11_token *token)
{
	CLEANUP(token_objects_clear) struct token_objects objects = {0};
	CLEANUP(cleanup_error) struct chronosign_error *trouble = NULL;
	CLEANUP(cleanup_uri) P11KitUri *any = p11_kit_uri_new();
	CLEANUP(cleanup_text) char *sought = wanted_label(key);
	CLEANUP(free_labels) struct labels labels = {.sought = sought};

	/* One that is a mere store of certificates, or does not open, has not been looked into. */
	if (token->session.handle == CK_INVALID_HANDLE || any == NULL || sought == NULL)
		return strdup("it shows no key");
	token_objects_load(&objects, token, &trouble);
	for (size_t i = 0; i < objects.count; i++) {
		CLEANUP(cleanup_text) char *label = label_of(&objects.list[i]);
		if (label == NULL || !is_new(&objects, i, any))
			continue;
		if (strcmp(label, sought) == 0 && objects.list[i].class != CKO_PRIVATE_KEY &&
		    strcmp(wanted(key), "key") == 0)
			return strdup("it shows its public half and no private key: it has none, "
				      "or hides it from this login");
		meet(&labels, label);
	}
	if (trouble == NULL)
		return told(&labels, "it has", "it has no RSA key");
	CLEANUP(cleanup_text)
	char *none = text_format("it shows no key (%s)", chronosign_error_message(trouble));
	return told(&labels, "it has", none == NULL ? "it shows no key" : none);
}

/* ---- The errors ---- */

bool no_match_looked_at(const struct pkcs11_search *search, const char *why_not,
			struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &search->tokens;

	for (size_t i = 0; why_not != NULL && i < tokens->count; i++)
		error_append(error, "  %s (%s): %s", tokens->list[i].uri,
			     tokens->list[i].module->name, why_not);
	for (size_t i = 0; i < tokens->other_count; i++)
		error_append(error, "  %s (%s): the URI names another token", tokens->others[i].uri,
			     tokens->others[i].module->name);
	for (size_t i = 0; i < tokens->passed_over_count; i++)
		error_append(error, "  %s (%s): %s", tokens->passed_over[i].what,
			     tokens->passed_over[i].module->name, tokens->passed_over[i].reason);
	if (search->modules.count == 0)
		error_append(error, "  no PKCS#11 module: none is registered with p11-kit; name "
				    "one by --pkcs11-module");
	if (search->modules.unloadable != NULL)
		error_append(error, "%s", search->modules.unloadable);
	return false;
}

static bool has_failures(const struct pkcs11_search *search)
{
	const struct pkcs11_tokens *tokens = &search->tokens;

	for (size_t i = 0; i < tokens->passed_over_count; i++)
		if (tokens->passed_over[i].module->failure != NULL ||
		    (tokens->passed_over[i].result != CKR_OK &&
		     tokens->passed_over[i].result != CKR_TOKEN_NOT_PRESENT))
			return true;
	return search->modules.unloadable != NULL;
}

bool no_match_token(const struct pkcs11_search *search, struct chronosign_error **error)
{
	const CK_TOKEN_INFO *asked = p11_kit_uri_get_token_info(search->key->uri->parsed);

	/* What the URI leaves open is zeros (p11_kit_uri_match_token_info). */
	if (search->tokens.count > 0 || asked->label[0] == '\0')
		return true;
	CLEANUP(cleanup_text) char *label = pkcs11_token_label(asked);
	if (label == NULL)
		return error_out_of_memory(error);
	CLEANUP(free_labels)
	struct labels labels = {.sought = label};

	for (size_t i = 0; i < search->tokens.other_count; i++)
		meet(&labels, search->tokens.others[i].label);
	CLEANUP(cleanup_text) char *there = told(&labels, "there are", "there is none");
	error_set(error, CHRONOSIGN_ERROR_KEY, "no token '%s'; %s", label,
		  there == NULL ? "" : there);
	error_append(error, "looked at:");
	return no_match_looked_at(search, NULL, error);
}

/* What else was looked at tells nothing, unless something of it has failed. */
static bool no_key_in(const struct pkcs11_search *search, struct pkcs11_token *token,
		      struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *what = describe(search->key);
	CLEANUP(cleanup_text) char *there = list_keys(search->key, token);

	error_set(error, CHRONOSIGN_ERROR_KEY, "no %s in token '%s'; %s",
		  what == NULL ? "key" : what, token->shown, there == NULL ? "" : there);
	return has_failures(search) && no_match_looked_at(search, NULL, error);
}

bool pkcs11_search_no_match(const struct pkcs11_search *search, struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &search->tokens;
	struct pkcs11_token *only = tokens->count == 1 ? tokens->list : search->token;

	if (!no_match_token(search, error))
		return false;
	if (only != NULL)
		return no_key_in(search, only, error);
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "no %s matches '%s'; looked at:", wanted(search->key), search->key->name);
	for (size_t i = 0; tokens->list != NULL && i < tokens->count; i++) {
		CLEANUP(cleanup_text) char *there = list_keys(search->key, &tokens->list[i]);
		error_append(error, "  %s (%s): %s", tokens->list[i].uri,
			     tokens->list[i].module->name, there == NULL ? "" : there);
	}
	return no_match_looked_at(search, NULL, error);
}
