/* A private key in a file: for the backend `file`, and for moving the key elsewhere. */
#ifndef SIGNER_KEY_FILE_H
#define SIGNER_KEY_FILE_H

#include "key/key.h"

#include <openssl/types.h>

/* The RSA key in the file that the reference names, decrypted if need be. NULL with *error set if
 * there is none. */
EVP_PKEY *key_file_read(const struct chronosign_key *key, struct chronosign_error **error);

#endif
