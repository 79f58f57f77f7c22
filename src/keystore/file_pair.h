/* Key pairs in files: RSA by OpenSSL, in the two files that Chronograf's operators know. */
#ifndef KEYSTORE_FILE_PAIR_H
#define KEYSTORE_FILE_PAIR_H

#include "base/new_file.h"

#include <chronosign/error.h>
#include <chronosign/secret.h>
#include <openssl/types.h>
#include <stdbool.h>

/* A new RSA key with public exponent 65537, its private numbers in locked memory. */
EVP_PKEY *file_pair_generate(unsigned bits, struct chronosign_error **error);

struct file_pair {
	const char *path;
	char *public_path;
	struct made_files made;
};

/*
 * Writes the private key to `path` (mode 0600; PKCS#1 PEM, or encrypted PKCS#8 PEM if there is a
 * passphrase) and the public half in Chronograf's form to `public_path`. Either both or none;
 * existing files are not replaced. The caller closes what was made.
 */
bool file_pair_write(struct file_pair *pair, EVP_PKEY *key,
		     const struct chronosign_secret *passphrase, struct chronosign_error **error);

#endif
