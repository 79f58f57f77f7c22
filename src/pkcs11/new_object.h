/* Creates and destroys objects in a token. */
#ifndef PKCS11_NEW_OBJECT_H
#define PKCS11_NEW_OBJECT_H

#include "pkcs11/object.h"

enum pkcs11_made {
	PKCS11_MADE,
	PKCS11_UNKNOWN_ATTRIBUTE, /* the token does not know an attribute of the template; try without it */
	PKCS11_NOT_MADE,
};

/* C_CreateObject. Unless it is made, *handle is CK_INVALID_HANDLE and *error set: `what` was to be
 * done. */
enum pkcs11_made pkcs11_object_create(struct pkcs11_token *token,
				      const struct pkcs11_template *template,
				      CK_OBJECT_HANDLE *handle, const char *what,
				      struct chronosign_error **error);

/* An RSA key pair: its templates, and its objects. */
struct pkcs11_rsa_pair {
	struct pkcs11_template public_template;
	struct pkcs11_template private_template;
	CK_OBJECT_HANDLE public_key;
	CK_OBJECT_HANDLE private_key;
};

/* C_GenerateKeyPair. The same. */
enum pkcs11_made pkcs11_rsa_pair_generate(struct pkcs11_token *token, struct pkcs11_rsa_pair *pair,
					  const char *what, struct chronosign_error **error);

/*
 * True for tpm2-pkcs11: it refuses a pair whose private key may not decrypt only when the TPM has made
 * it, and leaves it there. A TPM has room for three, and without a resource manager they stay until
 * they are flushed or it restarts.
 */
bool pkcs11_keeps_refused_pairs(const struct pkcs11_token *token);

/* C_DestroyObject. False with *why, which the caller frees, if it stays. */
bool pkcs11_object_destroy(const struct pkcs11_token *token, CK_OBJECT_HANDLE handle, char **why);

#endif
