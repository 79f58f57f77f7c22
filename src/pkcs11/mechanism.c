/* Mechanisms: the one that hashes, pads and signs, else those that leave a part of this to us. */
#include "pkcs11/mechanism.h"

#include "base/cleanup.h"
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
	uint8_t bytes[SIGNATURE_MAX];
	size_t length;
};

static bool whole_message(const struct signing *signing, struct input *input)
{
	if (signing->message_length > sizeof input->bytes)
		return false;
	memcpy(input->bytes, signing->message, signing->message_length);
	input->length = signing->message_length;
	return true;
}

static bool digest_info(const struct signing *signing, struct input *input)
{
	memcpy(input->bytes, digest_info_sha256, sizeof digest_info_sha256);
	input->length = DIGEST_INFO_LENGTH;
	return EVP_Digest(signing->message, signing->message_length,
			  input->bytes + sizeof digest_info_sha256, NULL, EVP_sha256(), NULL) == 1;
}

/* EMSA-PKCS1-v1_5 (RFC 8017 §9.2): 00 01 FF … FF 00 DigestInfo, as long as the modulus. */
static bool padded(const struct signing *signing, struct input *input)
{
	size_t padding = signing->modulus_length - DIGEST_INFO_LENGTH;

	if (signing->modulus_length < DIGEST_INFO_LENGTH + 11 ||
	    signing->modulus_length > sizeof input->bytes || !digest_info(signing, input))
		return false;
	memmove(input->bytes + padding, input->bytes, DIGEST_INFO_LENGTH);
	memset(input->bytes, 0xff, padding);
	input->bytes[0] = 0x00;
	input->bytes[1] = 0x01;
	input->bytes[padding - 1] = 0x00;
	input->length = signing->modulus_length;
	return true;
}

/* In order of preference: the more the token does itself, the less it can be made to sign. */
static const struct way {
	CK_MECHANISM_TYPE mechanism;
	const char *name;
	bool (*prepare)(const struct signing *signing, struct input *input);
} ways[] = {
	{CKM_SHA256_RSA_PKCS, "CKM_SHA256_RSA_PKCS", whole_message},
	{CKM_RSA_PKCS, "CKM_RSA_PKCS", digest_info},
	{CKM_RSA_X_509, "CKM_RSA_X_509", padded},
};

/* The result of trying one mechanism. */
enum outcome {
	SIGNED,
	LACKED,  /* the token lacks it, or lacks it for this key */
	REFUSED, /* the key may not be used this way */
	FAILED,
};

/* I2OSP (RFC 8017 §4.1): a signature is as long as the modulus; some tokens drop its leading zeros.
 */
static bool restore_length(struct signing *signing, size_t got)
{
	size_t zeros = signing->modulus_length - got;

	if (got > signing->modulus_length)
		return false;
	memmove(signing->signature + zeros, signing->signature, got);
	memset(signing->signature, 0, zeros);
	signing->length = signing->modulus_length;
	return true;
}

/* Reason to try the next one. Modules do not agree on what C_SignInit answers for a mechanism that
 * this key does not allow, though it may allow another; C_Sign has an operation that was accepted. */
static enum outcome judge(CK_RV result, bool accepted)
{
	switch (result) {
	case CKR_MECHANISM_INVALID:
	case CKR_MECHANISM_PARAM_INVALID:
		return LACKED;
	case CKR_KEY_FUNCTION_NOT_PERMITTED:
	case CKR_KEY_TYPE_INCONSISTENT:
	case CKR_FUNCTION_NOT_SUPPORTED:
	case CKR_FUNCTION_FAILED:
	case CKR_ARGUMENTS_BAD:
	case CKR_GENERAL_ERROR:
		return accepted ? FAILED : REFUSED;
	default:
		return FAILED;
	}
}

static enum outcome sign_by(const struct way *way, struct pkcs11_token *token,
			    const struct pkcs11_private_key *key, struct signing *signing,
			    struct chronosign_error **error)
{
	CK_MECHANISM mechanism = {way->mechanism, NULL, 0};
	CK_ULONG got = sizeof signing->signature;
	struct input input;

	if (!way->prepare(signing, &input)) {
		error_set(error, CHRONOSIGN_ERROR_KEY, "%s: the key is too short to sign with",
			  token->module->key->name);
		return LACKED;
	}
	CK_RV result =
		CRYPTOKI(token->module, C_SignInit, token->session.handle, &mechanism, key->handle);
	if (result != CKR_OK) {
		pkcs11_token_failed(token, "C_SignInit", result, token->module->key->name, error);
		return judge(result, false);
	}
	if (key->always_authenticate && !pkcs11_session_login_for_key(token, error))
		return FAILED;
	result = CRYPTOKI(token->module, C_Sign, token->session.handle, input.bytes, input.length,
			  signing->signature, &got);
	if (result != CKR_OK) {
		pkcs11_token_failed(token, "C_Sign", result, token->module->key->name, error);
		return judge(result, true);
	}
	if (restore_length(signing, got))
		return SIGNED;
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "%s: the token's signature is longer than the key's modulus",
		  token->module->key->name);
	return FAILED;
}

/* If several mechanisms do not work, a failure is reported first, else the first refusal. */
bool pkcs11_sign(struct pkcs11_token *token, const struct pkcs11_private_key *key,
		 struct signing *signing, struct chronosign_error **error)
{
	static const char *const outcomes[] = {"signed", "the token lacks it", "not for this key",
					       "failed"};
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;
	enum outcome worst = SIGNED;
	enum outcome outcome = LACKED;

	token->session.retry = RETRY_NEVER;
	if (key->always_authenticate && !pkcs11_session_ready_for_key(token, error))
		return false;
	for (size_t i = 0;
	     i < sizeof ways / sizeof ways[0] && outcome != SIGNED && outcome != FAILED; i++) {
		CLEANUP(cleanup_error) struct chronosign_error *latest = NULL;
		outcome = sign_by(&ways[i], token, key, signing, &latest);
		key_notice(token->module->key, CHRONOSIGN_NOTICE_DETAIL, "mechanism %s: %s",
			   ways[i].name, outcomes[outcome]);
		if (outcome > worst) {
			chronosign_error_free(TAKE(reason));
			reason = TAKE(latest);
			worst = outcome;
		}
	}
	return outcome == SIGNED || error_move(error, &reason);
}

/* Listed, and for signing; a token that does not list usages is trusted. */
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
