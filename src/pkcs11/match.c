/* What a search found, judged: none, several, or one that is fit to sign. */
#include "pkcs11/match.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "pkcs11/choice.h"

bool pkcs11_match_possible(const chronosign_key *key, chronosign_error **error)
{
	const CK_ATTRIBUTE *class = p11_kit_uri_get_attribute(key->uri->parsed, CKA_CLASS);

	if (class == NULL || *(const CK_OBJECT_CLASS *)class->pValue == CKO_PRIVATE_KEY)
		return true;
	return error_set(error, CHRONOSIGN_ERROR_USAGE,
			 "'%s' names no private key; leave out the type, or write type=private",
			 key->name);
}

static bool several_match(struct pkcs11_token *token, const struct pkcs11_objects *found,
			  const chronosign_key *key, chronosign_error **error)
{
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "%s%zu private keys match '%s'; use the URI of one of them:",
		  found->count == OBJECTS_MAX ? "at least " : "", found->count, key->name);
	for (size_t i = 0; i < found->count; i++) {
		CLEANUP(cleanup_text)
		char *uri = pkcs11_object_uri(token, found->handles[i], CKO_PRIVATE_KEY);
		error_append(error, "  %s", uri == NULL ? "(one that cannot be described)" : uri);
	}
	return false;
}

static const char *type_name(CK_KEY_TYPE type)
{
	return type == CKK_EC ? "EC" : type == CKK_DSA ? "DSA" : "another";
}

static bool check(const struct pkcs11_private_key *private_key, const chronosign_key *key,
		  chronosign_error **error)
{
	if (private_key->type_known && private_key->type != CKK_RSA)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "the key '%s' is of type %s; Chronograf takes RSA keys only",
				 key->name, type_name(private_key->type));
	if (!private_key->may_sign)
		return error_set(
			error, CHRONOSIGN_ERROR_KEY,
			"the key '%s' may not sign (its CKA_SIGN is false); use a signing key",
			key->name);
	return true;
}

bool pkcs11_match_one(struct pkcs11_token *token, const struct pkcs11_objects *found,
		      const struct pkcs11_tokens *tokens, const struct pkcs11_modules *modules,
		      const chronosign_key *key, struct pkcs11_private_key *private_key,
		      chronosign_error **error)
{
	if (found->count == 0)
		return pkcs11_no_match(tokens, modules, key, error);
	if (found->count > 1)
		return several_match(token, found, key, error);
	return pkcs11_private_key_read(token, found->handles[0], private_key, error) &&
	       check(private_key, key, error);
}
