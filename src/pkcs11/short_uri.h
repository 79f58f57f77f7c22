/* The shortest URIs: what tells a token, and an object in it, from all others that were seen. */
#ifndef PKCS11_SHORT_URI_H
#define PKCS11_SHORT_URI_H

#include "pkcs11/token.h"

/*
 * Names every token of the list: `uri`, `shown` and what its other URIs are made from. Its label is in
 * each; serial number, model, manufacturer, module and slot only where nothing less tells it from the
 * other tokens, whether `asked`, the user's URI, means those or not. What that says of the module
 * stays, and what it says of the slot or the library where tokens were left out by that. The list must
 * be complete.
 */
bool short_uri_name_tokens(struct pkcs11_tokens *tokens, P11KitUri *asked,
			   struct chronosign_error **error);

/* The token's short URI with these attributes of an object. NULL if memory is out. */
char *short_uri_with(const struct pkcs11_token *token, CK_ATTRIBUTE *attributes, CK_ULONG count);

/* The same with all that the token says of itself, for programs and --verbose. */
char *short_uri_in_full(const struct pkcs11_token *token, CK_ATTRIBUTE *attributes, CK_ULONG count);

/* The token's short URI with what the user's URI says of the object. */
char *short_uri_as_asked(const struct pkcs11_token *token, P11KitUri *asked);

/* The same with all that the token says of itself, for a private key, and with nothing of module and slot,
 * which not every library knows. */
char *short_uri_for_library(const struct pkcs11_token *token, P11KitUri *asked);

#endif
