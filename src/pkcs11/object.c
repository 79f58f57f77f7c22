/* Objects: searched by template, read with one call each. */
#include "pkcs11/object.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "pkcs11/public_key.h"

#include <string.h>

/* The longest template that is read in one call. */
enum { READ_AT_ONCE_MAX = 8 };

/* The longest id or label that is compared. */
enum { NAME_BYTES_MAX = 512 };

/* The longest certificate; they have a few KB. */
enum { VALUE_MAX = 1 << 20 };

/* Adds what the active search finds, some handles at a time: a module may return fewer than
 * requested, and only an empty result ends the search (PKCS#11 v3.1 §5.7.8). */
static CK_RV read_handles(struct pkcs11_token *token, struct pkcs11_objects *found, size_t most)
{
	enum { AT_ONCE = 64 };
	CK_ULONG got = 1;

	while (got > 0 && found->count < most) {
		size_t left = most - found->count;
		CK_ULONG room = left < AT_ONCE ? left : AT_ONCE;
		CK_OBJECT_HANDLE *more =
			reallocarray(found->handles, found->count + room, sizeof *more);
		if (more == NULL)
			return CKR_HOST_MEMORY;
		found->handles = more;
		CK_RV result = CRYPTOKI(token->module, C_FindObjects, token->session.handle,
					more + found->count, room, &got);
		if (result != CKR_OK || got > room)
			return result != CKR_OK ? result : CKR_GENERAL_ERROR;
		found->count += got;
	}
	return CKR_OK;
}

/* One search operation: init, read, final (PKCS#11 v3.1 §5.7.7 to §5.7.9). If the last fails,
 * the operation may still be active and the session unusable. */
static bool search(struct pkcs11_token *token, const struct pkcs11_template *template, size_t most,
		   struct pkcs11_objects *found, struct chronosign_error **error)
{
	const char *function = "C_FindObjectsInit";
	CK_RV result = CRYPTOKI(token->module, C_FindObjectsInit, token->session.handle,
				(CK_ATTRIBUTE *)template->attributes, template->count);

	*found = (struct pkcs11_objects){0};
	if (result == CKR_OK) {
		function = "C_FindObjects";
		result = read_handles(token, found, most);
		CK_RV final = CRYPTOKI(token->module, C_FindObjectsFinal, token->session.handle);
		if (result == CKR_OK && final != CKR_OK) {
			function = "C_FindObjectsFinal";
			result = final;
		}
	}
	if (result == CKR_OK)
		return true;
	pkcs11_objects_clear(found);
	return pkcs11_token_failed(token, function, result, token->uri, error);
}

void pkcs11_template_add(struct pkcs11_template *template, CK_ATTRIBUTE_TYPE type,
			 const void *value, size_t length)
{
	if (template->count < PKCS11_TEMPLATE_MAX)
		template->attributes[template->count++] =
			(CK_ATTRIBUTE){type, (void *)value, length};
}

bool pkcs11_objects_find(struct pkcs11_token *token, const struct pkcs11_template *template,
			 struct pkcs11_objects *found, struct chronosign_error **error)
{
	return search(token, template, OBJECTS_MAX, found, error);
}

/* `class` is borrowed. */
static struct pkcs11_template template_of_uri(const CK_OBJECT_CLASS *class, P11KitUri *uri)
{
	struct pkcs11_template template = {0};
	const CK_ATTRIBUTE_TYPE named[] = {CKA_ID, CKA_LABEL};

	pkcs11_template_add(&template, CKA_CLASS, class, sizeof *class);
	for (size_t i = 0; i < 2; i++) {
		const CK_ATTRIBUTE *attribute = p11_kit_uri_get_attribute(uri, named[i]);
		if (attribute != NULL)
			pkcs11_template_add(&template, named[i], attribute->pValue,
					    attribute->ulValueLen);
	}
	return template;
}

