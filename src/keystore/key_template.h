/* What a new key pair may do: the attributes that are asked for, and what the token made of them.
 */
#ifndef KEYSTORE_KEY_TEMPLATE_H
#define KEYSTORE_KEY_TEMPLATE_H

#include "pkcs11/object.h"

/* The halves of a pair, and what holds only for one that was made in the token: bits of a rule. */
enum { PRIVATE_HALF = 1 << 0, PUBLIC_HALF = 1 << 1, MADE_IN_TOKEN = 1 << 2 };

/*
 * Adds the rights of one half: a private key that signs, is hidden and stays, or a public key that
 * verifies, and nothing else. Without `recover` the rights of recovery are left to the token, since
 * some do not know them.
 */
void key_template_add_rights(struct pkcs11_template *template, unsigned half, bool recover);

/*
 * Reads all of that back, and for a pair MADE_IN_TOKEN that it was made there and never was less
 * safe. What the token did not keep or does not tell is a warning; false with *error set only if
 * the object cannot be read.
 */
bool key_template_check(struct pkcs11_token *token, CK_OBJECT_HANDLE handle, unsigned half,
			unsigned made_in_token, struct chronosign_error **error);

#endif
