/* Keys as OpenSSL's EVP_PKEY: signing, and the public half. */
#include "signer/openssl_key.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "pkcs11/public_key.h"
#include "signer/openssl_reasons.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

DEFINE_CLEANUP(number, BIGNUM *, BN_free)

bool openssl_key_sign(EVP_PKEY *pkey, OSSL_LIB_CTX *context, struct signing *signing,
		      struct chronosign_error **error)
{
	CLEANUP(cleanup_digest) EVP_MD_CTX *digest = EVP_MD_CTX_new();

	signing->length = sizeof signing->signature;
	/* Without this OpenSSL duplicates the operation before finishing it, which a token may
	 * not allow. */
	if (digest != NULL)
		EVP_MD_CTX_set_flags(digest, EVP_MD_CTX_FLAG_FINALISE);
	if (digest != NULL &&
	    EVP_DigestSignInit_ex(digest, NULL, "SHA256", context, NULL, pkey, NULL) == 1 &&
	    EVP_DigestSign(digest, signing->signature, &signing->length, signing->message,
			   signing->message_length) == 1)
		return true;
	struct openssl_cause cause;
	CLEANUP(cleanup_text) char *reasons = openssl_reasons_with_cause(&cause);
	error_set(error, CHRONOSIGN_ERROR_KEY, "OpenSSL cannot sign with the key: %s", reasons);
	return cause.pin_refused && error_mark_login(error);
}

bool openssl_key_check_rsa(const EVP_PKEY *pkey, const char *what, struct chronosign_error **error)
{
	const char *type = EVP_PKEY_get0_type_name(pkey);

	return EVP_PKEY_is_a(pkey, "RSA") ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "%s holds a key of type %s; Chronograf takes RSA keys only", what,
			 type == NULL ? "unknown" : type);
}

EVP_PKEY *openssl_key_public_half(const EVP_PKEY *pkey, const char *what,
				  struct chronosign_error **error)
{
	CLEANUP(cleanup_number) BIGNUM *n = NULL;
	CLEANUP(cleanup_number) BIGNUM *e = NULL;
	uint8_t modulus[SIGNATURE_MAX];
	uint8_t exponent[SIGNATURE_MAX];
	EVP_PKEY *public_half = NULL;

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	    BN_num_bytes(n) <= SIGNATURE_MAX && BN_num_bytes(e) <= SIGNATURE_MAX)
		public_half = public_key_from_numbers(modulus, (size_t)BN_bn2bin(n, modulus),
						      exponent, (size_t)BN_bn2bin(e, exponent));
	if (public_half == NULL)
		error_set(error, CHRONOSIGN_ERROR_KEY,
			  "%s tells no public half of its key; without it a signature cannot be "
			  "checked, so none is made",
			  what);
	ERR_clear_error();
	return public_half;
}
