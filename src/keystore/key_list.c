/* The list of RSA keys in the machine's tokens, each with a URI that finds it again, and of what is
 * left out. What a token's objects are called, and which belong together, is in token_objects.c. */
#include "keystore/key_list.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "key/pin.h"
#include "pkcs11/no_match.h"
#include "pkcs11/session.h"
#include "pkcs11/short_uri.h"

#include <string.h>

struct listing {
	struct pkcs11_search search;
	bool log_in;
	struct key_list *list;
	struct token_objects objects; /* of the token that is looked at */
};

static void close_listing(struct listing *listing)
{
	token_objects_clear(&listing->objects);
	pkcs11_search_close(&listing->search);
}

void key_list_free(struct key_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->key_count; i++) {
		free(list->keys[i].token);
		free(list->keys[i].module);
		free(list->keys[i].label);
		free(list->keys[i].id);
		free(list->keys[i].uri);
		free(list->keys[i].full_uri);
	}
	for (size_t i = 0; i < list->left_out_count; i++) {
		free(list->left_out[i].what);
		free(list->left_out[i].module);
		free(list->left_out[i].reason);
	}
	for (size_t i = 0; i < list->hiding_count; i++) {
		free(list->hiding[i].label);
		free(list->hiding[i].uri);
		free(list->hiding[i].full_uri);
		free(list->hiding[i].place);
	}
	free(list->keys);
	free(list->left_out);
	free(list->hiding);
	free(list);
}

/* ---- What is left out ---- */

/* A row is a line. */
static char *one_line(const char *text)
{
	CLEANUP(cleanup_text) char *line = strdup(text);

	for (char *end = line; end != NULL && *end != '\0'; end++)
		if (*end == '\n')
			*end = ' ';
	return line == NULL ? NULL : text_of_others(line, strlen(line), false);
}

static bool leave_out(struct key_list *list, const char *what, const char *module,
		      const char *reason, struct chronosign_error **error)
{
	struct left_out *more =
		reallocarray(list->left_out, list->left_out_count + 1, sizeof *more);

	if (more == NULL)
		return error_out_of_memory(error);
	list->left_out = more;
	struct left_out *row = &more[list->left_out_count++];
	row->what = one_line(what);
	row->module = one_line(module);
	row->reason = one_line(reason);
	return (row->what != NULL && row->module != NULL && row->reason != NULL) ||
	       error_out_of_memory(error);
}

static bool leave_out_token(struct listing *listing, const struct pkcs11_token *token,
			    const char *reason, struct chronosign_error **error)
{
	return leave_out(listing->list, token->uri, token->module->name, reason, error);
}

