/* What a new key pair may do: the requested attributes, and those that the token has set. */
#ifndef KEYSTORE_KEY_TEMPLATE_H
#define KEYSTORE_KEY_TEMPLATE_H

#include "pkcs11/object.h"

/* The halves of a pair, and what holds only for one that was made in the token: bits of a rule. */
enum { PRIVATE_HALF = 1 << 0, PUBLIC_HALF = 1 << 1, MADE_IN_TOKEN = 1 << 2 };

/* Rights that are left to the token: those of recovery, which some tokens do not know, and to
 * decrypt and encrypt, on which some insist. */
enum { LEAVE_RECOVERY = 1 << 3, LEAVE_DECRYPTION = 1 << 4 };

/*
 * Adds the rights of one half: a private key that signs, is hidden and stays, or a public key that
 * verifies, and nothing else. `left` is left to the token.
 */
void key_template_add_rights(struct pkcs11_template *template, unsigned half, unsigned left);

/*
 * Reads all of that back, and for a pair MADE_IN_TOKEN that it was made there and never was less
 * safe. What the token did not keep or does not tell is a warning, what it insists on where that was
 * left to it (LEAVE_DECRYPTION) is told; false with *error set only if the object cannot be read.
 */
bool key_template_check(struct pkcs11_token *token, CK_OBJECT_HANDLE handle, unsigned half,
			unsigned circumstances, struct chronosign_error **error);

#endif
