/* Errors for a URI that matches no token or no key: they list what exists. */
#ifndef PKCS11_NO_MATCH_H
#define PKCS11_NO_MATCH_H

#include "pkcs11/search.h"

/* Adds to *error all that was looked at; `why_not` says what speaks against the tokens in the list; NULL: that
 * has been said. Always false. */
bool no_match_looked_at(const struct pkcs11_search *search, const char *why_not,
			struct chronosign_error **error);

/* False with *error set, which names those that there are, if the URI names a token by its label and none
 * matches. */
bool no_match_token(const struct pkcs11_search *search, struct chronosign_error **error);

#endif
