/* The survey: copied from a search, so that it can outlive it. */
#include "keystore/survey.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/search.h"
#include "pkcs11/short_uri.h"

#include <string.h>

void survey_free(struct survey *survey)
{
	if (survey == NULL)
		return;
	for (size_t i = 0; i < survey->token_count; i++) {
		free(survey->tokens[i].uri);
		free(survey->tokens[i].full_uri);
		free(survey->tokens[i].module);
		free(survey->tokens[i].warning);
		free(survey->tokens[i].mechanisms);
	}
	for (size_t i = 0; i < survey->left_out_count; i++) {
		free(survey->left_out[i].what);
		free(survey->left_out[i].module);
		free(survey->left_out[i].reason);
	}
	free(survey->tokens);
	free(survey->left_out);
	free(survey->unloadable);
	free(survey);
}

static bool add_unloadable(const struct pkcs11_modules *modules, struct survey *to,
			   struct chronosign_error **error)
{
	if (modules->unloadable == NULL)
		return true;
	to->unloadable = strdup(modules->unloadable);
	return to->unloadable != NULL || error_out_of_memory(error);
}

static bool leave_out(struct survey *survey, const char *what, const char *module,
		      const char *reason)
{
	struct left_out *row = &survey->left_out[survey->left_out_count++];

	*row = (struct left_out){strdup(what), strdup(module), strdup(reason)};
	return row->what != NULL && row->module != NULL && row->reason != NULL;
}

/* A module that does not start is listed as a module, not as a slot. */
static bool add_left_out(const struct pkcs11_search *from, struct survey *to,
			 struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &from->tokens;
	bool good = true;

	to->left_out =
		calloc(tokens->passed_over_count + tokens->other_count + 1, sizeof *to->left_out);
	if (to->left_out == NULL)
		return error_out_of_memory(error);
	for (size_t i = 0; good && i < tokens->other_count; i++)
		good = leave_out(to, tokens->others[i].uri, tokens->others[i].module->name,
				 "the URI names another token");
	for (size_t i = 0; good && i < tokens->passed_over_count; i++) {
		const struct pkcs11_passed_over *passed = &tokens->passed_over[i];
		good = passed->module->failure != NULL ||
		       leave_out(to, passed->what, passed->module->name, passed->reason);
	}
	return good || error_out_of_memory(error);
}

static bool describe_token(const struct pkcs11_token *token, struct surveyed_token *row,
			   struct chronosign_error **error)
{
	const char *warning = pkcs11_session_warning(token);

	row->needs_login = pkcs11_token_needs_login(token);
	row->pin_pad = (token->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
	row->login_refused = row->needs_login && pkcs11_session_is_refused(token);
	row->uri = strdup(token->uri);
	row->full_uri = short_uri_in_full(token, NULL, 0);
	row->module = strdup(token->module->name);
	row->warning = warning == NULL ? NULL : strdup(warning);
	row->mechanisms_known = pkcs11_mechanisms(token, &row->mechanisms);
	return (row->uri != NULL && row->full_uri != NULL && row->module != NULL &&
		(warning == NULL) == (row->warning == NULL)) ||
	       error_out_of_memory(error);
}

static bool add_tokens(const struct pkcs11_search *from, struct survey *to,
		       struct chronosign_error **error)
{
	to->tokens = calloc(from->tokens.count + 1, sizeof *to->tokens);
	if (to->tokens == NULL)
		return error_out_of_memory(error);
	while (to->token_count < from->tokens.count) {
		size_t i = to->token_count++;
		if (!describe_token(&from->tokens.list[i], &to->tokens[i], error))
			return false;
	}
	return true;
}

/* Opening the key reports why there is no choice. */
static void mark_chosen(struct pkcs11_search *search, struct survey *survey)
{
	survey->chosen = search->tokens.count > 0 && pkcs11_search_choose(search, NULL)
				 ? (size_t)(search->token - search->tokens.list)
				 : survey->token_count;
}

static bool make(struct pkcs11_search *search, struct survey *survey,
		 struct chronosign_error **error)
{
	if (search->key->kind != KEY_IN_TOKEN)
		return error_set(
			error, CHRONOSIGN_ERROR_USAGE,
			"'%s' is not a pkcs11: URI, and only the way to tokens is surveyed",
			search->key->name);
	if (!pkcs11_search_is_for_private_key(search->key, error) ||
	    !pkcs11_search_open(search, FIND_TOKENS, error) ||
	    !add_unloadable(&search->modules, survey, error) ||
	    !add_tokens(search, survey, error) || !add_left_out(search, survey, error))
		return false;
	mark_chosen(search, survey);
	return true;
}

struct survey *survey_make(const struct chronosign_key *key, pkcs11_module_tried *tried,
			   void *context, struct chronosign_error **error)
{
	CLEANUP(cleanup_survey) struct survey *survey = calloc(1, sizeof *survey);
	CLEANUP(pkcs11_search_close)
	struct pkcs11_search search = {.key = key, .tried = tried, .context = context};

	if (survey == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	return make(&search, survey, error) ? TAKE(survey) : NULL;
}
