/* Nothing matches: the error names what there is, and what was probably meant. */
#include "pkcs11/no_match.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/suggest.h"
#include "base/text.h"
#include "pkcs11/token_objects.h"

#include <string.h>

/* Labels that were met, one after the other. */
struct labels {
	char *text;    /* "a, b"; NULL: none */
	char *nearest; /* to the one that was sought; NULL: none is near */
	struct suggestion sought;
	bool has_sought; /* it is among them: of a public half, or with another id */
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
	struct suggestion *sought = &labels->sought;

	if (++labels->count <= LABELS_SHOWN)
		text_append(&labels->text, "%s%s", labels->text == NULL ? "" : ", ", label);
	if (strcmp(label, sought->word) == 0) {
		labels->has_sought = true;
		return;
	}
	sought->found = labels->nearest;
	suggest(sought, label);
	if (sought->found != NULL && sought->found != labels->nearest) {
		free(labels->nearest);
		labels->nearest = strdup(label);
	}
}

static char *list(const struct labels *labels, const char *verb, const char *none)
{
	if (labels->text == NULL)
		return strdup(none);
	return labels->count <= LABELS_SHOWN
		       ? text_format("%s: %s", verb, labels->text)
		       : text_format("%s: %s and %zu more", verb, labels->text,
				     labels->count - LABELS_SHOWN);
}

static bool did_you_mean(const struct labels *labels, struct chronosign_error **error)
{
	return labels->nearest == NULL ? false
				       : error_append(error, "did you mean '%s'?", labels->nearest);
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

/* "key 'web' with the id 0a". */
static char *describe(const struct chronosign_key *key, const char *label)
{
	const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(key->uri->parsed, CKA_ID);
	char *text = strdup(wanted(key));

	if (label[0] != '\0')
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

/* What the token has: "it has: a, b". */
static char *list_keys(struct labels *labels, struct pkcs11_token *token)
{
	CLEANUP(token_objects_clear) struct token_objects objects = {0};
	CLEANUP(cleanup_error) struct chronosign_error *trouble = NULL;
	P11KitUri *any = p11_kit_uri_new();

	free(TAKE(labels->text));
	labels->count = 0;
	/* One that is a mere store of certificates, or does not open, has not been looked into. */
	if (token->session.handle == CK_INVALID_HANDLE)
		return strdup("it shows no key");
	token_objects_load(&objects, token, &trouble);
	for (size_t i = 0; any != NULL && i < objects.count; i++) {
		const struct token_object *object = &objects.list[i];
		if (!is_new(&objects, i, any))
			continue;
		CLEANUP(cleanup_text)
		char *label = object->label_length == 0
				      ? strdup("one without a label")
				      : text_printable((const char *)object->label,
						       object->label_length, false);
		if (label != NULL)
			meet(labels, label);
	}
	p11_kit_uri_free(any);
	return list(labels, "it has", trouble == NULL ? "it has no RSA key" : "it shows no key");
}

/* ---- The errors ---- */

static void passed_over(const struct pkcs11_search *search, struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &search->tokens;

	for (size_t i = 0; i < tokens->passed_over_count; i++)
		error_append(error, "  %s (%s): %s", tokens->passed_over[i].what,
			     tokens->passed_over[i].module->name, tokens->passed_over[i].reason);
	if (search->modules.count == 0)
		error_append(error, "  no PKCS#11 module: none is registered with p11-kit; name "
				    "one by --pkcs11-module");
	if (search->modules.unloadable != NULL)
		error_append(error, "%s", search->modules.unloadable);
}

static void others(const struct pkcs11_search *search, struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &search->tokens;

	for (size_t i = 0; i < tokens->other_count; i++)
		error_append(error, "  %s (%s): the URI names another token", tokens->others[i].uri,
			     tokens->others[i].module->name);
}

bool no_match_looked_at(const struct pkcs11_search *search, const char *why_not,
			struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &search->tokens;

	for (size_t i = 0; i < tokens->count; i++)
		error_append(error, "  %s (%s): %s", tokens->list[i].uri,
			     tokens->list[i].module->name, why_not);
	others(search, error);
	passed_over(search, error);
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
	CLEANUP(cleanup_text)
	char *label = pkcs11_token_label(p11_kit_uri_get_token_info(search->key->uri->parsed));

	if (search->tokens.count > 0 || label == NULL || label[0] == '\0')
		return true;
	CLEANUP(free_labels)
	struct labels labels = {.sought = {.word = label, .length = strlen(label)}};

	for (size_t i = 0; i < search->tokens.other_count; i++)
		meet(&labels, search->tokens.others[i].label);
	CLEANUP(cleanup_text) char *there = list(&labels, "there are", "there is none");
	error_set(error, CHRONOSIGN_ERROR_KEY, "no token '%s'; %s; looked at:", label,
		  there == NULL ? "" : there);
	no_match_looked_at(search, "", error);
	return did_you_mean(&labels, error);
}

/* What else was looked at tells nothing, unless something of it has failed. */
static bool no_key_in(const struct pkcs11_search *search, struct pkcs11_token *token,
		      struct labels *labels, struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *what = describe(search->key, labels->sought.word);

	CLEANUP(cleanup_text) char *there = list_keys(labels, token);
	if (labels->has_sought &&
	    p11_kit_uri_get_attribute(search->key->uri->parsed, CKA_ID) == NULL)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "token '%s' shows the public half of the key '%s' and no private "
				 "key; it has none, or hides it from this login",
				 token->shown, labels->sought.word);
	error_set(error, CHRONOSIGN_ERROR_KEY, "no %s in token '%s'; %s%s%s%s",
		  what == NULL ? "key" : what, token->shown, there == NULL ? "" : there,
		  labels->nearest == NULL ? "" : "; did you mean '",
		  labels->nearest == NULL ? "" : labels->nearest,
		  labels->nearest == NULL ? "" : "'?");
	if (has_failures(search))
		passed_over(search, error);
	return false;
}

static bool no_key_in_any(const struct pkcs11_search *search, struct labels *labels,
			  struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &search->tokens;

	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "no %s matches '%s'; looked at:", wanted(search->key), search->key->name);
	for (size_t i = 0; i < tokens->count; i++) {
		CLEANUP(cleanup_text) char *there = list_keys(labels, &tokens->list[i]);
		error_append(error, "  %s (%s): %s", tokens->list[i].uri,
			     tokens->list[i].module->name, there == NULL ? "" : there);
	}
	others(search, error);
	passed_over(search, error);
	return did_you_mean(labels, error);
}

bool pkcs11_search_no_match(const struct pkcs11_search *search, struct chronosign_error **error)
{
	P11KitUri *asked = search->key->uri->parsed;
	const CK_ATTRIBUTE *name = p11_kit_uri_get_attribute(asked, CKA_LABEL);
	CLEANUP(cleanup_text)
	char *label =
		name == NULL ? strdup("") : text_printable(name->pValue, name->ulValueLen, false);
	struct pkcs11_token *only = search->tokens.count == 1 ? search->tokens.list : search->token;

	if (label == NULL)
		return error_out_of_memory(error);
	CLEANUP(free_labels)
	struct labels labels = {.sought = {.word = label, .length = strlen(label)}};
	if (!no_match_token(search, error))
		return false;
	return only != NULL ? no_key_in(search, only, &labels, error)
			    : no_key_in_any(search, &labels, error);
}
