/* Objects: searched by template, read with one call each. */
#include "pkcs11/object.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "pkcs11/public_key.h"

#include <string.h>

/* One search operation: init, as many reads as the token needs, final (PKCS#11 v3.1 §5.7.7 to
 * §5.7.9). */
bool pkcs11_objects_find_by(struct pkcs11_token *token, CK_ATTRIBUTE *template, CK_ULONG size,
			    struct pkcs11_objects *found, chronosign_error **error)
{
	CK_ULONG got = 0;
	const char *function = "C_FindObjectsInit";
	CK_RV result = CRYPTOKI(token->module, C_FindObjectsInit, token->session, template, size);

	found->count = 0;
	if (result == CKR_OK) {
		function = "C_FindObjects";
		result = CRYPTOKI(token->module, C_FindObjects, token->session, found->handles,
				  OBJECTS_MAX, &got);
		CK_RV final = CRYPTOKI(token->module, C_FindObjectsFinal, token->session);
		if (result == CKR_OK && final != CKR_OK) {
			function = "C_FindObjectsFinal";
			result = final;
		}
	}
	if (result != CKR_OK)
		return cryptoki_error(error, token->module, function, result, token->uri);
	found->count = got <= OBJECTS_MAX ? got : OBJECTS_MAX;
	return true;
}

bool pkcs11_objects_find(struct pkcs11_token *token, CK_OBJECT_CLASS class, P11KitUri *uri,
			 struct pkcs11_objects *found, chronosign_error **error)
{
	CK_ATTRIBUTE template[3] = {{CKA_CLASS, &class, sizeof class}};
	CK_ULONG size = 1;
	const CK_ATTRIBUTE_TYPE named[] = {CKA_ID, CKA_LABEL};

	for (size_t i = 0; i < 2; i++) {
		const CK_ATTRIBUTE *attribute = p11_kit_uri_get_attribute(uri, named[i]);
		if (attribute != NULL)
			template[size++] = *attribute;
	}
	return pkcs11_objects_find_by(token, template, size, found, error);
}

/* Reads the search's results to their end, some at a time. */
static CK_RV read_handles(struct pkcs11_token *token, CK_OBJECT_HANDLE **handles, size_t *count)
{
	enum { SOME = 64 };
	CK_ULONG got = SOME;

	while (got > 0) {
		CK_OBJECT_HANDLE *more = reallocarray(*handles, *count + SOME, sizeof *more);
		if (more == NULL)
			return CKR_HOST_MEMORY;
		*handles = more;
		CK_RV result = CRYPTOKI(token->module, C_FindObjects, token->session, more + *count,
					SOME, &got);
		if (result != CKR_OK || got > SOME)
			return result != CKR_OK ? result : CKR_GENERAL_ERROR;
		*count += got;
	}
	return CKR_OK;
}

bool pkcs11_objects_list(struct pkcs11_token *token, CK_OBJECT_CLASS class,
			 CK_OBJECT_HANDLE **handles, size_t *count, chronosign_error **error)
{
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	const char *function = "C_FindObjectsInit";
	CK_RV result = CRYPTOKI(token->module, C_FindObjectsInit, token->session, &template, 1);

	*handles = NULL;
	*count = 0;
	if (result == CKR_OK) {
		function = "C_FindObjects";
		result = read_handles(token, handles, count);
		CRYPTOKI(token->module, C_FindObjectsFinal, token->session);
	}
	if (result == CKR_OK)
		return true;
	free(*handles);
	*handles = NULL;
	return cryptoki_error(error, token->module, function, result, token->uri);
}

/* The length of an attribute that was read, 0 if the token did not tell it
 * (CK_UNAVAILABLE_INFORMATION). */
static size_t read_length(const CK_ATTRIBUTE *attribute)
{
	return attribute->ulValueLen == CK_UNAVAILABLE_INFORMATION ? 0 : attribute->ulValueLen;
}

/*
 * C_GetAttributeValue reads what it can and reports the rest: these results leave the template
 * usable (PKCS#11 v3.1 §5.7.5).
 */
static bool is_partial(CK_RV result)
{
	return result == CKR_OK || result == CKR_ATTRIBUTE_TYPE_INVALID ||
	       result == CKR_ATTRIBUTE_SENSITIVE || result == CKR_BUFFER_TOO_SMALL;
}

bool pkcs11_private_key_read(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
			     struct pkcs11_private_key *key, chronosign_error **error)
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
	CK_RV result = CRYPTOKI(token->module, C_GetAttributeValue, token->session, handle,
				template, sizeof template / sizeof template[0]);

	if (!is_partial(result))
		return cryptoki_error(error, token->module, "C_GetAttributeValue", result,
				      token->uri);
	key->type_known = read_length(&template[0]) == sizeof key->type;
	key->may_sign = read_length(&template[1]) != sizeof sign || sign != CK_FALSE;
	key->always_authenticate = read_length(&template[2]) == sizeof always && always != CK_FALSE;
	key->id_length = read_length(&template[3]);
	key->label_length = read_length(&template[4]);
	key->modulus_length = read_length(&template[5]);
	key->exponent_length = read_length(&template[6]);
	return true;
}

/* The template that finds what belongs to the private key: the same id, or the same label if it has
 * no id. */
static CK_ATTRIBUTE same_key(const struct pkcs11_private_key *key)
{
	if (key->id_length > 0)
		return (CK_ATTRIBUTE){CKA_ID, (void *)key->id, key->id_length};
	return (CK_ATTRIBUTE){CKA_LABEL, (void *)key->label, key->label_length};
}

static EVP_PKEY *from_public_key_object(struct pkcs11_token *token, CK_OBJECT_HANDLE handle)
{
	CK_BYTE modulus[2048];
	CK_BYTE exponent[16];
	CK_ATTRIBUTE template[] = {
		{CKA_MODULUS, modulus, sizeof modulus},
		{CKA_PUBLIC_EXPONENT, exponent, sizeof exponent},
	};
	CK_RV result =
		CRYPTOKI(token->module, C_GetAttributeValue, token->session, handle, template, 2);

	if (!is_partial(result))
		return NULL;
	return public_key_from_numbers(modulus, read_length(&template[0]), exponent,
				       read_length(&template[1]));
}

static EVP_PKEY *from_certificate_object(struct pkcs11_token *token, CK_OBJECT_HANDLE handle)
{
	CK_ATTRIBUTE value = {CKA_VALUE, NULL, 0};

	if (CRYPTOKI(token->module, C_GetAttributeValue, token->session, handle, &value, 1) !=
		    CKR_OK ||
	    read_length(&value) == 0)
		return NULL;
	CLEANUP(cleanup_memory) void *der = malloc(value.ulValueLen);
	value.pValue = der;
	if (der == NULL || CRYPTOKI(token->module, C_GetAttributeValue, token->session, handle,
				    &value, 1) != CKR_OK)
		return NULL;
	return public_key_from_certificate(der, read_length(&value));
}

EVP_PKEY *pkcs11_public_key_of_object(struct pkcs11_token *token, CK_OBJECT_HANDLE handle,
				      CK_OBJECT_CLASS class)
{
	return class == CKO_CERTIFICATE ? from_certificate_object(token, handle)
					: from_public_key_object(token, handle);
}

static EVP_PKEY *from_object(struct pkcs11_token *token, CK_OBJECT_CLASS class,
			     const struct pkcs11_private_key *key)
{
	struct pkcs11_objects found;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, same_key(key)};

	if (template[1].ulValueLen == 0 ||
	    !pkcs11_objects_find_by(token, template, 2, &found, NULL))
		return NULL;
	for (size_t i = 0; i < found.count; i++) {
		EVP_PKEY *public_key = pkcs11_public_key_of_object(token, found.handles[i], class);
		if (public_key != NULL)
			return public_key;
	}
	return NULL;
}

EVP_PKEY *pkcs11_public_key(struct pkcs11_token *token, const struct pkcs11_private_key *key,
			    chronosign_error **error)
{
	EVP_PKEY *public_key = public_key_from_numbers(key->modulus, key->modulus_length,
						       key->exponent, key->exponent_length);

	if (public_key == NULL)
		public_key = from_object(token, CKO_PUBLIC_KEY, key);
	if (public_key == NULL)
		public_key = from_object(token, CKO_CERTIFICATE, key);
	if (public_key == NULL)
		error_set(error, CHRONOSIGN_ERROR_KEY,
			  "%s: the token tells no public half of the key, neither with the private "
			  "key nor as a public key or "
			  "certificate with the same id; without it a signature cannot be checked, "
			  "so none is made",
			  token->uri);
	return public_key;
}

char *pkcs11_object_uri(struct pkcs11_token *token, CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class)
{
	CK_BYTE id[256];
	CK_BYTE label[256];
	CK_ATTRIBUTE read[] = {{CKA_ID, id, sizeof id}, {CKA_LABEL, label, sizeof label}};
	CK_ATTRIBUTE named[3] = {{CKA_CLASS, &class, sizeof class}};
	CK_ULONG count = 1;

	if (!is_partial(
		    CRYPTOKI(token->module, C_GetAttributeValue, token->session, handle, read, 2)))
		return NULL;
	for (size_t i = 0; i < 2; i++) {
		read[i].ulValueLen = read_length(&read[i]);
		if (read[i].ulValueLen > 0)
			named[count++] = read[i];
	}
	return pkcs11_uri_of_object(&token->info, named, count);
}
