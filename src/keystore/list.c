/* The list of RSA keys in the machine's tokens, each with a URI that finds it again, and of what is
 * left out. What tells a token's objects apart, and which belong together, is in token_objects.c. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "key/pin.h"
#include "keystore/token_objects.h"
#include "pkcs11/choice.h"
#include "pkcs11/object.h"
#include "pkcs11/session.h"

#include <chronosign/keystore.h>
#include <string.h>

struct listing {
	const chronosign_key *key;
	bool log_in;
	struct pkcs11_modules modules;
	struct pkcs11_tokens tokens;
	chronosign_key_list *list;
	struct pkcs11_token_objects objects; /* of the token that is looked at */
};

DEFINE_CLEANUP(list, chronosign_key_list *, chronosign_key_list_free)
DEFINE_CLEANUP(uri, P11KitUri *, p11_kit_uri_free)

static void close_listing(struct listing *listing)
{
	pkcs11_token_objects_clear(&listing->objects);
	pkcs11_tokens_free(&listing->tokens);
	pkcs11_modules_close(&listing->modules);
}

void chronosign_key_list_free(chronosign_key_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->key_count; i++) {
		free(list->keys[i].token);
		free(list->keys[i].module);
		free(list->keys[i].label);
		free(list->keys[i].id);
		free(list->keys[i].uri);
	}
	for (size_t i = 0; i < list->left_out_count; i++) {
		free(list->left_out[i].what);
		free(list->left_out[i].module);
		free(list->left_out[i].reason);
	}
	for (size_t i = 0; i < list->hiding_count; i++)
		free(list->hiding[i]);
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
	return line == NULL ? NULL : text_printable(line, strlen(line), false);
}

static bool leave_out(chronosign_key_list *list, const char *what, const char *module,
		      const char *reason, chronosign_error **error)
{
	chronosign_left_out *more =
		reallocarray(list->left_out, list->left_out_count + 1, sizeof *more);

	if (more == NULL)
		return error_out_of_memory(error);
	list->left_out = more;
	chronosign_left_out *row = &more[list->left_out_count++];
	row->what = one_line(what);
	row->module = one_line(module);
	row->reason = one_line(reason);
	return (row->what != NULL && row->module != NULL && row->reason != NULL) ||
	       error_out_of_memory(error);
}

static bool leave_out_token(struct listing *listing, const struct pkcs11_token *token,
			    const char *reason, chronosign_error **error)
{
	return leave_out(listing->list, token->uri, token->module->name, reason, error);
}

