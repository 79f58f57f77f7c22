/*
 * From what the user said to the one key in the one token: the modules, the tokens in their slots,
 * the token that is meant, and the private key on it. Callers that search for a key, or for a place
 * for one, hold one of these and free nothing else.
 */
#ifndef PKCS11_SEARCH_H
#define PKCS11_SEARCH_H

#include "pkcs11/module.h"
#include "pkcs11/object.h"

/* What is searched for, which decides the token. */
enum pkcs11_purpose {
	FIND_KEY,           /* the token that holds, or may hold, the object */
	FIND_PLACE_FOR_KEY, /* one that can take a new key */
	FIND_TOKENS,        /* all of them: none is chosen */
	FIND_SLOTS,         /* and the slots without a token, too */
};

/* Initialised to zeros except for the key. */
struct pkcs11_search {
	const struct chronosign_key *key;
	const char *module_path;    /* the module to look through; NULL: as the key says */
	pkcs11_module_tried *tried; /* NULL: not called */
	void *context;
	struct pkcs11_modules modules;
	struct pkcs11_tokens tokens;
	struct pkcs11_token *token; /* the one of `tokens` that is meant */
	struct pkcs11_private_key private_key;
	size_t seen; /* so many tokens an earlier look has found, or could not rule out */
};

/*
 * Opens the modules, lists the tokens, and chooses the one that is meant. Never logs in. False with
 * *error set if there is none, listing everything that was searched, or if several are left,
 * listing their URIs. Close the search in any case.
 */
bool pkcs11_search_open(struct pkcs11_search *search, enum pkcs11_purpose purpose,
			struct chronosign_error **error);

/* Closes the sessions; the modules stay as they are. */
void pkcs11_search_close(struct pkcs11_search *search);

/* After a search for all tokens: chooses the one that holds the key, as FIND_KEY would. */
bool pkcs11_search_choose(struct pkcs11_search *search, struct chronosign_error **error);

/* Sets *error if the URI asks for a public key or a certificate. */
bool pkcs11_search_is_for_private_key(const struct chronosign_key *key,
				      struct chronosign_error **error);

/*
 * Finds the private key on the chosen token, and reads it in one call. Logs in once if the token
 * requires it. False with *error set if nothing or several keys were found (listed as full URIs),
 * or if the key is not RSA or may not sign.
 */
bool pkcs11_search_private_key(struct pkcs11_search *search, struct chronosign_error **error);

/* The same without a login, for callers that log in by another library. */
bool pkcs11_search_visible_key(struct pkcs11_search *search, struct chronosign_error **error);

/* How many private keys that the URI can mean are visible without a login. */
bool pkcs11_search_count(struct pkcs11_search *search, size_t *count,
			 struct chronosign_error **error);

/* True if a login should be tried when nothing is visible: the token requires one, or the user
 * gave a PIN. Some tokens that require no login still hide private objects. */
bool pkcs11_search_may_log_in(const struct pkcs11_search *search);

/*
 * Whether a failure, in this search or with the key that it found, may be retried; not if a person
 * would have to enter the PIN on the reader again. pkcs11_search_again retries: a lost session is
 * replaced, and after a lost token all slots are listed, as it may be back in another. The PIN is
 * kept.
 */
bool pkcs11_search_may_retry(const struct pkcs11_search *search);
bool pkcs11_search_again(struct pkcs11_search *search, const struct chronosign_error *first,
			 struct chronosign_error **error);

/*
 * Whether a PIN may be tried on this token. Not if another slot does not answer and the URI does not
 * name the token: the PIN may be that one's. False with *error set.
 */
bool pkcs11_search_is_certain(const struct pkcs11_search *search, const struct pkcs11_token *token,
			      struct chronosign_error **error);

/* Sets *error to "no such key", with all tokens and modules that were searched. Always returns
 * false. */
bool pkcs11_search_no_match(const struct pkcs11_search *search, struct chronosign_error **error);

#endif
