/* The server's public key, and whether a token is a signature by its private half: both as
 * Chronograf does it. */
#ifndef STANDIN_VERIFY_H
#define STANDIN_VERIFY_H

#include <openssl/evp.h>
#include <stdbool.h>

#define TOKEN_SCHEME "CHRONOGRAF-SHA256"

/* Reads the public key file. NULL: it was refused, and the reason is on standard error. */
EVP_PKEY *public_key_read(const char *path);

/* True if the Authorization header holds a good token for the nonce, with or without the scheme, as
 * Chronograf accepts it. Key and header may be NULL: false. */
bool token_is_good(EVP_PKEY *key, const char *authorization, const char *nonce);

#endif
