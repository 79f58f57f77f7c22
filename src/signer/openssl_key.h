/* Shared by the backends that have their key as OpenSSL's EVP_PKEY: sign, read the public half,
 * and explain OpenSSL's errors. */
#ifndef SIGNER_OPENSSL_KEY_H
#define SIGNER_OPENSSL_KEY_H

#include "base/cleanup.h"
#include "base/signing.h"

#include <chronosign/error.h>
#include <openssl/evp.h>
#include <stdbool.h>

DEFINE_CLEANUP(digest, EVP_MD_CTX *, EVP_MD_CTX_free)

/* RSASSA-PKCS1-v1_5 with SHA-256, in the library context that the key was made in (NULL: the
 * default one). */
bool openssl_key_sign(EVP_PKEY *pkey, OSSL_LIB_CTX *context, struct signing *signing,
		      struct chronosign_error **error);

/* Sets *error if it is no RSA key; `what` names it. */
bool openssl_key_check_rsa(const EVP_PKEY *pkey, const char *what, struct chronosign_error **error);

/*
 * The public half as a key of OpenSSL's own, wherever the private half lives, so that a token does
 * not check its own signatures. NULL with *error set if the key does not tell it.
 */
EVP_PKEY *openssl_key_public_half(const EVP_PKEY *pkey, const char *what,
				  struct chronosign_error **error);

#endif