/* p11-kit says a line for each module that it could not load. */
static bool leave_out_unloadable(struct listing *listing, struct chronosign_error **error)
{
	const char *unloadable = listing->search.modules.unloadable;
	CLEANUP(cleanup_text) char *lines = unloadable == NULL ? NULL : strdup(unloadable);
	char *rest = NULL;

	for (char *line = lines == NULL ? NULL : strtok_r(lines, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		if (!leave_out(listing->list, "module", "p11-kit", line + strspn(line, " "), error))
			return false;
	return true;
}

static bool leave_out_passed_over(struct listing *listing, struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &listing->search.tokens;

	for (size_t i = 0; i < tokens->passed_over_count; i++) {
		const struct pkcs11_passed_over *passed = &tokens->passed_over[i];
		if (!passed->by_uri && !leave_out(listing->list, passed->what, passed->module->name,
						  passed->reason, error))
			return false;
	}
	return leave_out_unloadable(listing, error);
}

/* ---- What is listed ---- */

static char *hexadecimal(const CK_BYTE *bytes, size_t length)
{
	char *text = malloc(2 * length + 1);

	if (text == NULL)
		return NULL;
	text[0] = '\0';
	for (size_t i = 0; i < length; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	return text;
}

static bool list_object(struct listing *listing, const struct pkcs11_token *token,
			const struct token_object *object, struct chronosign_error **error)
{
	struct key_list *list = listing->list;
	struct listed_key *more = reallocarray(list->keys, list->key_count + 1, sizeof *more);

	if (more == NULL)
		return error_out_of_memory(error);
	list->keys = more;
	struct listed_key *key = &more[list->key_count++];
	*key = (struct listed_key){
		.kind = object->class == CKO_PRIVATE_KEY  ? LISTED_PRIVATE
			: object->class == CKO_PUBLIC_KEY ? LISTED_PUBLIC
							  : LISTED_CERTIFICATE,
		.token = strdup(token->label),
		.module = one_line(token->module->name),
		.label = text_of_others((const char *)object->label, object->label_length, false),
		.id = hexadecimal(object->id, object->id_length),
		.can_sign = object->can_sign,
		.pin_for_each = object->pin_for_each,
		.uri = token_object_uri(&listing->objects, object, token, false),
		.full_uri = token_object_uri(&listing->objects, object, token, true),
	};
	key->public_half = token_object_half_source(&listing->objects, object, &key->bits);
	return (key->token != NULL && key->module != NULL && key->label != NULL &&
		key->id != NULL) ||
	       error_out_of_memory(error);
}

/* ---- Token by token ---- */

/* A token that refuses the login still shows its public objects. */
static bool log_in(struct listing *listing, struct pkcs11_token *token,
		   struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;

	if (pkcs11_session_login(token, &reason))
		return true;
	listing->list->login_failed = true;
	return leave_out_token(listing, token, chronosign_error_message(reason), error);
}

static bool note_hiding(struct key_list *list, const struct pkcs11_token *token,
			struct chronosign_error **error)
{
	CK_ATTRIBUTE label = {CKA_LABEL, (void *)"", 0};
	struct hiding_token *more =
		reallocarray(list->hiding, list->hiding_count + 1, sizeof *more);

	if (more == NULL)
		return error_out_of_memory(error);
	list->hiding = more;
	struct hiding_token *row = &more[list->hiding_count++];
	*row = (struct hiding_token){strdup(token->label), strdup(token->uri),
				     short_uri_in_full(token, NULL, 0),
				     short_uri_with(token, &label, 1)};
	return (row->label != NULL && row->uri != NULL && row->full_uri != NULL &&
		row->place != NULL) ||
	       error_out_of_memory(error);
}

/* Only the objects that cannot be read are left out. */
static bool list_objects(struct listing *listing, struct pkcs11_token *token,
			 struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;
	P11KitUri *asked = listing->search.key->uri->parsed;

	token_objects_clear(&listing->objects);
	token_objects_load(&listing->objects, token, &reason);
	for (size_t i = 0; i < listing->objects.count; i++)
		if (token_object_is_key(&listing->objects, &listing->objects.list[i], asked) &&
		    !list_object(listing, token, &listing->objects.list[i], error))
			return false;
	return reason == NULL ||
	       leave_out_token(listing, token, chronosign_error_message(reason), error);
}

static bool shows_private_keys(struct pkcs11_token *token)
{
	CLEANUP(pkcs11_objects_clear) struct pkcs11_objects found = {0};
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;

	return !pkcs11_objects_list(token, CKO_PRIVATE_KEY, &found, &reason) || found.count > 0;
}

/* Some tokens that require no login hide private keys all the same. */
static bool wants_login(const struct listing *listing, struct pkcs11_token *token)
{
	return listing->log_in &&
	       (pkcs11_token_needs_login(token) ||
		(listing->search.tokens.count == 1 && !shows_private_keys(token)));
}

static bool list_token(struct listing *listing, struct pkcs11_token *token,
		       struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;

	if (!pkcs11_token_computes(token))
		return leave_out_token(listing, token,
				       "a store of certificates: it has no mechanism to sign by",
				       error);
	if (!pkcs11_session_open(token, &reason))
		return leave_out_token(listing, token, chronosign_error_message(reason), error);
	if (wants_login(listing, token) && !log_in(listing, token, error))
		return false;
	if (pkcs11_token_needs_login(token) && !token->session.logged_in &&
	    !note_hiding(listing->list, token, error))
		return false;
	return list_objects(listing, token, error);
}

/* A PIN that is given beforehand is for one token, which must be certain. */
static bool check_login(const struct listing *listing, struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &listing->search.tokens;
	/* See wants_login. */
	const struct pkcs11_token *last = tokens->count == 1 ? tokens->list : NULL;
	size_t count = 0;

	for (size_t i = 0; i < tokens->count; i++)
		if (pkcs11_token_needs_login(&tokens->list[i])) {
			last = &tokens->list[i];
			count++;
		}
	if (!listing->log_in || last == NULL || !pin_is_given(listing->search.key))
		return true;
	if (count <= 1)
		return pkcs11_search_is_certain(&listing->search, last, error);
	error_set(
		error, CHRONOSIGN_ERROR_KEY,
		"a PIN is given, and %zu tokens have a login; no PIN is tried on more than one, so "
		"name one of:",
		count);
	for (size_t i = 0; i < tokens->count; i++)
		if (pkcs11_token_needs_login(&tokens->list[i]))
			error_append(error, "  '%s'", tokens->list[i].uri);
	return false;
}

static bool list_all(struct listing *listing, struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *none = NULL;

	if (!pkcs11_search_open(&listing->search, FIND_SLOTS, error) ||
	    !check_login(listing, error))
		return false;
	if (!no_match_token(&listing->search, &none))
		/* What was looked at is in the list of what is left out. */
		key_notice(listing->search.key, CHRONOSIGN_NOTICE_WARNING, "%.*s",
			   (int)strcspn(chronosign_error_message(none), "\n"),
			   chronosign_error_message(none));
	for (size_t i = 0; i < listing->search.tokens.count; i++)
		if (!list_token(listing, &listing->search.tokens.list[i], error))
			return false;
	return leave_out_passed_over(listing, error);
}

struct key_list *key_list_make(const struct chronosign_key *where, bool log_in_too,
			       struct chronosign_error **error)
{
	CLEANUP(cleanup_list) struct key_list *list = calloc(1, sizeof *list);
	CLEANUP(close_listing)
	struct listing listing = {.search = {.key = where}, .log_in = log_in_too, .list = list};

	if (list == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (where->kind != KEY_IN_TOKEN) {
		error_set(error, CHRONOSIGN_ERROR_USAGE,
			  "'%s' is not a pkcs11: URI, and only the keys of tokens are listed",
			  where->name);
		return NULL;
	}
	return list_all(&listing, error) ? TAKE(list) : NULL;
}
