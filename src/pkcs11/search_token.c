/* Chooses the token: a PIN is offered to one token only, so the choice has to be certain. */
#include "pkcs11/search_token.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "key/pin.h"
#include "pkcs11/no_match.h"
#include "pkcs11/session.h"
#include "pkcs11/short_uri.h"
#include "pkcs11/token_objects.h"

/* What a token shows without login. */
enum sight {
	SHOWS_NOTHING, /* it needs no login, and has no such key */
	MAY_LOG_IN, /* the same, but the user gave a PIN: some tokens hide private objects even so */
	MAY_HIDE_KEY, /* nothing is visible, but it hides private objects before login */
	SHOWS_KEY, /* the private key itself, or a public key or certificate that belongs to it */
};

struct candidate {
	enum sight sight;
	struct chronosign_error *trouble; /* the first call that failed while it was looked at */
};

static void free_candidates(struct candidate *candidates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		chronosign_error_free(candidates[i].trouble);
	free(candidates);
}

static bool shows(struct pkcs11_token *token, CK_OBJECT_CLASS class, P11KitUri *uri,
		  struct chronosign_error **trouble)
{
	CLEANUP(pkcs11_objects_clear) struct pkcs11_objects found = {0};

	return pkcs11_objects_find_named(token, class, uri, &found,
					 *trouble == NULL ? trouble : NULL) &&
	       found.count > 0;
}

bool search_token_is_forced(const struct chronosign_key *key)
{
	return key->force_login || pin_is_given(key);
}

static enum sight look(struct pkcs11_token *token, P11KitUri *uri,
		       struct chronosign_error **trouble)
{
	bool needs_login = pkcs11_token_needs_login(token);

	if (!needs_login && !pkcs11_token_computes(token))
		return SHOWS_NOTHING;
	bool forced = search_token_is_forced(token->module->key);

	if (!pkcs11_session_open(token, trouble))
		return needs_login ? MAY_HIDE_KEY : forced ? MAY_LOG_IN : SHOWS_NOTHING;
	if (shows(token, CKO_PRIVATE_KEY, uri, trouble))
		return SHOWS_KEY;
	if (!needs_login)
		return forced ? MAY_LOG_IN : SHOWS_NOTHING;
	return shows(token, CKO_PUBLIC_KEY, uri, trouble) ||
			       shows(token, CKO_CERTIFICATE, uri, trouble)
		       ? SHOWS_KEY
		       : MAY_HIDE_KEY;
}

enum cryptoki_retry search_token_retry(const struct pkcs11_search *search)
{
	const struct pkcs11_tokens *tokens = &search->tokens;
	enum cryptoki_retry retry = RETRY_NEVER;

	for (size_t i = 0; i < tokens->count && retry != RETRY_TOKEN; i++)
		if (tokens->list[i].session.retry != RETRY_NEVER)
			retry = tokens->list[i].session.retry;
	for (size_t i = 0; i < tokens->passed_over_count; i++)
		if (cryptoki_retry(tokens->passed_over[i].result) == RETRY_TOKEN)
			retry = RETRY_TOKEN;
	return retry;
}

/* Adds to *error why tokens could not be seen in full. */
static void add_troubles(const struct pkcs11_search *search, const struct candidate *candidates,
			 struct chronosign_error **error)
{
	for (size_t i = 0; i < search->tokens.count; i++)
		if (candidates[i].trouble != NULL)
			error_append(error, "  not seen in full: %s",
				     chronosign_error_message(candidates[i].trouble));
}

void search_token_detail(const struct pkcs11_search *search, const struct pkcs11_token *token)
{
	CLEANUP(cleanup_text) char *uri = short_uri_in_full(token, NULL, 0);

	key_notice(search->key, CHRONOSIGN_NOTICE_DETAIL, "token: %s, by %s",
		   uri == NULL ? token->uri : uri, token->module->name);
}

