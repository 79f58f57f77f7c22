/* Choosing the token: a PIN is offered to one token only, so it has to be certain which. */
#include "pkcs11/choice.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "pkcs11/object.h"
#include "pkcs11/session.h"

/* What a token shows without login. */
typedef enum {
	SHOWS_NOTHING, /* it needs no login, and has no such key */
	MAY_HIDE_KEY,  /* nothing to be seen, but it hides private objects before login */
	SHOWS_KEY, /* the private key itself, or a public key or certificate that belongs to it */
} sight;

static bool shows(struct pkcs11_token *token, CK_OBJECT_CLASS class, P11KitUri *uri)
{
	struct pkcs11_objects found;

	return pkcs11_objects_find(token, class, uri, &found, NULL) && found.count > 0;
}

static sight look(struct pkcs11_token *token, P11KitUri *uri)
{
	bool needs_login = pkcs11_token_needs_login(token);

	if (!needs_login && !pkcs11_token_computes(token))
		return SHOWS_NOTHING;
	if (!pkcs11_session_open(token, NULL))
		return needs_login ? MAY_HIDE_KEY : SHOWS_NOTHING;
	if (shows(token, CKO_PRIVATE_KEY, uri))
		return SHOWS_KEY;
	if (!needs_login)
		return SHOWS_NOTHING;
	return shows(token, CKO_PUBLIC_KEY, uri) || shows(token, CKO_CERTIFICATE, uri)
		       ? SHOWS_KEY
		       : MAY_HIDE_KEY;
}

/* What the URI asks for: a private key, unless its type says otherwise. */
static const char *wanted(const chronosign_key *key)
{
	const CK_ATTRIBUTE *class = p11_kit_uri_get_attribute(key->uri->parsed, CKA_CLASS);

	if (class == NULL)
		return "private key";
	switch (*(const CK_OBJECT_CLASS *)class->pValue) {
	case CKO_PUBLIC_KEY:
		return "public key";
	case CKO_CERTIFICATE:
		return "certificate";
	default:
		return "private key";
	}
}

/* Adds to *error all that was looked at; `why_not` says what speaks against the tokens in the list.
 */
static bool looked_at(const struct pkcs11_tokens *tokens, const struct pkcs11_modules *modules,
		      const char *why_not, chronosign_error **error)
{
	for (size_t i = 0; i < tokens->count; i++)
		error_append(error, "  %s (%s): %s", tokens->list[i].uri,
			     tokens->list[i].module->name, why_not);
	for (size_t i = 0; i < tokens->passed_over_count; i++)
		error_append(error, "  %s (%s): %s", tokens->passed_over[i].what,
			     tokens->passed_over[i].module->name, tokens->passed_over[i].reason);
	if (modules->count == 0)
		error_append(error, "  no PKCS#11 module: none is registered with p11-kit; name "
				    "one by --pkcs11-module");
	if (!modules->named && modules->unloadable != NULL)
		error_append(error, "%s", modules->unloadable);
	return false;
}

bool pkcs11_no_match(const struct pkcs11_tokens *tokens, const struct pkcs11_modules *modules,
		     const chronosign_key *key, chronosign_error **error)
{
	CLEANUP(cleanup_text) char *why_not = text_format("no such %s", wanted(key));

	error_set(error, CHRONOSIGN_ERROR_KEY, "no %s matches '%s'; looked at:", wanted(key),
		  key->name);
	return looked_at(tokens, modules, why_not == NULL ? "no such key" : why_not, error);
}

static bool ambiguous(const struct pkcs11_tokens *tokens, const sight *sights, sight clearest,
		      const chronosign_key *key, chronosign_error **error)
{
	error_set(error, CHRONOSIGN_ERROR_KEY, "'%s' %s; add one of these to name it:", key->name,
		  clearest == MAY_HIDE_KEY
			  ? "may be in several tokens, and no PIN is tried on more than one"
			  : "is in several tokens");
	for (size_t i = 0; i < tokens->count; i++)
		if (sights[i] == clearest)
			error_append(error, "  %s", tokens->list[i].uri);
	return false;
}

static struct pkcs11_token *choose(struct pkcs11_tokens *tokens,
				   const struct pkcs11_modules *modules, sight *sights,
				   const chronosign_key *key, chronosign_error **error)
{
	struct pkcs11_token *chosen = NULL;
	sight clearest = SHOWS_NOTHING;
	size_t equals = 0;

	for (size_t i = 0; i < tokens->count; i++) {
		sights[i] = look(&tokens->list[i], key->uri->parsed);
		if (sights[i] > clearest) {
			clearest = sights[i];
			chosen = &tokens->list[i];
			equals = 0;
		}
		equals += sights[i] == clearest;
	}
	if (clearest == SHOWS_NOTHING)
		pkcs11_no_match(tokens, modules, key, error);
	else if (equals > 1)
		ambiguous(tokens, sights, clearest, key, error);
	else
		return chosen;
	return NULL;
}

struct pkcs11_token *pkcs11_token_choose(struct pkcs11_tokens *tokens,
					 const struct pkcs11_modules *modules,
					 const chronosign_key *key, chronosign_error **error)
{
	if (tokens->count == 0) {
		pkcs11_no_match(tokens, modules, key, error);
		return NULL;
	}
	if (tokens->count == 1)
		return &tokens->list[0];
	CLEANUP(cleanup_memory) void *sights = calloc(tokens->count, sizeof(sight));
	if (sights == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	return choose(tokens, modules, sights, key, error);
}

/* A token that a key can be put into, as far as can be told without a login. */
static bool takes_keys(const struct pkcs11_token *token)
{
	return (token->info.flags & CKF_WRITE_PROTECTED) == 0 && pkcs11_token_computes(token);
}

struct pkcs11_token *pkcs11_token_choose_for_new(struct pkcs11_tokens *tokens,
						 const struct pkcs11_modules *modules,
						 const chronosign_key *key,
						 chronosign_error **error)
{
	struct pkcs11_token *chosen = NULL;
	size_t count = 0;
	CLEANUP(cleanup_text) char *uris = NULL;

	for (size_t i = 0; i < tokens->count; i++)
		if (takes_keys(&tokens->list[i])) {
			chosen = &tokens->list[i];
			count++;
			text_append(&uris, "%s  %s", uris == NULL ? "" : "\n", chosen->uri);
		}
	if (count == 1)
		return chosen;
	if (count == 0) {
		error_set(error, CHRONOSIGN_ERROR_KEY,
			  "no token for a new key matches '%s'; looked at:", key->name);
		looked_at(tokens, modules, "it takes no keys", error);
		return NULL;
	}
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "'%s' names no one token; add one of these to it:", key->name);
	error_append(error, "%s", uris == NULL ? "" : uris);
	return NULL;
}
