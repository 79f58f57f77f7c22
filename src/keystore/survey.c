/* What can be told of the way to a key before any login: modules, tokens, what a login would meet,
 * and the mechanisms. */
#include "base/error.h"
#include "base/text.h"
#include "pkcs11/choice.h"
#include "pkcs11/match.h"
#include "pkcs11/mechanism.h"
#include "pkcs11/session.h"

#include <chronosign/keystore.h>
#include <string.h>

struct survey {
	chronosign_survey rows; /* what the caller sees */
	const chronosign_key *key;
	struct pkcs11_modules modules;
	struct pkcs11_tokens tokens;
};

static void free_rows(chronosign_survey *survey)
{
	for (size_t i = 0; i < survey->module_count; i++) {
		free(survey->modules[i].name);
		free(survey->modules[i].failure);
	}
	for (size_t i = 0; i < survey->token_count; i++) {
		free(survey->tokens[i].uri);
		free(survey->tokens[i].module);
		free(survey->tokens[i].warning);
		free(survey->tokens[i].mechanisms);
	}
	for (size_t i = 0; i < survey->left_out_count; i++) {
		free(survey->left_out[i].what);
		free(survey->left_out[i].module);
		free(survey->left_out[i].reason);
	}
	free(survey->modules);
	free(survey->tokens);
	free(survey->left_out);
	free(survey->unloadable);
}

void chronosign_survey_free(chronosign_survey *survey)
{
	struct survey *all = (struct survey *)survey;

	if (all == NULL)
		return;
	free_rows(survey);
	pkcs11_tokens_free(&all->tokens);
	pkcs11_modules_close(&all->modules);
	free(all);
}

static bool add_modules(const struct survey *from, chronosign_survey *to, chronosign_error **error)
{
	const struct pkcs11_modules *modules = &from->modules;

	to->modules = calloc(modules->count + 1, sizeof *to->modules);
	if (to->modules == NULL)
		return error_out_of_memory(error);
	for (; to->module_count < modules->count; to->module_count++) {
		const struct pkcs11_module *module = &modules->list[to->module_count];
		const char *failure =
			module->failure == NULL ? "it does not start" : module->failure;
		chronosign_surveyed_module *row = &to->modules[to->module_count];
		row->name = text_printable(module->name, strlen(module->name), false);
		row->failure = module->initialized
				       ? NULL
				       : text_printable(failure, strlen(failure), false);
		if (row->name == NULL || (!module->initialized && row->failure == NULL))
			return error_out_of_memory(error);
	}
	if (modules->named || modules->unloadable == NULL)
		return true;
	to->unloadable = strdup(modules->unloadable);
	return to->unloadable != NULL || error_out_of_memory(error);
}

/* A module that does not start is a module already, and no slot. */
static bool add_left_out(const struct survey *from, chronosign_survey *to, chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &from->tokens;

	to->left_out = calloc(tokens->passed_over_count + 1, sizeof *to->left_out);
	if (to->left_out == NULL)
		return error_out_of_memory(error);
	for (size_t i = 0; i < tokens->passed_over_count; i++) {
		const struct pkcs11_passed_over *passed = &tokens->passed_over[i];
		if (!passed->module->initialized)
			continue;
		chronosign_left_out *row = &to->left_out[to->left_out_count++];
		row->what = strdup(passed->what);
		row->module = strdup(passed->module->name);
		row->reason = strdup(passed->reason);
		if (row->what == NULL || row->module == NULL || row->reason == NULL)
			return error_out_of_memory(error);
	}
	return true;
}

static bool describe_token(const struct survey *from, const struct pkcs11_token *token,
			   chronosign_surveyed_token *row, chronosign_error **error)
{
	const char *warning = pkcs11_session_warning(token);

	row->needs_login = pkcs11_token_needs_login(token);
	row->pin_pad = (token->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
	row->login_refused = row->needs_login && pkcs11_session_is_refused(token, from->key);
	row->uri = strdup(token->uri);
	row->module = strdup(token->module->name);
	row->warning = warning == NULL ? NULL : strdup(warning);
	row->mechanisms_known = pkcs11_mechanisms(token, &row->mechanisms);
	return (row->uri != NULL && row->module != NULL &&
		(warning == NULL) == (row->warning == NULL)) ||
	       error_out_of_memory(error);
}

static bool add_tokens(const struct survey *from, chronosign_survey *to, chronosign_error **error)
{
	to->tokens = calloc(from->tokens.count + 1, sizeof *to->tokens);
	if (to->tokens == NULL)
		return error_out_of_memory(error);
	while (to->token_count < from->tokens.count) {
		size_t i = to->token_count++;
		if (!describe_token(from, &from->tokens.list[i], &to->tokens[i], error))
			return false;
	}
	return true;
}

/* What stands against a choice is told by who opens the key. */
static void mark_chosen(struct survey *from, chronosign_survey *to)
{
	const struct pkcs11_token *chosen =
		from->tokens.count == 0
			? NULL
			: pkcs11_token_choose(&from->tokens, &from->modules, from->key, NULL);

	to->chosen = chosen == NULL ? to->token_count : (size_t)(chosen - from->tokens.list);
}

static bool make(struct survey *survey, chronosign_error **error)
{
	const chronosign_key *key = survey->key;

	if (key->kind != REFERENCE_PKCS11)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "'%s' is no pkcs11: URI; only the way to tokens is surveyed",
				 key->name);
	return pkcs11_match_possible(key, error) &&
	       pkcs11_modules_open(key, &survey->modules, error) &&
	       pkcs11_tokens_list(&survey->modules, key->uri->parsed, &survey->tokens, error) &&
	       add_modules(survey, &survey->rows, error) &&
	       add_tokens(survey, &survey->rows, error) &&
	       add_left_out(survey, &survey->rows, error);
}

chronosign_survey *chronosign_survey_make(const chronosign_key *key, chronosign_error **error)
{
	struct survey *survey = calloc(1, sizeof *survey);

	if (survey == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	survey->key = key;
	if (!make(survey, error)) {
		chronosign_survey_free(&survey->rows);
		return NULL;
	}
	mark_chosen(survey, &survey->rows);
	return &survey->rows;
}
