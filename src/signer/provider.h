/* A key that OpenSSL's providers open: the state of the backend `provider`, in provider.c, and its search in a store, in
 * provider_store.c. */
#ifndef SIGNER_PROVIDER_H
#define SIGNER_PROVIDER_H

#include "signer/openssl_token.h"
#include "signer/openssl_ui.h"

#include <chronosign/error.h>
#include <openssl/evp.h>
#include <openssl/types.h>
#include <stdbool.h>

/* How messages call it. */
#define PROVIDER_WHO "OpenSSL's provider"

struct provider_signer {
	struct openssl_token token; /* of a pkcs11: URI; empty for other references */
	struct openssl_ui ui;
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER **providers;
	size_t provider_count;
	EVP_PKEY *pkey;
};

/* Sets *error if OpenSSL's default properties leave out what opens the key, of which OpenSSL would only say that nothing
 * was found. */
bool provider_check_properties(const struct provider_signer *signer,
			       struct chronosign_error **error);

/* Opens the one private RSA key that the reference names, as signer->pkey. */
bool provider_load_key(struct provider_signer *signer, struct chronosign_error **error);

#endif
