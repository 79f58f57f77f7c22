/*
 * From what the user said to the one key in the one token: the modules, the tokens in their slots,
 * the token that is meant, and the private key on it. Who looks for a key, or for a place for one,
 * has one of these, and frees nothing else.
 */
#ifndef PKCS11_SEARCH_H
#define PKCS11_SEARCH_H

#include "pkcs11/module.h"
#include "pkcs11/object.h"

/* What is looked for, and so which token is meant. */
enum pkcs11_purpose {
	FIND_KEY,           /* the token that holds, or may hold, the object */
	FIND_PLACE_FOR_KEY, /* one that a new key can be put into */
	FIND_TOKENS,        /* all of them: none is chosen */
	FIND_SLOTS,         /* and the slots without a token, too */
};

/* Begins as all zeros but for the key. */
struct pkcs11_search {
	const struct chronosign_key *key;
	const char *module_path;    /* the module to look through; NULL: as the key says */
	pkcs11_module_tried *tried; /* NULL: nobody listens */
	void *context;
	struct pkcs11_modules modules;
	struct pkcs11_tokens tokens;
	struct pkcs11_token *token; /* the one of `tokens` that is meant */
	struct pkcs11_private_key private_key;
};

/*
 * Opens the modules, lists the tokens, and chooses the one that is meant. Never logs in. False with
 * *error set if there is none, which lists all that was looked at, or if more than one is left,
 * which lists them as URIs. The search is to be closed in any case.
 */
bool pkcs11_search_open(struct pkcs11_search *search, enum pkcs11_purpose purpose,
			struct chronosign_error **error);

/* Closes the sessions; the modules stay as they are. */
void pkcs11_search_close(struct pkcs11_search *search);

/* Of a search that was for all tokens: chooses the one that holds the key, as FIND_KEY would. */
bool pkcs11_search_choose(struct pkcs11_search *search, struct chronosign_error **error);

/* Sets *error if the URI is that of a public key or a certificate, which no search can mend. */
bool pkcs11_search_is_for_private_key(const struct chronosign_key *key,
				      struct chronosign_error **error);

/*
 * Finds the private key on the chosen token, and reads it in one call. Logs in where the token wants
 * that, once. False with *error set if nothing was found, if several keys were (listed as full
 * URIs), or if the one is no RSA key or may not sign.
 */
bool pkcs11_search_private_key(struct pkcs11_search *search, struct chronosign_error **error);

/* The same without a login, for who logs in by another library. */
bool pkcs11_search_visible_key(struct pkcs11_search *search, struct chronosign_error **error);

/* How many private keys show without a login that the URI can mean. */
bool pkcs11_search_count(struct pkcs11_search *search, size_t *count,
			 struct chronosign_error **error);

/* True if a login is to be tried where nothing shows: the token requires one, or the user gave a PIN
 * for it. Some tokens that require none hide private objects all the same. */
bool pkcs11_search_may_log_in(const struct pkcs11_search *search);

/*
 * Whether what failed, in this search or with the key that it found, may be tried again; not if a
 * person would have to enter the PIN on the reader once more. pkcs11_search_again is how: a lost
 * session takes a new one, and after a lost token all slots are looked at, for it may be back in
 * another. The PIN is kept.
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

/* Sets *error to "no such key", with all tokens and modules that were looked at. Always false. */
bool pkcs11_search_no_match(const struct pkcs11_search *search, struct chronosign_error **error);

#endif