bool pkcs11_objects_find_by_uri(struct pkcs11_token *token, CK_OBJECT_CLASS class, P11KitUri *uri,
				struct pkcs11_objects *found, struct chronosign_error **error)
{
	const struct pkcs11_template template = template_of_uri(&class, uri);

	return pkcs11_objects_find(token, &template, found, error);
}

bool pkcs11_objects_list(struct pkcs11_token *token, CK_OBJECT_CLASS class,
			 struct pkcs11_objects *found, struct chronosign_error **error)
{
	struct pkcs11_template template = {0};

	pkcs11_template_add(&template, CKA_CLASS, &class, sizeof class);
	if (!search(token, &template, OBJECTS_LISTED_MAX + 1, found, error))
		return false;
	if (found->count <= OBJECTS_LISTED_MAX)
		return true;
	pkcs11_objects_clear(found);
	return error_set(error, CHRONOSIGN_ERROR_KEY,
			 "%s: C_FindObjects of %s finds more than %d objects of one class; a "
			 "search that does not end is a fault of the module",
			 token->uri, token->module->name, OBJECTS_LISTED_MAX);
}

void pkcs11_objects_clear(struct pkcs11_objects *found)
{
	free(found->handles);
	*found = (struct pkcs11_objects){0};
}

/* The length of an attribute that was read, 0 if the token did not tell it
 * (CK_UNAVAILABLE_INFORMATION). */
static size_t read_length(const CK_ATTRIBUTE *attribute)
{
	return attribute->ulValueLen == CK_UNAVAILABLE_INFORMATION ? 0 : attribute->ulValueLen;
}

/* These results mean that some attributes could not be read, and others could (PKCS#11 v3.1
 * §5.7.5). */
static bool is_partial(CK_RV result)
{
	return result == CKR_ATTRIBUTE_TYPE_INVALID || result == CKR_ATTRIBUTE_SENSITIVE ||
	       result == CKR_BUFFER_TOO_SMALL;
}

/*
 * Reads attributes in one call. If some cannot be read, those that look untouched are read again
 * one by one: not every module goes on after the first, or marks it. What cannot be read gets a
 * length of 0.
 */
static bool read_attributes(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
			    CK_ATTRIBUTE *template, CK_ULONG count, struct chronosign_error **error)
{
	CK_ULONG room[READ_AT_ONCE_MAX] = {0};

	for (CK_ULONG i = 0; i < count; i++)
		room[i] = template[i].ulValueLen;
	CK_RV result = CRYPTOKI(token->module, C_GetAttributeValue, token->session.handle, handle,
				template, count);
	for (CK_ULONG i = 0; i < count && is_partial(result); i++) {
		if (template[i].ulValueLen != room[i])
			continue;
		CK_RV single = CRYPTOKI(token->module, C_GetAttributeValue, token->session.handle,
					handle, &template[i], 1);
		if (is_partial(single))
			template[i].ulValueLen = 0;
		else if (single != CKR_OK)
			result = single;
	}
	/* More than the buffer's size: then the other lengths are not to be trusted either. */
	for (CK_ULONG i = 0; i < count && result == CKR_OK; i++)
		if (read_length(&template[i]) > room[i])
			result = CKR_GENERAL_ERROR;
	if (result != CKR_OK && !is_partial(result))
		return pkcs11_token_failed(token, "C_GetAttributeValue", result, token->uri, error);
	for (CK_ULONG i = 0; i < count; i++)
		template[i].ulValueLen =
			read_length(&template[i]) <= room[i] ? read_length(&template[i]) : 0;
	return true;
}

static bool is_equal(const CK_ATTRIBUTE *told, const CK_ATTRIBUTE *wanted, bool untold)
{
	if (told->ulValueLen == 0 && wanted->ulValueLen > 0)
		return untold;
	return told->ulValueLen == wanted->ulValueLen &&
	       memcmp(told->pValue, wanted->pValue, told->ulValueLen) == 0;
}

