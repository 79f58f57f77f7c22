/* Keys and certificates of one token side by side: which is alone of its name, which belong together.
 * What of them is listed, and how, is list.c's. */
#include "keystore/token_objects.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "pkcs11/object.h"

#include <string.h>

static unsigned bit_length(const CK_BYTE *number, size_t length)
{
	unsigned bits = 0;

	while (length > 0 && *number == 0)
		number++, length--;
	if (length == 0)
		return 0;
	for (unsigned first = *number; first != 0; first >>= 1)
		bits++;
	return bits + 8 * (unsigned)(length - 1);
}

static bool copy(CK_BYTE **to, const CK_BYTE *from, size_t length)
{
	*to = malloc(length + 1);
	if (*to != NULL)
		memcpy(*to, from, length);
	return *to != NULL;
}

/* A certificate has neither numbers nor a key type of its own. */
static void read_certificate(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
			     struct token_object *object)
{
	CLEANUP(cleanup_pkey)
	EVP_PKEY *key = pkcs11_public_key_of_object(token, handle, CKO_CERTIFICATE);

	object->is_rsa = key != NULL;
	object->bits = key == NULL ? 0 : (unsigned)EVP_PKEY_get_bits(key);
}

static bool read_object(struct pkcs11_token *token, CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class,
			struct token_object *object, struct chronosign_error **error)
{
	struct pkcs11_private_key read;

	*object = (struct token_object){.class = class};
	if (!pkcs11_private_key_read(token, handle, &read, error))
		return false;
	if (!copy(&object->id, read.id, read.id_length) ||
	    !copy(&object->label, read.label, read.label_length))
		return error_out_of_memory(error);
	object->id_length = read.id_length;
	object->label_length = read.label_length;
	object->is_rsa = read.type_known && read.type == CKK_RSA;
	object->can_sign = class == CKO_PRIVATE_KEY && read.may_sign;
	object->pin_for_each = class == CKO_PRIVATE_KEY && read.always_authenticate;
	object->bits =
		read.exponent_length == 0 ? 0 : bit_length(read.modulus, read.modulus_length);
	if (class == CKO_CERTIFICATE)
		read_certificate(token, handle, object);
	return true;
}

static void free_object(struct token_object *object)
{
	free(object->id);
	free(object->label);
}

bool token_objects_add(struct token_objects *objects, struct pkcs11_token *token,
		       CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class,
		       struct chronosign_error **error)
{
	struct token_object *more = reallocarray(objects->list, objects->count + 1, sizeof *more);

	if (more == NULL)
		return error_out_of_memory(error);
	objects->list = more;
	struct token_object *object = &more[objects->count];
	if (!read_object(token, handle, class, object, error)) {
		free_object(object);
		return false;
	}
	objects->count++;
	return true;
}

void token_objects_clear(struct token_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++)
		free_object(&objects->list[i]);
	free(objects->list);
	*objects = (struct token_objects){0};
}

static bool same_bytes(const CK_BYTE *a, size_t a_length, const CK_BYTE *b, size_t b_length)
{
	return a_length == b_length && memcmp(a, b, a_length) == 0;
}

/* An empty id or label is not in the URI, and matches every object. */
static bool is_found_by(const struct token_object *object, const struct token_object *sought)
{
	return object->class == sought->class &&
	       (sought->id_length == 0 ||
		same_bytes(object->id, object->id_length, sought->id, sought->id_length)) &&
	       (sought->label_length == 0 || same_bytes(object->label, object->label_length,
							sought->label, sought->label_length));
}

bool token_object_is_unique(const struct token_objects *objects, const struct token_object *object)
{
	size_t found = 0;

	for (size_t i = 0; i < objects->count; i++)
		found += is_found_by(&objects->list[i], object);
	return found == 1;
}

/* Objects belong together by their id, or by their label where there is no id. */
const struct token_object *token_object_companion(const struct token_objects *objects,
						  const struct token_object *object,
						  CK_OBJECT_CLASS class)
{
	for (size_t i = 0; i < objects->count; i++) {
		const struct token_object *other = &objects->list[i];
		if (other->class != class || !other->is_rsa)
			continue;
		if (object->id_length > 0
			    ? same_bytes(object->id, object->id_length, other->id, other->id_length)
			    : object->label_length > 0 &&
				      same_bytes(object->label, object->label_length, other->label,
						 other->label_length))
			return other;
	}
	return NULL;
}

enum half_source token_object_half_source(const struct token_objects *objects,
					  const struct token_object *object, unsigned *bits)
{
	const struct token_object *other = object;
	enum half_source source = object->class == CKO_PRIVATE_KEY  ? HALF_PRIVATE_KEY
				  : object->class == CKO_PUBLIC_KEY ? HALF_PUBLIC_KEY
								    : HALF_CERTIFICATE;

	if (object->bits == 0) {
		source = HALF_PUBLIC_KEY;
		other = token_object_companion(objects, object, CKO_PUBLIC_KEY);
	}
	if (other == NULL) {
		source = HALF_CERTIFICATE;
		other = token_object_companion(objects, object, CKO_CERTIFICATE);
	}
	*bits = other == NULL ? 0 : other->bits;
	return other == NULL ? HALF_NOWHERE : source;
}
