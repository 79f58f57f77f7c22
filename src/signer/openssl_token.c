/* Choosing token and key for backends that sign by another library. */
#include "signer/openssl_token.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "pkcs11/session.h"
#include "pkcs11/short_uri.h"
#include "signer/openssl_key.h"
#include "signer/openssl_reasons.h"

#include <string.h>

bool openssl_token_open(struct openssl_token *token, struct openssl_ui *ui, const char *module_path,
			struct chronosign_error **error)
{
	*token = (struct openssl_token){.search = {.key = ui->key, .module_path = module_path},
					.ui = ui};
	if (!pkcs11_search_is_for_private_key(ui->key, error) ||
	    !pkcs11_search_open(&token->search, FIND_KEY, error))
		return false;
	token->uri = short_uri_for_library(token->search.token, ui->key->uri->parsed);
	ui->token = token->search.token;
	return token->uri != NULL || error_out_of_memory(error);
}

const char *openssl_token_module_file(const struct openssl_token *token, const char *who,
				      struct chronosign_error **error)
{
	const struct pkcs11_search *search = &token->search;
	const char *name = search->token->module->name;
	bool by_path =
		search->module_path != NULL || pkcs11_module_choice(search->key).path != NULL;

	if (name[0] == '/' || by_path)
		return name;
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "%s loads modules by their file, and the module '%s' of the token '%s' has none; "
		  "use the signer pkcs11",
		  who, name, search->token->uri);
	return NULL;
}

bool openssl_token_before_login(struct openssl_token *token, struct chronosign_error **error)
{
	struct pkcs11_token *chosen = token->search.token;

	if (!pkcs11_session_open(chosen, error))
		return false;
	if (!pkcs11_token_needs_login(chosen))
		return true;
	if (!pkcs11_session_may_try(chosen, error))
		return error_mark_login(error);
	if (!pkcs11_session_has_pin_pad(chosen))
		return true;
	if (!pkcs11_token_is_still_there(chosen, error))
		return error_mark_login(error);
	key_notice(token->search.key, CHRONOSIGN_NOTICE_ACTION,
		   "enter the PIN of the token '%s' on its reader", chosen->shown);
	return true;
}

bool openssl_token_log_in_if_it_hides(struct openssl_token *token, struct chronosign_error **error)
{
	struct pkcs11_search *search = &token->search;
	size_t count = 0;

	if (pkcs11_token_needs_login(search->token) || !pkcs11_search_may_log_in(search))
		return true;
	if (!pkcs11_search_count(search, &count, error))
		return false;
	return count > 0 || pkcs11_session_login(search->token, error);
}

/* p11-kit-client.so gives each of its users a connection, and so a login, of its own. The PIN is a good
 * one: the library has logged in by it. */
static bool find_key(struct openssl_token *token, struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;

	if (pkcs11_search_visible_key(&token->search, &reason))
		return true;
	if (!token->ui->given || pkcs11_session_is_logged_in(token->search.token))
		return error_move(error, &reason);
	return pkcs11_session_login(token->search.token, error) &&
	       pkcs11_search_visible_key(&token->search, error);
}

bool openssl_token_read_key(struct openssl_token *token, EVP_PKEY **public_key,
			    struct chronosign_error **error)
{
	if (!find_key(token, error))
		return false;
	pkcs11_session_warn_later(token->search.token);
	*public_key = pkcs11_public_key(token->search.token, &token->search.private_key, error);
	return *public_key != NULL;
}

/* A library that fails before a login does not say so: the PIN counts as wrong only if that was
 * observed. */
bool openssl_token_explain(struct openssl_token *token, const char *who, bool pin_given,
			   struct chronosign_error **error)
{
	struct pkcs11_token *chosen = token->search.token;
	struct openssl_cause cause;
	CLEANUP(cleanup_text) char *reasons = openssl_reasons_with_cause(&cause);
	bool by_reader = pkcs11_token_needs_login(chosen) && pkcs11_session_has_pin_pad(chosen);
	bool logged_in = (!pin_given && !by_reader) || pkcs11_session_is_logged_in(chosen);
	bool refused = cause.pin_refused || (!logged_in && pkcs11_session_lost_a_try(chosen));

	if (refused)
		key_login_refused(token->search.key);
	if (!logged_in && refused) {
		error_set(error, CHRONOSIGN_ERROR_KEY,
			  "wrong or locked PIN for token '%s', tried once by %s (%s)%s",
			  chosen->label, who, reasons, pkcs11_session_tries_now(chosen));
		return error_mark_login(error);
	}
	if (!logged_in) {
		error_set(error, CHRONOSIGN_ERROR_KEY, "token '%s': %s cannot log in: %s",
			  chosen->label, who, reasons);
		return error_mark_login(error);
	}
	return pkcs11_search_visible_key(&token->search, error) &&
	       error_set(error, CHRONOSIGN_ERROR_KEY, "%s cannot open the key '%s': %s%s", who,
			 token->search.key->name, reasons,
			 chosen->session.logged_in ? "; use --signer pkcs11" : "");
}

bool openssl_token_finish_key(struct openssl_token *token, const EVP_PKEY *pkey, const char *name,
			      EVP_PKEY **public_key, struct chronosign_error **error)
{
	if (token->search.token != NULL) {
		bool read = openssl_token_read_key(token, public_key, error);
		openssl_token_rest(token);
		return read;
	}
	CLEANUP(cleanup_text) char *what = text_format("the key '%s'", name);
	if (what == NULL)
		return error_out_of_memory(error);
	if (!openssl_key_check_rsa(pkey, what, error))
		return false;
	*public_key = openssl_key_public_half(pkey, what, error);
	return *public_key != NULL;
}

void openssl_token_rest(struct openssl_token *token)
{
	for (size_t i = 0; i < token->search.tokens.count; i++)
		pkcs11_session_close(&token->search.tokens.list[i]);
}

void openssl_token_close(struct openssl_token *token)
{
	pkcs11_search_close(&token->search);
	free(token->uri);
	*token = (struct openssl_token){0};
}