/* p11-kit says a line for each module that it could not load. */
static bool leave_out_unloadable(struct listing *listing, chronosign_error **error)
{
	const struct pkcs11_modules *modules = &listing->modules;
	CLEANUP(cleanup_text)
	char *lines =
		modules->named || modules->unloadable == NULL ? NULL : strdup(modules->unloadable);
	char *rest = NULL;

	for (char *line = lines == NULL ? NULL : strtok_r(lines, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		if (!leave_out(listing->list, "module", "p11-kit", line + strspn(line, " "), error))
			return false;
	return true;
}

static bool leave_out_passed_over(struct listing *listing, chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &listing->tokens;

	for (size_t i = 0; i < tokens->passed_over_count; i++) {
		const struct pkcs11_passed_over *passed = &tokens->passed_over[i];
		if (!passed->by_uri && !leave_out(listing->list, passed->what, passed->module->name,
						  passed->reason, error))
			return false;
	}
	return leave_out_unloadable(listing, error);
}

/* ---- What is listed ---- */

/* Tells tokens apart that say the same of themselves: the same one by two modules, or two slots.
 * What the user's own URI says of the module stays: there may be no other way to it. */
static void set_apart(const struct listing *listing, const struct pkcs11_token *token,
		      P11KitUri *uri)
{
	const P11KitUri *asked = listing->key->uri->parsed;

	if (p11_kit_uri_get_module_path(asked) != NULL)
		p11_kit_uri_set_module_path(uri, p11_kit_uri_get_module_path(asked));
	if (p11_kit_uri_get_module_name(asked) != NULL)
		p11_kit_uri_set_module_name(uri, p11_kit_uri_get_module_name(asked));
	for (size_t i = 0; i < listing->tokens.count; i++) {
		const struct pkcs11_token *other = &listing->tokens.list[i];
		if (other == token || strcmp(other->uri, token->uri) != 0)
			continue;
		if (other->module == token->module)
			p11_kit_uri_set_slot_id(uri, token->slot);
		else if (token->module->name[0] == '/')
			p11_kit_uri_set_module_path(uri, token->module->name);
	}
}

static bool add_attribute(P11KitUri *uri, CK_ATTRIBUTE_TYPE type, const void *value, size_t length)
{
	CK_ATTRIBUTE attribute = {type, (void *)value, length};

	return length == 0 || p11_kit_uri_set_attribute(uri, &attribute) == P11_KIT_URI_OK;
}

static char *object_uri(const struct listing *listing, const struct pkcs11_token *token,
			const struct pkcs11_token_object *object)
{
	CLEANUP(cleanup_uri) P11KitUri *uri = p11_kit_uri_new();
	char *text = NULL;

	if (uri == NULL || !pkcs11_token_object_is_unique(&listing->objects, object))
		return NULL;
	CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(uri);
	memcpy(info->label, token->info.label, sizeof info->label);
	memcpy(info->manufacturerID, token->info.manufacturerID, sizeof info->manufacturerID);
	memcpy(info->model, token->info.model, sizeof info->model);
	memcpy(info->serialNumber, token->info.serialNumber, sizeof info->serialNumber);
	set_apart(listing, token, uri);
	if (!add_attribute(uri, CKA_CLASS, &object->class, sizeof object->class) ||
	    !add_attribute(uri, CKA_ID, object->id, object->id_length) ||
	    !add_attribute(uri, CKA_LABEL, object->label, object->label_length) ||
	    p11_kit_uri_format(uri, P11_KIT_URI_FOR_ANY, &text) != P11_KIT_URI_OK)
		return NULL;
	return text;
}

static bool is_asked_for(const struct listing *listing, const struct pkcs11_token_object *object)
{
	CK_ATTRIBUTE attributes[] = {
		{CKA_CLASS, (void *)&object->class, sizeof object->class},
		{CKA_ID, object->id, object->id_length},
		{CKA_LABEL, object->label, object->label_length},
	};

	return p11_kit_uri_match_attributes(listing->key->uri->parsed, attributes, 3) == 1;
}

/* A certificate stands for its key only where no key object shows. */
static bool is_listed(const struct listing *listing, const struct pkcs11_token_object *object)
{
	if (!object->is_rsa || !is_asked_for(listing, object))
		return false;
	return object->class != CKO_CERTIFICATE ||
	       (pkcs11_companion(&listing->objects, object, CKO_PRIVATE_KEY) == NULL &&
		pkcs11_companion(&listing->objects, object, CKO_PUBLIC_KEY) == NULL);
}

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
			const struct pkcs11_token_object *object, chronosign_error **error)
{
	chronosign_key_list *list = listing->list;
	chronosign_listed_key *more = reallocarray(list->keys, list->key_count + 1, sizeof *more);

	if (more == NULL)
		return error_out_of_memory(error);
	list->keys = more;
	chronosign_listed_key *key = &more[list->key_count++];
	*key = (chronosign_listed_key){
		.kind = object->class == CKO_PRIVATE_KEY  ? CHRONOSIGN_LISTED_PRIVATE
			: object->class == CKO_PUBLIC_KEY ? CHRONOSIGN_LISTED_PUBLIC
							  : CHRONOSIGN_LISTED_CERTIFICATE,
		.token = strdup(token->label),
		.module = one_line(token->module->name),
		.label = text_printable((const char *)object->label, object->label_length, false),
		.id = hexadecimal(object->id, object->id_length),
		.can_sign = object->can_sign,
		.pin_for_each = object->pin_for_each,
		.uri = object_uri(listing, token, object),
	};
	key->public_half = pkcs11_half_source(&listing->objects, object, &key->bits);
	return (key->token != NULL && key->module != NULL && key->label != NULL &&
		key->id != NULL) ||
	       error_out_of_memory(error);
}

/* ---- Token by token ---- */

/* Logs in if that is asked for. A token that refuses still shows what is public. */
static bool log_in(struct listing *listing, struct pkcs11_token *token, bool *logged_in,
		   chronosign_error **error)
{
	CLEANUP(cleanup_error) chronosign_error *reason = NULL;
	CLEANUP(cleanup_secret) chronosign_secret *pin = NULL;

	*logged_in = false;
	if (!listing->log_in || !pkcs11_token_needs_login(token))
		return true;
	*logged_in = pkcs11_session_login(token, listing->key, &pin, &reason);
	if (*logged_in)
		return true;
	listing->list->login_failed = true;
	return leave_out_token(listing, token, chronosign_error_message(reason), error);
}

static bool note_hiding(chronosign_key_list *list, const struct pkcs11_token *token,
			chronosign_error **error)
{
	char **more = reallocarray(list->hiding, list->hiding_count + 1, sizeof *more);

	if (more == NULL)
		return error_out_of_memory(error);
	list->hiding = more;
	more[list->hiding_count] = strdup(token->uri);
	if (more[list->hiding_count] == NULL)
		return error_out_of_memory(error);
	list->hiding_count++;
	return true;
}

/* An object that cannot be read is left out, and the others are not. */
static bool read_objects(struct listing *listing, struct pkcs11_token *token, CK_OBJECT_CLASS class,
			 chronosign_error **error)
{
	CK_OBJECT_HANDLE *handles = NULL;
	size_t count = 0;

	if (!pkcs11_objects_list(token, class, &handles, &count, error))
		return false;
	CLEANUP(cleanup_memory) void *memory = handles;
	for (size_t i = 0; i < count; i++) {
		CLEANUP(cleanup_error) chronosign_error *reason = NULL;
		if (!pkcs11_token_objects_add(&listing->objects, token, handles[i], class,
					      &reason) &&
		    !leave_out_token(listing, token, chronosign_error_message(reason), error))
			return false;
	}
	return true;
}

static bool list_objects(struct listing *listing, struct pkcs11_token *token,
			 chronosign_error **error)
{
	static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE};
	CLEANUP(cleanup_error) chronosign_error *reason = NULL;

	pkcs11_token_objects_clear(&listing->objects);
	for (size_t i = 0; i < 3; i++)
		if (!read_objects(listing, token, classes[i], &reason))
			return leave_out_token(listing, token, chronosign_error_message(reason),
					       error);
	for (size_t i = 0; i < listing->objects.count; i++)
		if (is_listed(listing, &listing->objects.list[i]) &&
		    !list_object(listing, token, &listing->objects.list[i], error))
			return false;
	return true;
}

