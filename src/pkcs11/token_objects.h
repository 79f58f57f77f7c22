/* The keys and certificates of one token, as far as they were read: what tells each from the others,
 * and which belong together. Searches are in object.h, and what tells tokens apart in short_uri.h. */
#ifndef PKCS11_TOKEN_OBJECTS_H
#define PKCS11_TOKEN_OBJECTS_H

#include "pkcs11/object.h"

/* Where a listed key's public half is. */
enum half_source {
	HALF_NOWHERE,
	HALF_PRIVATE_KEY, /* the private key object tells it */
	HALF_PUBLIC_KEY,
	HALF_CERTIFICATE,
};

/* An object that was read: enough to tell it from others, and to describe it. */
struct token_object {
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS class;
	CK_BYTE *id;
	size_t id_length;
	CK_BYTE *label;
	size_t label_length;
	bool is_rsa;
	bool can_sign;
	bool pin_for_each;
	unsigned bits; /* 0: the object does not tell */
};

/* Of all classes that are looked at. Begins as all zeros. */
struct token_objects {
	struct token_object *list;
	size_t count;
};

/*
 * Reads the private key, public key or certificate `handle` of that class, and adds it. Pointers
 * into the list are no longer valid. False with *error set if it cannot be read: then the list is
 * as it was.
 */
bool token_objects_add(struct token_objects *objects, struct pkcs11_token *token,
		       CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class,
		       struct chronosign_error **error);

/* Frees them; the list is empty again. */
void token_objects_clear(struct token_objects *objects);

/* Reads and adds all that can be read; the session is open. *trouble is the first that cannot. */
void token_objects_load(struct token_objects *objects, struct pkcs11_token *token,
			struct chronosign_error **trouble);

/* True if the object stands for a key that the user's URI means: an RSA private key; a public key where
 * no private key that belongs to it is meant; a certificate where neither is. */
bool token_object_is_key(const struct token_objects *objects, const struct token_object *object,
			 P11KitUri *asked);

/*
 * The shortest URI that finds the object's private key and no other: by the label, and by the id only
 * where the label does not tell, or where it may not be the private key's. With a type only after a
 * login that has shown that there is no private key. NULL if no URI tells it from another. `whole`: the
 * same with all that is known of it.
 */
char *token_object_uri(const struct token_objects *objects, const struct token_object *object,
		       const struct pkcs11_token *token, bool whole);

/* For token_objects_tell: not one class alone. */
#define ANY_CLASS (~(CK_OBJECT_CLASS)0)

/* Adds to *error a line with its URI, quoted for the shell, for each object of the class that stands for
 * a key which the user's URI means. False if there is none. */
bool token_objects_tell(const struct token_objects *objects, const struct pkcs11_token *token,
			CK_OBJECT_CLASS class, P11KitUri *asked, struct chronosign_error **error);

/* Where the public half of the object's key can be read, and its length; *bits is 0 if nowhere. */
enum half_source token_object_half_source(const struct token_objects *objects,
					  const struct token_object *object, unsigned *bits);

#endif
