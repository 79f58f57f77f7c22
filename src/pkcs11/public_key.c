/* Public RSA keys from a token's numbers or certificate, by OpenSSL. */
#include "pkcs11/public_key.h"

#include "base/cleanup.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

DEFINE_CLEANUP(number, BIGNUM *, BN_free)
DEFINE_CLEANUP(builder, OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free)
DEFINE_CLEANUP(parameters, OSSL_PARAM *, OSSL_PARAM_free)
DEFINE_CLEANUP(pkey_context, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(certificate, X509 *, X509_free)

static EVP_PKEY *make(OSSL_PARAM *parameters)
{
	CLEANUP(cleanup_pkey_context)
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
		ERR_clear_error();
		return NULL;
	}
	return key;
}

EVP_PKEY *public_key_from_numbers(const uint8_t *modulus, size_t modulus_length,
				  const uint8_t *exponent, size_t exponent_length)
{
	if (modulus_length == 0 || exponent_length == 0)
		return NULL;

	CLEANUP(cleanup_number) BIGNUM *n = BN_bin2bn(modulus, (int)modulus_length, NULL);
	CLEANUP(cleanup_number) BIGNUM *e = BN_bin2bn(exponent, (int)exponent_length, NULL);
	CLEANUP(cleanup_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	if (n == NULL || e == NULL || builder == NULL || BN_is_zero(n) || BN_is_zero(e) ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1)
		return NULL;
	CLEANUP(cleanup_parameters) OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
	return parameters == NULL ? NULL : make(parameters);
}

EVP_PKEY *public_key_from_certificate(const uint8_t *der, size_t length)
{
	CLEANUP(cleanup_certificate) X509 *certificate = d2i_X509(NULL, &der, (long)length);
	EVP_PKEY *key = certificate == NULL ? NULL : X509_get_pubkey(certificate);

	if (key != NULL && EVP_PKEY_is_a(key, "RSA"))
		return key;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return NULL;
}

static void free_der(unsigned char **der)
{
	OPENSSL_free(*der);
}

EVP_PKEY *public_key_copy(const EVP_PKEY *key)
{
	CLEANUP(free_der) unsigned char *der = NULL;
	int length = i2d_PUBKEY(key, &der);
	const unsigned char *bytes = der;
	EVP_PKEY *copy = length <= 0 ? NULL : d2i_PUBKEY(NULL, &bytes, length);

	ERR_clear_error();
	return copy;
}
