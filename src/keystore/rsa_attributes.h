/* The numbers of an RSA key that moves into a token. */
#ifndef KEYSTORE_RSA_ATTRIBUTES_H
#define KEYSTORE_RSA_ATTRIBUTES_H

#include <chronosign/error.h>
#include <chronosign/secret.h>
#include <openssl/types.h>
#include <p11-kit/p11-kit.h>
#include <stdbool.h>

enum { RSA_ATTRIBUTES = 8, RSA_ATTRIBUTES_PUBLIC = 2 };

/*
 * Reads the numbers as attributes (PKCS#11 v3.1 §6.1.3), the public ones first. They lie in
 * *memory, which is locked, and which the caller frees. `name` is the key's, for messages.
 */
bool rsa_attributes_read(const EVP_PKEY *key, const char *name, struct chronosign_secret **memory,
			 CK_ATTRIBUTE attributes[static RSA_ATTRIBUTES],
			 struct chronosign_error **error);

#endif