/* The token's URI with what the user's says of the key. */
static void tell_token(const struct pkcs11_search *search, const struct pkcs11_token *token,
		       struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *uri = short_uri_as_asked(token, search->key->uri->parsed);

	error_append(error, "  '%s'", uri == NULL ? token->uri : uri);
}

static bool ambiguous(const struct pkcs11_search *search, const struct candidate *candidates,
		      enum sight clearest, struct chronosign_error **error)
{
	error_set(error, CHRONOSIGN_ERROR_KEY, "'%s' %s; use one of these:", search->key->name,
		  clearest < SHOWS_KEY
			  ? "may be in several tokens, and no PIN is tried on more than one"
			  : "is in several tokens");
	for (size_t i = 0; i < search->tokens.count; i++) {
		struct pkcs11_token *token = &search->tokens.list[i];
		CLEANUP(token_objects_clear) struct token_objects objects = {0};
		if (candidates[i].sight != clearest)
			continue;
		search_token_detail(search, token);
		if (clearest == SHOWS_KEY)
			token_objects_load(&objects, token, NULL);
		if (!token_objects_tell(&objects, token, ANY_CLASS, search->key->uri->parsed,
					error))
			tell_token(search, token, error);
	}
	return false;
}

/* A slot whose token could not be identified, and so may be the right one; the same of a module that does not load or
 * answer, unless a person sees in the prompt which token the PIN is for. */
static bool is_unknown(const struct pkcs11_passed_over *left_out)
{
	const struct pkcs11_module *module = left_out->module;

	if (!left_out->is_slot)
		return (module->failure != NULL || left_out->result != CKR_OK) &&
		       pin_is_given(module->key);
	return left_out->result != CKR_OK && left_out->result != CKR_TOKEN_NOT_PRESENT &&
	       left_out->result != CKR_TOKEN_NOT_RECOGNIZED;
}

static size_t count_unknown(const struct pkcs11_search *search)
{
	const struct pkcs11_tokens *tokens = &search->tokens;
	size_t count = search->modules.unloadable != NULL && pin_is_given(search->key);

	for (size_t i = 0; i < tokens->passed_over_count; i++)
		count += is_unknown(&tokens->passed_over[i]);
	return count;
}

size_t search_token_count(const struct pkcs11_search *search)
{
	return search->tokens.count + count_unknown(search);
}

/* One that was there when all were listed before may be the right one, too. */
static bool is_gone(const struct pkcs11_search *search)
{
	return search_token_count(search) < search->seen;
}

static bool has_unknown(const struct pkcs11_search *search)
{
	return count_unknown(search) > 0 || is_gone(search);
}

static bool names_token(const struct chronosign_key *key)
{
	const CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(key->uri->parsed);

	return info->label[0] != 0 || info->serialNumber[0] != 0 ||
	       p11_kit_uri_get_slot_id(key->uri->parsed) != (CK_SLOT_ID)-1;
}

/* Always returns false. */
static bool not_certain(const struct pkcs11_search *search, const struct pkcs11_token *token,
			struct chronosign_error **error)
{
	error_set(
		error, CHRONOSIGN_ERROR_KEY,
		"'%s' may be in a token that does not answer, and its PIN is tried on no other; if "
		"this one is meant, use this:",
		search->key->name);
	tell_token(search, token, error);
	return false;
}

bool pkcs11_search_is_certain(const struct pkcs11_search *search, const struct pkcs11_token *token,
			      struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &search->tokens;

	if (!has_unknown(search) || names_token(search->key))
		return true;
	not_certain(search, token, error);
	for (size_t i = 0; i < tokens->passed_over_count; i++)
		if (is_unknown(&tokens->passed_over[i]))
			error_append(error, "  %s (%s): %s", tokens->passed_over[i].what,
				     tokens->passed_over[i].module->name,
				     tokens->passed_over[i].reason);
	if (is_gone(search))
		error_append(error, "  a token that was there a moment ago: it is gone");
	return search->modules.unloadable == NULL
		       ? false
		       : error_append(error, "%s", search->modules.unloadable);
}

