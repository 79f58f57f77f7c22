/* Choosing token and key for backends that sign by another library. */
#include "signer/look.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "pkcs11/choice.h"
#include "pkcs11/session.h"

#include <string.h>

/* The URI for the library: the token in full, and what the user's URI says of the object. */
static char *exact_uri(const struct look *look)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE attributes[3] = {{CKA_CLASS, &class, sizeof class}};
	const CK_ATTRIBUTE_TYPE named[] = {CKA_ID, CKA_LABEL};
	CK_ULONG count = 1;

	for (size_t i = 0; i < 2; i++) {
		const CK_ATTRIBUTE *attribute =
			p11_kit_uri_get_attribute(look->key.uri->parsed, named[i]);
		if (attribute != NULL)
			attributes[count++] = *attribute;
	}
	return pkcs11_uri_of_object(&look->token->info, attributes, count);
}

bool look_open(struct look *look, const chronosign_key *key, const char *module_path,
	       chronosign_error **error)
{
	*look = (struct look){.key = *key};
	if (module_path != NULL)
		look->key.module_path = (char *)module_path;
	if (!pkcs11_match_possible(key, error) ||
	    !pkcs11_modules_open(&look->key, &look->modules, error) ||
	    !pkcs11_tokens_list(&look->modules, key->uri->parsed, &look->tokens, error))
		return false;
	look->token = pkcs11_token_choose(&look->tokens, &look->modules, &look->key, error);
	if (look->token == NULL)
		return false;
	key_notice(key, CHRONOSIGN_NOTICE_DETAIL, "token: %s, by %s", look->token->uri,
		   look->token->module->name);
	look->label = strdup(look->token->label);
	look->uri = exact_uri(look);
	return (look->label != NULL && look->uri != NULL) || error_out_of_memory(error);
}

const char *look_module_file(const struct look *look, const char *who, chronosign_error **error)
{
	const char *name = look->token->module->name;

	if (name[0] == '/' || look->modules.registered == NULL)
		return name;
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "%s loads modules by their file, and the module '%s' of the token '%s' has none; "
		  "use the signer pkcs11",
		  who, name, look->token->uri);
	return NULL;
}

bool look_count(struct look *look, size_t *count, chronosign_error **error)
{
	struct pkcs11_objects found;

	if (!pkcs11_session_open(look->token, error) ||
	    !pkcs11_objects_find(look->token, CKO_PRIVATE_KEY, look->key.uri->parsed, &found,
				 error))
		return false;
	*count = found.count;
	return true;
}

bool look_key(struct look *look, chronosign_error **error)
{
	struct pkcs11_objects found;

	return pkcs11_session_open(look->token, error) &&
	       pkcs11_objects_find(look->token, CKO_PRIVATE_KEY, look->key.uri->parsed, &found,
				   error) &&
	       pkcs11_match_one(look->token, &found, &look->tokens, &look->modules, &look->key,
				&look->private_key, error);
}

EVP_PKEY *look_public_key(struct look *look, chronosign_error **error)
{
	return pkcs11_public_key(look->token, &look->private_key, error);
}

bool look_before_login(struct look *look, chronosign_error **error)
{
	if (!pkcs11_session_open(look->token, error))
		return false;
	if (!pkcs11_token_needs_login(look->token))
		return true;
	if (!pkcs11_session_may_try(look->token, &look->key, error))
		return false;
	if (pkcs11_session_has_pin_pad(look->token, &look->key))
		key_notice(&look->key, CHRONOSIGN_NOTICE_ACTION,
			   "enter the PIN of the token '%s' on its reader", look->token->label);
	return true;
}

static bool is_logged_in(struct look *look)
{
	CK_SESSION_INFO info;

	return pkcs11_session_open(look->token, NULL) &&
	       CRYPTOKI(look->token->module, C_GetSessionInfo, look->token->session, &info) ==
		       CKR_OK &&
	       (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
}

bool look_explain(struct look *look, const char *who, const char *reasons, bool pin_tried,
		  chronosign_error **error)
{
	if (pin_tried && !is_logged_in(look)) {
		pkcs11_token_refresh(look->token);
		error_set(
			error, CHRONOSIGN_ERROR_KEY,
			"%s has no login to the token '%s': the PIN may be wrong or locked, and is "
			"not tried again: %s",
			who, look->token->uri, reasons);
		return error_append(error, "%s", pkcs11_session_tries_left(look->token));
	}
	return look_key(look, error) &&
	       error_set(error, CHRONOSIGN_ERROR_KEY, "%s cannot open the key '%s': %s", who,
			 look->key.name, reasons);
}

void look_rest(struct look *look)
{
	pkcs11_tokens_free(&look->tokens);
	look->token = NULL;
}

void look_close(struct look *look)
{
	pkcs11_tokens_free(&look->tokens);
	pkcs11_modules_close(&look->modules);
	free(look->label);
	free(look->uri);
	*look = (struct look){0};
}