static bool list_token(struct listing *listing, struct pkcs11_token *token,
		       chronosign_error **error)
{
	CLEANUP(cleanup_error) chronosign_error *reason = NULL;
	bool logged_in;

	if (!pkcs11_token_computes(token))
		return leave_out_token(listing, token,
				       "a store of certificates: it has no mechanism to sign by",
				       error);
	if (!pkcs11_session_open(token, &reason))
		return leave_out_token(listing, token, chronosign_error_message(reason), error);
	if (!log_in(listing, token, &logged_in, error))
		return false;
	if (!logged_in && pkcs11_token_needs_login(token) &&
	    !note_hiding(listing->list, token, error))
		return false;
	return list_objects(listing, token, error);
}

/* One PIN is for one token: given beforehand, it must be certain for which. */
static bool check_login(const struct listing *listing, chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &listing->tokens;
	const struct pkcs11_token *last = NULL;
	size_t count = 0;

	for (size_t i = 0; i < tokens->count; i++)
		if (pkcs11_token_needs_login(&tokens->list[i])) {
			last = &tokens->list[i];
			count++;
		}
	if (!listing->log_in || count == 0 || !pin_is_given(listing->key))
		return true;
	if (count == 1)
		return pkcs11_token_is_certain(tokens, last, listing->key, error);
	error_set(
		error, CHRONOSIGN_ERROR_KEY,
		"a PIN is given, and %zu tokens have a login; no PIN is tried on more than one, so "
		"name one of:",
		count);
	for (size_t i = 0; i < tokens->count; i++)
		if (pkcs11_token_needs_login(&tokens->list[i]))
			error_append(error, "  %s", tokens->list[i].uri);
	return false;
}

static bool list_all(struct listing *listing, chronosign_error **error)
{
	const chronosign_key *key = listing->key;

	if (!pkcs11_modules_open(key, &listing->modules, error) ||
	    !pkcs11_tokens_survey(&listing->modules, key->uri->parsed, &listing->tokens, error) ||
	    !check_login(listing, error))
		return false;
	for (size_t i = 0; i < listing->tokens.count; i++)
		if (!list_token(listing, &listing->tokens.list[i], error))
			return false;
	return leave_out_passed_over(listing, error);
}

chronosign_key_list *chronosign_key_list_make(const chronosign_key *where, bool log_in_too,
					      chronosign_error **error)
{
	CLEANUP(cleanup_list) chronosign_key_list *list = calloc(1, sizeof *list);
	CLEANUP(close_listing)
	struct listing listing = {.key = where, .log_in = log_in_too, .list = list};

	if (list == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (where->kind != REFERENCE_PKCS11) {
		error_set(error, CHRONOSIGN_ERROR_USAGE,
			  "'%s' is no pkcs11: URI; only the keys of tokens are listed",
			  where->name);
		return NULL;
	}
	return list_all(&listing, error) ? TAKE(list) : NULL;
}
