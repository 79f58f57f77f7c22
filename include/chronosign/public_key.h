/*
 * The public half of a key, in the forms that servers and tools read.
 *
 * Chronograf's `--pub-key-file` wants a PEM block labelled `PUBLIC KEY` that holds PKCS#1
 * RSAPublicKey DER (RFC 8017 A.1.1); what everyone else writes under that label,
 * SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), it refuses.
 */
#ifndef CHRONOSIGN_PUBLIC_KEY_H
#define CHRONOSIGN_PUBLIC_KEY_H

#include <chronosign/error.h>
#include <openssl/types.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
	CHRONOSIGN_PUBLIC_KEY_CHRONOGRAF, /* PKCS#1 DER in a `PUBLIC KEY` block */
	CHRONOSIGN_PUBLIC_KEY_SPKI,       /* SubjectPublicKeyInfo in a `PUBLIC KEY` block */
} chronosign_public_key_form;

/* The PEM text of an RSA public key, NUL-terminated, ending in a newline. The caller frees it with
 * free(). */
char *chronosign_public_key_pem(const EVP_PKEY *key, chronosign_public_key_form form,
				chronosign_error **error);

/* Writes that to a new file, on the disk when it returns true. A file that exists is an error, and
 * left alone. */
bool chronosign_public_key_write(const EVP_PKEY *key, chronosign_public_key_form form,
				 const char *path, chronosign_error **error);

#ifdef __cplusplus
}
#endif
#endif
