/* Objects of a token: found by template, so that the number of calls does not grow with their
 * number, and read in one call. */
#ifndef PKCS11_OBJECT_H
#define PKCS11_OBJECT_H

#include "pkcs11/token.h"

#include <openssl/evp.h>

/* A search stops here: more than one is refused anyway. */
enum { OBJECTS_MAX = 16 };

/* A list stops here: nobody looks through more, and a module that never ends its answers would take all
 * memory. */
enum { OBJECTS_LISTED_MAX = 100000 };

/* Objects found; initialised to zeros. */
struct pkcs11_objects {
	CK_OBJECT_HANDLE *handles;
	size_t count;
};

/* Frees the handles; nothing is found any more. */
void pkcs11_objects_clear(struct pkcs11_objects *found);

enum { PKCS11_TEMPLATE_MAX = 32 };

/* Attributes to search by, or to create an object from; initialised to zeros. */
struct pkcs11_template {
	CK_ATTRIBUTE attributes[PKCS11_TEMPLATE_MAX];
	CK_ULONG count;
};

/* Adds an attribute; the value is borrowed. */
void pkcs11_template_add(struct pkcs11_template *template, CK_ATTRIBUTE_TYPE type,
			 const void *value, size_t length);

/* The attributes of a private key, read in one C_GetAttributeValue. A length of 0 means that the
 * token does not tell. */
struct pkcs11_private_key {
	CK_OBJECT_HANDLE handle;
	CK_KEY_TYPE type;
	bool type_known;
	bool may_sign;            /* CKA_SIGN, true if the token does not tell */
	bool always_authenticate; /* CKA_ALWAYS_AUTHENTICATE, false if the token does not tell */
	CK_BYTE id[256];
	size_t id_length;
	CK_BYTE label[256];
	size_t label_length;
	CK_BYTE modulus[2048];
	size_t modulus_length;
	CK_BYTE exponent[16];
	size_t exponent_length;
};

/* Finds the objects of any class that match the template, OBJECTS_MAX of them at most. */
bool pkcs11_objects_find(struct pkcs11_token *token, const struct pkcs11_template *template,
			 struct pkcs11_objects *found, struct chronosign_error **error);

/* The same for the objects of that class that match the URI's id and object attributes. */
bool pkcs11_objects_find_by_uri(struct pkcs11_token *token, CK_OBJECT_CLASS class, P11KitUri *uri,
				struct pkcs11_objects *found, struct chronosign_error **error);

/*
 * The same, but what is found is read: a module may ignore an attribute in a search, and find what has another id or label.
 * What it does not tell counts as right.
 */
bool pkcs11_objects_find_named(struct pkcs11_token *token, CK_OBJECT_CLASS class, P11KitUri *uri,
			       struct pkcs11_objects *found, struct chronosign_error **error);

/* Whether the object has the id and the label of the template, as far as that has them; `untold` if the token does not
 * tell. */
bool pkcs11_object_is_named(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
			    const struct pkcs11_template *names, bool untold);

/* All objects of that class. More than OBJECTS_LISTED_MAX are an error. */
bool pkcs11_objects_list(struct pkcs11_token *token, CK_OBJECT_CLASS class,
			 struct pkcs11_objects *found, struct chronosign_error **error);

/* Reads the attributes that a signature needs; from a public key object or a certificate those
 * that it has. */
bool pkcs11_private_key_read(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
			     struct pkcs11_private_key *key, struct chronosign_error **error);

/*
 * The public half: from the private key object, else from the public key object or the certificate
 * with the same id (the same label if it has no id). NULL with *error set if the token holds none.
 */
EVP_PKEY *pkcs11_public_key(struct pkcs11_token *token, const struct pkcs11_private_key *key,
			    struct chronosign_error **error);

/* The public key that a public key object or a certificate holds. NULL if it is no RSA key, or
 * cannot be read. */
EVP_PKEY *pkcs11_public_key_of_object(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
				      CK_OBJECT_CLASS class);

/* Reads attributes in one call, as far as the token tells them: the others get a length that
 * differs from their room. False with *error set if it tells none. */
bool pkcs11_attributes_read(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
			    CK_ATTRIBUTE *attributes, CK_ULONG count,
			    struct chronosign_error **error);

#endif
