/* Keys and certificates of one token side by side: which belong together, and what names each. */
#include "pkcs11/token_objects.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "pkcs11/short_uri.h"

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

	*object = (struct token_object){.handle = handle, .class = class};
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

/* Only the first error has a place to go. */
static struct chronosign_error **unless_set(struct chronosign_error **error)
{
	return error != NULL && *error == NULL ? error : NULL;
}

void token_objects_load(struct token_objects *objects, struct pkcs11_token *token,
			struct chronosign_error **trouble)
{
	static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE};

	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
		CLEANUP(pkcs11_objects_clear) struct pkcs11_objects found = {0};
		if (!pkcs11_objects_list(token, classes[i], &found, unless_set(trouble)))
			continue;
		for (size_t j = 0; j < found.count; j++)
			token_objects_add(objects, token, found.handles[j], classes[i],
					  unless_set(trouble));
	}
}

static bool same_bytes(const CK_BYTE *a, size_t a_length, const CK_BYTE *b, size_t b_length)
{
	return a_length == b_length && memcmp(a, b, a_length) == 0;
}

/* The RSA object of that class that belongs to this one: by its id, or by its label where there is
 * no id. NULL: none. Borrowed. */
static const struct token_object *companion_of(const struct token_objects *objects,
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
		other = companion_of(objects, object, CKO_PUBLIC_KEY);
	}
	if (other == NULL) {
		source = HALF_CERTIFICATE;
		other = companion_of(objects, object, CKO_CERTIFICATE);
	}
	*bits = other == NULL ? 0 : other->bits;
	return other == NULL ? HALF_NOWHERE : source;
}

/* ---- Which stand for a key ---- */

static bool same_id(const struct token_object *a, const struct token_object *b)
{
	return same_bytes(a->id, a->id_length, b->id, b->id_length);
}

static bool same_label(const struct token_object *a, const struct token_object *b)
{
	return same_bytes(a->label, a->label_length, b->label, b->label_length);
}

/* Parts of one key: a certificate may be there twice, a key object is another key. */
static bool belong_together(const struct token_object *a, const struct token_object *b)
{
	if (a->class == b->class && a->class != CKO_CERTIFICATE)
		return false;
	return a->id_length > 0 && b->id_length > 0 ? same_id(a, b)
						    : a->label_length > 0 && same_label(a, b);
}

static bool is_asked_for(const struct token_object *object, P11KitUri *asked)
{
	CK_ATTRIBUTE attributes[] = {
		{CKA_CLASS, (void *)&object->class, sizeof object->class},
		{CKA_ID, object->id, object->id_length},
		{CKA_LABEL, object->label, object->label_length},
	};

	return object->is_rsa && p11_kit_uri_match_attributes(asked, attributes, 3) == 1;
}

static int rank(const struct token_object *object)
{
	return object->class == CKO_PRIVATE_KEY ? 0 : object->class == CKO_PUBLIC_KEY ? 1 : 2;
}

bool token_object_is_key(const struct token_objects *objects, const struct token_object *object,
			 P11KitUri *asked)
{
	if (!is_asked_for(object, asked))
		return false;
	for (size_t i = 0; i < objects->count; i++) {
		const struct token_object *other = &objects->list[i];
		bool before = rank(other) < rank(object) ||
			      (rank(other) == rank(object) && other < object);
		if (before && belong_together(object, other) && is_asked_for(other, asked))
			return false;
	}
	return true;
}

/* ---- What names one ---- */

/* What of an object is in its URI. */
struct naming {
	bool label;
	bool id;
	bool class;
};

/* Another key would be found. A key of another type than RSA is one, too. */
static bool is_shared(const struct token_objects *objects, const struct token_object *object,
		      struct naming by)
{
	for (size_t i = 0; i < objects->count; i++) {
		const struct token_object *other = &objects->list[i];
		bool counts = by.class ? other->class == object->class
				       : other->class == CKO_PRIVATE_KEY || other->is_rsa;
		if (other != object && counts && !belong_together(object, other) &&
		    (!by.label || same_label(object, other)) && (!by.id || same_id(object, other)))
			return true;
	}
	return false;
}

/* A public half is bound to its private key by the id; cards label each object by what it is. */
static bool label_is_the_key_s(const struct token_objects *objects,
			       const struct token_object *object)
{
	if (object->class == CKO_PRIVATE_KEY || object->id_length == 0)
		return true;
	for (size_t i = 0; i < objects->count; i++)
		if (belong_together(object, &objects->list[i]) &&
		    !same_label(object, &objects->list[i]))
			return false;
	return object->class == CKO_PUBLIC_KEY;
}

static bool choose_naming(const struct token_objects *objects, const struct token_object *object,
			  struct naming *by)
{
	by->label = object->label_length > 0 && label_is_the_key_s(objects, object);
	by->id = object->id_length > 0 && !by->label;
	if (!is_shared(objects, object, *by))
		return true;
	by->label = object->label_length > 0;
	by->id = object->id_length > 0;
	return !is_shared(objects, object, *by);
}

/* The private key itself, if it shows. */
static const struct token_object *private_key_of(const struct token_objects *objects,
						 const struct token_object *object)
{
	for (size_t i = 0; object->class != CKO_PRIVATE_KEY && i < objects->count; i++)
		if (objects->list[i].class == CKO_PRIVATE_KEY &&
		    belong_together(object, &objects->list[i]))
			return &objects->list[i];
	return object;
}

char *token_object_uri(const struct token_objects *objects, const struct token_object *object,
		       const struct pkcs11_token *token, bool whole)
{
	const struct token_object *key = private_key_of(objects, object);
	struct naming by = {.class = key->class != CKO_PRIVATE_KEY && token->session.logged_in};
	CK_ATTRIBUTE attributes[3];
	CK_ULONG count = 0;

	if (!choose_naming(objects, key, &by))
		return NULL;
	if (by.class || (whole && key->class == CKO_PRIVATE_KEY))
		attributes[count++] =
			(CK_ATTRIBUTE){CKA_CLASS, (void *)&key->class, sizeof key->class};
	if (by.id || (whole && key->id_length > 0))
		attributes[count++] = (CK_ATTRIBUTE){CKA_ID, key->id, key->id_length};
	if (by.label)
		attributes[count++] = (CK_ATTRIBUTE){CKA_LABEL, key->label, key->label_length};
	return whole ? short_uri_in_full(token, attributes, count)
		     : short_uri_with(token, attributes, count);
}

bool token_objects_tell(const struct token_objects *objects, const struct pkcs11_token *token,
			CK_OBJECT_CLASS class, P11KitUri *asked, struct chronosign_error **error)
{
	bool told = false;

	for (size_t i = 0; i < objects->count; i++) {
		const struct token_object *object = &objects->list[i];
		if ((class != ANY_CLASS && object->class != class) ||
		    !token_object_is_key(objects, object, asked))
			continue;
		CLEANUP(cleanup_text) char *uri = token_object_uri(objects, object, token, false);
		if (uri != NULL)
			error_append(error, "  '%s'", uri);
		else
			error_append(error, "  (no URI finds it alone: another has its label and "
					    "id)");
		told = true;
	}
	return told;
}
