/* Slots and the tokens in them: those that a URI can mean, and why the others cannot be meant.
 * Sessions are in session.h. */
#ifndef PKCS11_TOKEN_H
#define PKCS11_TOKEN_H

#include "pkcs11/module.h"

#include <p11-kit/uri.h>

struct pkcs11_token {
	const struct pkcs11_module *module;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	CK_SESSION_HANDLE session; /* CK_INVALID_HANDLE if there is none */
	char *uri;                 /* to copy into a command line */
	char *label;               /* printable, without its padding */
};

/* What was looked at and left out. */
struct pkcs11_passed_over {
	const struct pkcs11_module *module;
	char *what; /* "slot 3", the URI of a token, or "module" */
	char *reason;
	bool is_slot;
	CK_RV result; /* of the call that failed; CKR_OK if none did */
	bool by_uri;  /* nothing is wrong with it: the URI means another one */
};

struct pkcs11_tokens {
	struct pkcs11_token *list;
	size_t count;
	struct pkcs11_passed_over *passed_over;
	size_t passed_over_count;
};

/*
 * Lists the tokens of all initialised modules that match the URI's module, slot and token
 * attributes and are initialised. A slot or module that answers with an error is passed over with
 * its reason. The modules must outlive the tokens.
 */
bool pkcs11_tokens_list(const struct pkcs11_modules *modules, P11KitUri *uri,
			struct pkcs11_tokens *tokens, chronosign_error **error);

/* The same for every slot, those without a token too, which are passed over with that reason. */
bool pkcs11_tokens_survey(const struct pkcs11_modules *modules, P11KitUri *uri,
			  struct pkcs11_tokens *tokens, chronosign_error **error);

/* Closes the tokens' sessions, and frees. */
void pkcs11_tokens_free(struct pkcs11_tokens *tokens);

/* Reads the token's flags again, after a login has gone wrong. On failure the old ones stay. */
void pkcs11_token_refresh(struct pkcs11_token *token);

/* True if the token has any mechanism at all: stores of certificates have none, and need not be
 * searched for a key. */
bool pkcs11_token_computes(const struct pkcs11_token *token);

static inline bool pkcs11_token_needs_login(const struct pkcs11_token *token)
{
	return (token->info.flags & CKF_LOGIN_REQUIRED) != 0;
}

#endif
