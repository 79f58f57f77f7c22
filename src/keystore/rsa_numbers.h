/* The numbers of an RSA key that moves into a token. */
#ifndef KEYSTORE_RSA_NUMBERS_H
#define KEYSTORE_RSA_NUMBERS_H

#include <chronosign/error.h>
#include <chronosign/secret.h>
#include <openssl/types.h>
#include <p11-kit/p11-kit.h>
#include <stdbool.h>

enum { KEY_NUMBERS = 8, KEY_NUMBERS_PUBLIC = 2 };

/*
 * Reads the numbers as attributes (PKCS#11 v3.1 §6.1.3), the public ones first. They lie in
 * *memory, which is locked, and which the caller frees. `name` is the key's, for messages.
 */
bool key_numbers_read(const EVP_PKEY *key, const char *name, chronosign_secret **memory,
		      CK_ATTRIBUTE attributes[static KEY_NUMBERS], chronosign_error **error);

#endif
