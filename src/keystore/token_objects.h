/* The keys and certificates of one token, as far as they were read: what tells each from the others,
 * and which belong together. Searches are in object.h. */
#ifndef KEYSTORE_TOKEN_OBJECTS_H
#define KEYSTORE_TOKEN_OBJECTS_H

#include "keystore/key_list.h"
#include "pkcs11/object.h"

/* An object that was read: enough to tell it from others, and to describe it. */
struct token_object {
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

/* True if a URI of this object's class, id and label finds it and no other of the list. */
bool token_object_is_unique(const struct token_objects *objects, const struct token_object *object);

/*
 * The RSA object of that class that belongs to this one: by its id, or by its label where there is
 * no id. NULL: none. Borrowed.
 */
const struct token_object *token_object_companion(const struct token_objects *objects,
						  const struct token_object *object,
						  CK_OBJECT_CLASS class);

/* Where the public half of the object's key can be had, and its length; *bits is 0 if nowhere. */
enum half_source token_object_half_source(const struct token_objects *objects,
					  const struct token_object *object, unsigned *bits);

#endif