bool pkcs11_object_is_named(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
			    const struct pkcs11_template *names, bool untold)
{
	CK_BYTE id[NAME_BYTES_MAX];
	CK_BYTE label[NAME_BYTES_MAX];
	CK_ATTRIBUTE told[] = {{CKA_ID, id, sizeof id}, {CKA_LABEL, label, sizeof label}};

	if (!read_attributes(token, handle, told, 2, NULL))
		return untold;
	for (CK_ULONG i = 0; i < names->count; i++)
		for (size_t j = 0; j < 2; j++)
			if (names->attributes[i].type == told[j].type &&
			    !is_equal(&told[j], &names->attributes[i], untold))
				return false;
	return true;
}

static void drop_others(struct pkcs11_token *token, const struct pkcs11_template *names,
			struct pkcs11_objects *found)
{
	size_t kept = 0;

	for (size_t i = 0; i < found->count; i++)
		if (pkcs11_object_is_named(token, found->handles[i], names, true))
			found->handles[kept++] = found->handles[i];
	found->count = kept;
}

bool pkcs11_objects_find_named(struct pkcs11_token *token, CK_OBJECT_CLASS class, P11KitUri *uri,
			       struct pkcs11_objects *found, struct chronosign_error **error)
{
	struct pkcs11_template template = template_of_uri(&class, uri);

	if (!pkcs11_objects_find(token, &template, found, error))
		return false;
	if (template.count > 1)
		drop_others(token, &template, found);
	return true;
}

bool pkcs11_private_key_read(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
			     struct pkcs11_private_key *key, struct chronosign_error **error)
{
	CK_BBOOL sign = CK_TRUE;
	CK_BBOOL always = CK_FALSE;
	*key = (struct pkcs11_private_key){.handle = handle};
	CK_ATTRIBUTE template[] = {
		{CKA_KEY_TYPE, &key->type, sizeof key->type},
		{CKA_SIGN, &sign, sizeof sign},
		{CKA_ALWAYS_AUTHENTICATE, &always, sizeof always},
		{CKA_ID, key->id, sizeof key->id},
		{CKA_LABEL, key->label, sizeof key->label},
		{CKA_MODULUS, key->modulus, sizeof key->modulus},
		{CKA_PUBLIC_EXPONENT, key->exponent, sizeof key->exponent},
	};

	if (!read_attributes(token, handle, template, sizeof template / sizeof template[0], error))
		return false;
	key->type_known = template[0].ulValueLen == sizeof key->type;
	key->may_sign = template[1].ulValueLen != sizeof sign || sign != CK_FALSE;
	key->always_authenticate = template[2].ulValueLen == sizeof always && always != CK_FALSE;
	key->id_length = template[3].ulValueLen;
	key->label_length = template[4].ulValueLen;
	key->modulus_length = template[5].ulValueLen;
	key->exponent_length = template[6].ulValueLen;
	return true;
}

/* NULL without *error: it is not an RSA key. The same below. */
static EVP_PKEY *from_public_key_object(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
					struct chronosign_error **error)
{
	CK_BYTE modulus[2048];
	CK_BYTE exponent[16];
	CK_ATTRIBUTE template[] = {
		{CKA_MODULUS, modulus, sizeof modulus},
		{CKA_PUBLIC_EXPONENT, exponent, sizeof exponent},
	};

	if (!read_attributes(token, handle, template, 2, error))
		return NULL;
	return public_key_from_numbers(modulus, template[0].ulValueLen, exponent,
				       template[1].ulValueLen);
}

/* Asks for the value's length, then for the value. */
static CK_RV read_value(struct pkcs11_token *token, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *value)
{
	CK_RV result = CRYPTOKI(token->module, C_GetAttributeValue, token->session.handle, handle,
				value, 1);

	if (result != CKR_OK || read_length(value) == 0)
		return result;
	if (read_length(value) > VALUE_MAX)
		return CKR_GENERAL_ERROR;
	CK_ULONG room = value->ulValueLen;
	value->pValue = malloc(room);
	if (value->pValue == NULL)
		return CKR_HOST_MEMORY;
	result = CRYPTOKI(token->module, C_GetAttributeValue, token->session.handle, handle, value,
			  1);
	return result == CKR_OK && read_length(value) > room ? CKR_GENERAL_ERROR : result;
}

