/* Mechanisms: the one that hashes, pads and signs, else those for which we do a part of it
 * ourselves. */
#include "pkcs11/mechanism.h"

#include "base/error.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <string.h>

/* DER of DigestInfo up to the digest, for SHA-256 (RFC 8017 §9.2, note 1). */
static const uint8_t digest_info_sha256[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
					     0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
					     0x01, 0x05, 0x00, 0x04, 0x20};
/* PKCS#11 v3.1 defines 400; no token has them all. */
enum { MECHANISMS_MAX = 1024 };

enum { SHA256_LENGTH = 32, DIGEST_INFO_LENGTH = sizeof digest_info_sha256 + SHA256_LENGTH };

/* What goes into C_Sign. */
struct input {
	const uint8_t *message;
	size_t message_length;
	size_t modulus_length;
	uint8_t bytes[CHRONOSIGN_SIGNATURE_MAX];
	size_t length;
};

static bool whole_message(struct input *input)
{
	if (input->message_length > sizeof input->bytes)
		return false;
	memcpy(input->bytes, input->message, input->message_length);
	input->length = input->message_length;
	return true;
}

static bool digest_info(struct input *input)
{
	memcpy(input->bytes, digest_info_sha256, sizeof digest_info_sha256);
	input->length = DIGEST_INFO_LENGTH;
	return EVP_Digest(input->message, input->message_length,
			  input->bytes + sizeof digest_info_sha256, NULL, EVP_sha256(), NULL) == 1;
}

/* EMSA-PKCS1-v1_5 (RFC 8017 §9.2): 00 01 FF … FF 00 DigestInfo, as long as the modulus. */
static bool padded(struct input *input)
{
	size_t padding = input->modulus_length - DIGEST_INFO_LENGTH;

	if (input->modulus_length < DIGEST_INFO_LENGTH + 11 ||
	    input->modulus_length > sizeof input->bytes || !digest_info(input))
		return false;
	memmove(input->bytes + padding, input->bytes, DIGEST_INFO_LENGTH);
	memset(input->bytes, 0xff, padding);
	input->bytes[0] = 0x00;
	input->bytes[1] = 0x01;
	input->bytes[padding - 1] = 0x00;
	input->length = input->modulus_length;
	return true;
}

/* In the order of preference: the less of the work is ours, the less a token can be made to sign.
 */
static const struct way {
	CK_MECHANISM_TYPE mechanism;
	const char *name;
	bool (*prepare)(struct input *input);
} ways[] = {
	{CKM_SHA256_RSA_PKCS, "CKM_SHA256_RSA_PKCS", whole_message},
	{CKM_RSA_PKCS, "CKM_RSA_PKCS", digest_info},
	{CKM_RSA_X_509, "CKM_RSA_X_509", padded},
};

/* What a token answers that lacks the mechanism, or lacks it for this key: reason to try the next.
 */
static bool lacks_mechanism(CK_RV result)
{
	return result == CKR_MECHANISM_INVALID || result == CKR_MECHANISM_PARAM_INVALID;
}

/*
 * One way. CKR_OK: signed. Otherwise *error may be set already (a login that failed); *function is
 * the call that failed.
 */
static CK_RV sign_by(const struct way *way, struct pkcs11_token *token, const chronosign_key *key,
		     const struct pkcs11_private_key *private_key, const chronosign_secret *pin,
		     struct input *input, uint8_t *signature, CK_ULONG *length,
		     const char **function, chronosign_error **error)
{
	CK_MECHANISM mechanism = {way->mechanism, NULL, 0};

	*function = "C_SignInit";
	CK_RV result = CRYPTOKI(token->module, C_SignInit, token->session, &mechanism,
				private_key->handle);
	if (result != CKR_OK)
		return result;
	if (private_key->always_authenticate &&
	    !pkcs11_session_login_for_key(token, key, pin, error))
		return CKR_PIN_INCORRECT;
	*function = "C_Sign";
	return CRYPTOKI(token->module, C_Sign, token->session, input->bytes, input->length,
			signature, length);
}

/* I2OSP (RFC 8017 §4.1): a signature is as long as the modulus; some tokens drop its leading zeros.
 */
static bool restore_length(uint8_t *signature, size_t *length, size_t modulus_length)
{
	if (*length > modulus_length)
		return false;
	memmove(signature + modulus_length - *length, signature, *length);
	memset(signature, 0, modulus_length - *length);
	*length = modulus_length;
	return true;
}

bool pkcs11_sign(struct pkcs11_token *token, const chronosign_key *key,
		 const struct pkcs11_private_key *private_key, size_t modulus_length,
		 const chronosign_secret *pin, const uint8_t *message, size_t message_length,
		 uint8_t *signature, size_t *length, chronosign_error **error)
{
	struct input input = {.message = message,
			      .message_length = message_length,
			      .modulus_length = modulus_length};
	const char *function = "C_SignInit";
	CK_ULONG got = 0;
	chronosign_error *login_error = NULL;

	CK_RV result = CKR_MECHANISM_INVALID;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0] && lacks_mechanism(result); i++) {
		if (!ways[i].prepare(&input))
			continue;
		got = CHRONOSIGN_SIGNATURE_MAX;
		result = sign_by(&ways[i], token, key, private_key, pin, &input, signature, &got,
				 &function, &login_error);
		key_notice(key, CHRONOSIGN_NOTICE_DETAIL, "mechanism %s: %s", ways[i].name,
			   result == CKR_OK          ? "signed"
			   : lacks_mechanism(result) ? "the token lacks it"
						     : "failed");
	}
	if (login_error != NULL) {
		if (error != NULL)
			*error = login_error;
		else
			chronosign_error_free(login_error);
		return false;
	}
	if (result != CKR_OK)
		return cryptoki_error(error, token->module, function, result, key->name);
	*length = got;
	return restore_length(signature, length, modulus_length) ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "%s: the token's signature is longer than the key's modulus", key->name);
}

/* Listed, and for signing; a token that does not tell what for is believed. */
static bool is_offered(const struct pkcs11_token *token, const CK_MECHANISM_TYPE *list,
		       CK_ULONG count, CK_MECHANISM_TYPE wanted)
{
	CK_MECHANISM_INFO info = {0};

	for (CK_ULONG i = 0; i < count; i++)
		if (list[i] == wanted)
			return CRYPTOKI(token->module, C_GetMechanismInfo, token->slot, wanted,
					&info) != CKR_OK ||
			       (info.flags & CKF_SIGN) != 0;
	return false;
}

bool pkcs11_mechanisms(const struct pkcs11_token *token, char **names)
{
	CK_MECHANISM_TYPE list[MECHANISMS_MAX];
	CK_ULONG count = MECHANISMS_MAX;

	*names = NULL;
	if (CRYPTOKI(token->module, C_GetMechanismList, token->slot, list, &count) != CKR_OK ||
	    count > MECHANISMS_MAX)
		return false;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if (is_offered(token, list, count, ways[i].mechanism))
			text_append(names, "%s%s", *names == NULL ? "" : ", ", ways[i].name);
	return true;
}
