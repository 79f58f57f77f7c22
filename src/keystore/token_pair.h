/* A new key pair in a token: generated or imported there, tested by a signature, and removed on
 * failure. */
#ifndef KEYSTORE_TOKEN_PAIR_H
#define KEYSTORE_TOKEN_PAIR_H

#include "key/key.h"

#include <openssl/evp.h>

struct token_pair;

/* The pair to create. */
struct new_key {
	unsigned bits;
	bool encrypt;       /* a file, by a passphrase */
	bool allow_decrypt; /* in a token: it may also decrypt, if the token makes no other keys */
};

/*
 * Finds the one token that the URI names, opens a session that may write, logs in, and checks that
 * the label and the id are free. NULL with *error set if any of it fails.
 */
struct token_pair *token_pair_open(const struct chronosign_key *where,
				   struct chronosign_error **error);

/* Makes the pair in the token. False with *error set if it fails: then call
 * token_pair_take_back. */
bool token_pair_generate(struct token_pair *pair, const struct new_key *wanted,
			 struct chronosign_error **error);

/* Creates the pair in the token from a key that is here; otherwise the same. */
bool token_pair_import(struct token_pair *pair, const EVP_PKEY *key, const char *name,
		       struct chronosign_error **error);

/* Of a pair that is complete: the public half (borrowed), and the full URI of the private key
 * (which the caller frees). */
const EVP_PKEY *token_pair_public_key(const struct token_pair *pair);
char *token_pair_uri(const struct token_pair *pair, struct chronosign_error **error);

/* Destroys what was created. What remains, or may remain, in the token is added to *error. */
bool token_pair_take_back(struct token_pair *pair, struct chronosign_error **error);

/* Closes session and module. NULL is allowed. */
void token_pair_close(struct token_pair *pair);

#endif
