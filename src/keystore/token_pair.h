/* A new key pair in a token: made there, or moved there, proven by a signature, and taken back if
 * it comes to nothing. */
#ifndef KEYSTORE_TOKEN_PAIR_H
#define KEYSTORE_TOKEN_PAIR_H

#include "key/key.h"

#include <openssl/evp.h>

struct pkcs11_new_pair;

/*
 * Finds the one token that the URI names, opens a session that may write, logs in, and checks that
 * the label and the id are free. NULL with *error set if any of it fails.
 */
struct pkcs11_new_pair *pkcs11_new_pair_open(const chronosign_key *where, chronosign_error **error);

/* Makes the pair in the token. False with *error set if it fails: then call
 * pkcs11_new_pair_take_back. */
bool pkcs11_new_pair_generate(struct pkcs11_new_pair *pair, unsigned bits,
			      chronosign_error **error);

/* Creates the pair in the token from a key that is here; otherwise the same. */
bool pkcs11_new_pair_import(struct pkcs11_new_pair *pair, const EVP_PKEY *key, const char *name,
			    chronosign_error **error);

/* Of a pair that is complete: the public half (borrowed), and the full URI of the private key
 * (which the caller frees). */
const EVP_PKEY *pkcs11_new_pair_public_key(const struct pkcs11_new_pair *pair);
char *pkcs11_new_pair_uri(const struct pkcs11_new_pair *pair, chronosign_error **error);

/* Destroys what was created. What stays, or may stay, in the token is said in *error, after what
 * it says already. */
bool pkcs11_new_pair_take_back(struct pkcs11_new_pair *pair, chronosign_error **error);

/* Closes session and module. NULL is allowed. */
void pkcs11_new_pair_close(struct pkcs11_new_pair *pair);

#endif