/* What could not be looked at may show the key, when it can; all that are listed are of the URI's name. */
static bool others_are_seen(const struct pkcs11_search *search, const struct candidate *candidates,
			    const struct pkcs11_token *chosen, struct chronosign_error **error)
{
	size_t unseen = 0;

	for (size_t i = 0; i < search->tokens.count; i++)
		unseen += candidates[i].trouble != NULL && &search->tokens.list[i] != chosen;
	return unseen == 0 || !pin_is_given(search->key) || not_certain(search, chosen, error);
}

/* Whether that is the token: no PIN goes to another one. */
static bool is_the_one(const struct pkcs11_search *search, const struct candidate *candidates,
		       const struct pkcs11_token *chosen, struct chronosign_error **error)
{
	bool shows_key = candidates[chosen - search->tokens.list].sight == SHOWS_KEY;

	if (shows_key && !pkcs11_token_needs_login(chosen))
		return true;
	return (shows_key || pkcs11_search_is_certain(search, chosen, error)) &&
	       others_are_seen(search, candidates, chosen, error);
}

static struct pkcs11_token *choose(struct pkcs11_search *search, struct candidate *candidates,
				   struct chronosign_error **error)
{
	struct pkcs11_token *chosen = NULL;
	enum sight clearest = SHOWS_NOTHING;
	size_t equals = 0;

	for (size_t i = 0; i < search->tokens.count; i++) {
		struct pkcs11_token *token = &search->tokens.list[i];
		candidates[i].sight = look(token, search->key->uri->parsed, &candidates[i].trouble);
		if (candidates[i].sight > clearest) {
			clearest = candidates[i].sight;
			chosen = token;
			equals = 0;
		}
		equals += candidates[i].sight == clearest;
	}
	if (clearest == SHOWS_NOTHING)
		pkcs11_search_no_match(search, error);
	else if (equals > 1)
		ambiguous(search, candidates, clearest, error);
	else if (is_the_one(search, candidates, chosen, error))
		return chosen;
	add_troubles(search, candidates, error);
	return NULL;
}

struct pkcs11_token *search_token_for_key(struct pkcs11_search *search,
					  struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &search->tokens;

	if (tokens->count == 1 && !has_unknown(search))
		return &tokens->list[0];
	struct candidate *candidates = calloc(tokens->count + 1, sizeof *candidates);
	if (candidates == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	struct pkcs11_token *chosen = choose(search, candidates, error);
	free_candidates(candidates, tokens->count);
	return chosen;
}

/* A token that a key can be put into, as far as can be told without a login. */
static bool takes_keys(const struct pkcs11_token *token)
{
	return (token->info.flags & CKF_WRITE_PROTECTED) == 0 && pkcs11_token_computes(token);
}

struct pkcs11_token *search_token_for_new_key(struct pkcs11_search *search,
					      struct chronosign_error **error)
{
	const struct pkcs11_tokens *tokens = &search->tokens;
	struct pkcs11_token *chosen = NULL;
	size_t count = 0;

	for (size_t i = 0; i < tokens->count; i++)
		if (takes_keys(&tokens->list[i])) {
			chosen = &tokens->list[i];
			count++;
		}
	if (count == 1)
		return pkcs11_search_is_certain(search, chosen, error) ? chosen : NULL;
	if (count == 0 && !no_match_token(search, error))
		return NULL;
	if (count == 0) {
		error_set(error, CHRONOSIGN_ERROR_KEY,
			  "no token for a new key matches '%s'; looked at:", search->key->name);
		no_match_looked_at(search, "it takes no keys", error);
		return NULL;
	}
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "'%s' matches several tokens; use one of these:", search->key->name);
	for (size_t i = 0; i < tokens->count; i++)
		if (takes_keys(&tokens->list[i]))
			tell_token(search, &tokens->list[i], error);
	return NULL;
}