static EVP_PKEY *from_certificate_object(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
					 struct chronosign_error **error)
{
	CK_ATTRIBUTE value = {CKA_VALUE, NULL, 0};
	CK_RV result = read_value(token, handle, &value);
	CLEANUP(cleanup_memory) void *der = value.pValue;

	if (result == CKR_OK && der != NULL)
		return public_key_from_certificate(der, read_length(&value));
	if (result != CKR_OK)
		pkcs11_token_failed(token, "C_GetAttributeValue", result, token->uri, error);
	return NULL;
}

static EVP_PKEY *from_object(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
			     CK_OBJECT_CLASS class, struct chronosign_error **error)
{
	return class == CKO_CERTIFICATE ? from_certificate_object(token, handle, error)
					: from_public_key_object(token, handle, error);
}

EVP_PKEY *pkcs11_public_key_of_object(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
				      CK_OBJECT_CLASS class)
{
	return from_object(token, handle, class, NULL);
}

/* From the objects of that class that belong to the private key: those with the same id, or with the
 * same label if it has no id. */
static EVP_PKEY *from_objects(struct pkcs11_token *token, CK_OBJECT_CLASS class,
			      const struct pkcs11_private_key *key, struct chronosign_error **error)
{
	CLEANUP(pkcs11_objects_clear) struct pkcs11_objects found = {0};
	struct pkcs11_template template = {0};
	EVP_PKEY *public_key = NULL;

	pkcs11_template_add(&template, CKA_CLASS, &class, sizeof class);
	if (key->id_length > 0)
		pkcs11_template_add(&template, CKA_ID, key->id, key->id_length);
	else if (key->label_length > 0)
		pkcs11_template_add(&template, CKA_LABEL, key->label, key->label_length);
	else
		return NULL;
	if (!pkcs11_objects_find(token, &template, &found, error))
		return NULL;
	for (size_t i = 0; i < found.count && public_key == NULL; i++) {
		CLEANUP(cleanup_error) struct chronosign_error *trouble = NULL;
		public_key = from_object(token, found.handles[i], class, &trouble);
		if (trouble != NULL)
			error_move(error, &trouble);
	}
	return public_key;
}

EVP_PKEY *pkcs11_public_key(struct pkcs11_token *token, const struct pkcs11_private_key *key,
			    struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *trouble = NULL;
	EVP_PKEY *public_key = public_key_from_numbers(key->modulus, key->modulus_length,
						       key->exponent, key->exponent_length);

	if (public_key == NULL)
		public_key = from_objects(token, CKO_PUBLIC_KEY, key, &trouble);
	if (public_key == NULL)
		public_key = from_objects(token, CKO_CERTIFICATE, key,
					  trouble == NULL ? &trouble : NULL);
	if (public_key != NULL)
		return public_key;
	if (trouble != NULL)
		error_move(error, &trouble);
	else
		error_set(error, CHRONOSIGN_ERROR_KEY,
			  "%s: the token tells no public half of the key, neither with the private "
			  "key nor as a public key or "
			  "certificate with the same id; without it a signature cannot be checked, "
			  "so none is made",
			  token->uri);
	return NULL;
}

bool pkcs11_attributes_read(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
			    CK_ATTRIBUTE *attributes, CK_ULONG count,
			    struct chronosign_error **error)
{
	CK_RV result = CRYPTOKI(token->module, C_GetAttributeValue, token->session.handle, handle,
				attributes, count);

	return result == CKR_OK || is_partial(result) ||
	       pkcs11_token_failed(token, "C_GetAttributeValue", result, token->uri, error);
}
