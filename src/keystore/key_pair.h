/* A new key pair in a file or a token. Until it is kept it can be removed again, so that a
 * failure, here or in the caller, leaves nothing behind. */
#ifndef KEYSTORE_KEY_PAIR_H
#define KEYSTORE_KEY_PAIR_H

#include "key/key.h"
#include "keystore/token_pair.h"

#include <openssl/types.h>

struct key_pair;

/*
 * Prepares a new pair at the place that the reference names, which has to outlive it. A file:
 * neither it nor FILE.pub may exist. A token: the URI matches one token and has a label (`object`)
 * that is free there, and optionally an `id`; logs in. NULL with *error set if it cannot be created
 * there.
 */
struct key_pair *key_pair_prepare(const struct chronosign_key *where,
				  struct chronosign_error **error);

/* The smallest key that is made: 1,024 bits and fewer have been within reach of factoring for
 * years. */
enum { KEY_PAIR_BITS_MIN = 1025 };

/*
 * Orders a new RSA pair. To `encrypt` it (in a token an error), this obtains the passphrase by the ways to the reference's
 * PIN, and may wait for a person or a pipe.
 */
bool key_pair_order(struct key_pair *pair, const struct new_key *wanted,
		    struct chronosign_error **error);

/* Orders that the key of a file is put into the token, and reads it, which may wait as well. */
bool key_pair_order_import(struct key_pair *pair, const struct chronosign_key *file,
			   struct chronosign_error **error);

/*
 * Makes what was ordered. A new pair has public exponent 65537. In files: the private key with mode 0600 in PKCS#1
 * PEM, or in encrypted PKCS#8 PEM; and FILE.pub in Chronograf's form. Both are on the disk when it returns true. In
 * a token, made there or not: a private key that is TOKEN, PRIVATE, SENSITIVE, not EXTRACTABLE and may only SIGN, a
 * public key that may only VERIFY, with the same label and id. Attributes that the token did not keep are reported
 * by the reference's notice function. A signature is made in the token and verified outside.
 */
bool key_pair_make(struct key_pair *pair, struct chronosign_error **error);

/* Of a pair that is complete: its public half, and how to refer to its private key: the file's
 * path, or the full URI. Borrowed. */
const EVP_PKEY *key_pair_public_half(const struct key_pair *pair);
const char *key_pair_reference(const struct key_pair *pair);

/* Keeps the pair. */
void key_pair_keep(struct key_pair *pair);

/*
 * Frees, and removes a pair that is not kept. True if nothing unwanted is left; otherwise *error,
 * which may already hold an error, says what is left and where. NULL is allowed.
 */
bool key_pair_close(struct key_pair *pair, struct chronosign_error **error);

#endif
