/* Slots and the tokens in them: those that match a URI, and why the others do not. A token has
 * at most one session (session.h). */
#ifndef PKCS11_TOKEN_H
#define PKCS11_TOKEN_H

#include "key/key.h"
#include "pkcs11/module.h"

#include <p11-kit/uri.h>
#include <stddef.h>

/* A session with a token: its handle, the login, and the PIN. */
struct pkcs11_session {
	CK_SESSION_HANDLE handle; /* CK_INVALID_HANDLE if there is none */
	bool logged_in;
	bool again;                    /* opened again after a loss */
	bool warn_later;               /* of an earlier wrong PIN, once the login has succeeded */
	struct chronosign_secret *pin; /* kept for a key that wants it at every signature, and for a
					  second try */
	enum cryptoki_retry retry;     /* whether the first call that failed may be retried */
};

struct pkcs11_token {
	const struct pkcs11_module *module;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	struct pkcs11_session session;
	char *label;       /* printable, without its padding */
	char *uri;         /* the shortest that tells it from all others: see short_uri.h */
	const char *shown; /* in messages: its label, or its URI where others have that label */
	P11KitUri *asked;  /* what a URI of it has to keep, NULL: nothing */
	bool asked_place;  /* that of the slot and the library, too */
	unsigned told_by;  /* the attributes in `uri` */
};

/* A slot or module that was left out. */
struct pkcs11_passed_over {
	const struct pkcs11_module *module;
	char *what; /* "slot 3" or "module" */
	char *reason;
	bool is_slot;
	CK_RV result; /* of the call that failed; CKR_OK if none did */
	bool by_uri;  /* nothing is wrong with it: the URI means another one */
};

struct pkcs11_tokens {
	struct pkcs11_token *list;
	size_t count;
	struct pkcs11_token *others; /* the URI means another one; they have no session */
	size_t other_count;
	struct pkcs11_passed_over *passed_over;
	size_t passed_over_count;
};

/*
 * Lists the tokens of all initialised modules that match the URI's module, slot and token
 * attributes and are initialised. A slot or module that answers with an error is passed over with
 * its reason, and so is, with `empty_slots`, a slot without a token. The modules must outlive the
 * tokens.
 */
bool pkcs11_tokens_list(const struct pkcs11_modules *modules, P11KitUri *uri, bool empty_slots,
			struct pkcs11_tokens *tokens, struct chronosign_error **error);

/* The label, printable and without its padding. The caller frees it; NULL if memory is out. */
char *pkcs11_token_label(const CK_TOKEN_INFO *info);

/* Closes the tokens' sessions, and frees. */
void pkcs11_tokens_free(struct pkcs11_tokens *tokens);

/* Label, manufacturer, model and serial number, the first members: they tell a token from others. */
enum { TOKEN_IDENTITY_SIZE = offsetof(CK_TOKEN_INFO, flags) };
_Static_assert((int)TOKEN_IDENTITY_SIZE == (int)KEY_TOKEN_IDENTITY_SIZE, "the owner of a PIN");

/* Reads the token's flags again, after a failed login. On failure the old ones are kept, and if
 * another token is in the slot now. */
void pkcs11_token_refresh(struct pkcs11_token *token);

/* Reads the identity of the token in the slot: false with *error set if it is another one by now. */
bool pkcs11_token_is_still_there(struct pkcs11_token *token, struct chronosign_error **error);

/* True if the token has any mechanism: certificate stores have none, and are not searched for a
 * key. */
bool pkcs11_token_computes(const struct pkcs11_token *token);

/* A call on the token failed: sets *error, and notes in the session whether to try again. Always
 * false. */
bool pkcs11_token_failed(struct pkcs11_token *token, const char *function, CK_RV result,
			 const char *what, struct chronosign_error **error);

static inline bool pkcs11_token_needs_login(const struct pkcs11_token *token)
{
	return (token->info.flags & CKF_LOGIN_REQUIRED) != 0;
}

#endif
