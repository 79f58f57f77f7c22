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

bool pkcs11_no_match(const struct pkcs11_tokens *tokens, const struct pkcs11_modules *modules,
		     const chronosign_key *key, chronosign_error **error)
{
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "no private key matches '%s'; looked at:", key->name);
	for (size_t i = 0; i < tokens->count; i++)
		error_append(error, "  %s (%s): no such private key", tokens->list[i].uri,
			     tokens->list[i].module->name);
	if (tokens->passed_over != NULL)
		error_append(error, "%s", tokens->passed_over);
	if (modules->count == 0)
		error_append(error, "  no PKCS#11 module: none is registered with p11-kit; name "
				    "one by --pkcs11-module");
	CLEANUP(cleanup_text)
	char *unloadable = modules->named ? NULL : pkcs11_modules_unloadable();
	if (unloadable != NULL)
		error_append(error, "%s", unloadable);
	return false;
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
