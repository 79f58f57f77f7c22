/*
 * The signer: an RSA key, wherever it lives, that signs Chronograf's nonces.
 *
 *     struct chronosign_key *key = chronosign_key_new(reference, &error);
 *     struct chronosign_signer *signer = chronosign_signer_open(key, &error);
 *     char *token = chronosign_token_make(signer, nonce, &error);
 *
 * A signer belongs to one thread, and to the process that opened it: PKCS#11 modules do not survive
 * a fork. A module stays loaded and initialised until the process ends, because unloading and
 * reloading one breaks modules that have nothing to do with the key.
 */
#ifndef CHRONOSIGN_SIGNER_H
#define CHRONOSIGN_SIGNER_H

#include <chronosign/error.h>
#include <chronosign/key.h>
#include <openssl/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct chronosign_signer;

/*
 * Finds and opens the key, logging in if that is needed. The key is needed until the signer is
 * closed. Errors are of kind CHRONOSIGN_ERROR_KEY unless the reference itself is wrong
 * (CHRONOSIGN_ERROR_USAGE).
 */
struct chronosign_signer *chronosign_signer_open(const struct chronosign_key *key,
						 struct chronosign_error **error)
	__attribute__((nonnull(1), warn_unused_result));

/* The public half. Borrowed: valid until the signer is closed. */
const EVP_PKEY *chronosign_signer_public_key(const struct chronosign_signer *signer)
	__attribute__((nonnull, returns_nonnull));

/*
 * The token for a nonce: the standard base64 (RFC 4648 §4, padded) of the RSASSA-PKCS1-v1_5
 * signature with SHA-256 (RFC 8017 §8.2) over the nonce's 36 bytes. Anything but a nonce is
 * refused, and so is a signature that the key's public half does not verify. The caller frees the
 * token with free().
 */
char *chronosign_token_make(struct chronosign_signer *signer, const char *nonce,
			    struct chronosign_error **error)
	__attribute__((nonnull(1, 2), warn_unused_result));

/* Logs out by closing the session, and frees. NULL is allowed. */
void chronosign_signer_close(struct chronosign_signer *signer);

/*
 * Ends the use of all PKCS#11 modules (C_Finalize): once, at the end of a process that has closed its
 * signers. The watch, which may be NULL, is called as a key's is. A process may end without it.
 */
void chronosign_finalize(const struct chronosign_watch *watch, void *context);

#ifdef __cplusplus
}
#endif
#endif
