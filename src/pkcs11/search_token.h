/* Which token a URI means, when several could hold the key and private keys are hidden before
 * login. */
#ifndef PKCS11_SEARCH_TOKEN_H
#define PKCS11_SEARCH_TOKEN_H

#include "pkcs11/search.h"

/* The one token that holds, or may hold, the object; its session is open unless it is the only
 * candidate. Never logs in. NULL with *error set if there is none, or more than one. */
struct pkcs11_token *search_token_for_key(struct pkcs11_search *search,
					  struct chronosign_error **error);

/* The one token that the URI can mean for a new key: not write-protected, and not a mere
 * certificate store. Otherwise the same. */
struct pkcs11_token *search_token_for_new_key(struct pkcs11_search *search,
					      struct chronosign_error **error);

/* Tells who wants all details the token's whole URI, and its module. */
void search_token_detail(const struct pkcs11_search *search, const struct pkcs11_token *token);

/* True if the user gave a PIN, or asked to log in whatever the token says. */
bool search_token_is_forced(const struct chronosign_key *key);

/* How many tokens there are, with those that a slot or module may have that does not answer. */
size_t search_token_count(const struct pkcs11_search *search);

/* Whether a search may be retried, by the tokens and slots that failed. */
enum cryptoki_retry search_token_retry(const struct pkcs11_search *search);

#endif
