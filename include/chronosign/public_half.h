/*
 * The public half of a key, and the forms in which servers and tools read it.
 *
 * Chronograf's `--pub-key-file` wants a PEM block labelled `PUBLIC KEY` that holds PKCS#1
 * RSAPublicKey DER (RFC 8017 A.1.1); it refuses SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), which
 * everyone else writes under that label.
 */
#ifndef CHRONOSIGN_PUBLIC_HALF_H
#define CHRONOSIGN_PUBLIC_HALF_H

#include <chronosign/error.h>
#include <chronosign/key.h>
#include <openssl/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The public half of the key, for every kind of reference. In a token, without a login if the token
 * shows it: with the private key object, as a public key object, or in a certificate. A URI with
 * type=public or type=cert means that object only. The caller frees it with EVP_PKEY_free().
 */
EVP_PKEY *chronosign_public_half_read(const struct chronosign_key *key,
				      struct chronosign_error **error)
	__attribute__((nonnull(1), warn_unused_result));

enum chronosign_public_half_form {
	CHRONOSIGN_PUBLIC_HALF_CHRONOGRAF, /* PKCS#1 DER in a `PUBLIC KEY` block */
	CHRONOSIGN_PUBLIC_HALF_SPKI,       /* SubjectPublicKeyInfo in a `PUBLIC KEY` block */
};

/* The PEM text of an RSA public key, NUL-terminated, ending in a newline. The caller frees it with
 * free(). */
char *chronosign_public_half_pem(const EVP_PKEY *half, enum chronosign_public_half_form form,
				 struct chronosign_error **error)
	__attribute__((nonnull(1), warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif
