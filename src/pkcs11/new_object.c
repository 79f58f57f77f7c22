/* Creating and destroying objects: one call each, and what its result means. */
#include "pkcs11/new_object.h"

#include "base/text.h"

#include <string.h>

/* A call that succeeded must have returned an object. */
static CK_RV check(CK_RV result, CK_OBJECT_HANDLE handle)
{
	return result == CKR_OK && handle == CK_INVALID_HANDLE ? CKR_GENERAL_ERROR : result;
}

static enum pkcs11_made judge(struct pkcs11_token *token, const char *function, CK_RV result,
			      const char *what, struct chronosign_error **error)
{
	if (result == CKR_OK)
		return PKCS11_MADE;
	pkcs11_token_failed(token, function, result, what, error);
	return result == CKR_ATTRIBUTE_TYPE_INVALID ? PKCS11_UNKNOWN_ATTRIBUTE : PKCS11_NOT_MADE;
}

enum pkcs11_made pkcs11_object_create(struct pkcs11_token *token,
				      const struct pkcs11_template *template,
				      CK_OBJECT_HANDLE *handle, const char *what,
				      struct chronosign_error **error)
{
	CK_RV result = CRYPTOKI(token->module, C_CreateObject, token->session.handle,
				(CK_ATTRIBUTE *)template->attributes, template->count, handle);

	result = check(result, *handle);
	if (result != CKR_OK)
		*handle = CK_INVALID_HANDLE;
	return judge(token, "C_CreateObject", result, what, error);
}

enum pkcs11_made pkcs11_rsa_pair_generate(struct pkcs11_token *token, struct pkcs11_rsa_pair *pair,
					  const char *what, struct chronosign_error **error)
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_RV result = CRYPTOKI(token->module, C_GenerateKeyPair, token->session.handle, &mechanism,
				pair->public_template.attributes, pair->public_template.count,
				pair->private_template.attributes, pair->private_template.count,
				&pair->public_key, &pair->private_key);

	result = check(check(result, pair->public_key), pair->private_key);
	if (result != CKR_OK) {
		pair->public_key = CK_INVALID_HANDLE;
		pair->private_key = CK_INVALID_HANDLE;
	}
	return judge(token, "C_GenerateKeyPair", result, what, error);
}

bool pkcs11_keeps_refused_pairs(const struct pkcs11_token *token)
{
	static const char manufacturer[] = "tpm2-software";
	CK_INFO info;

	return CRYPTOKI(token->module, C_GetInfo, &info) == CKR_OK &&
	       memcmp(info.manufacturerID, manufacturer, strlen(manufacturer)) == 0;
}

bool pkcs11_object_destroy(const struct pkcs11_token *token, CK_OBJECT_HANDLE handle, char **why)
{
	char buffer[32];
	CK_RV result = CRYPTOKI(token->module, C_DestroyObject, token->session.handle, handle);

	if (result == CKR_OK)
		return true;
	*why = text_format("C_DestroyObject answered %s", cryptoki_name(result, buffer));
	return false;
}
