/* RSA numbers from OpenSSL to PKCS#11, without a copy outside locked memory. */
#include "keystore/rsa_attributes.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/secret.h"

#include "base/signing.h"
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

/* As long as the modulus, the longest of them. */
enum { NUMBER_MAX = SIGNATURE_MAX };

static const struct {
	const char *parameter;
	CK_ATTRIBUTE_TYPE attribute;
} numbers[RSA_ATTRIBUTES] = {
	{OSSL_PKEY_PARAM_RSA_N, CKA_MODULUS},
	{OSSL_PKEY_PARAM_RSA_E, CKA_PUBLIC_EXPONENT},
	{OSSL_PKEY_PARAM_RSA_D, CKA_PRIVATE_EXPONENT},
	{OSSL_PKEY_PARAM_RSA_FACTOR1, CKA_PRIME_1},
	{OSSL_PKEY_PARAM_RSA_FACTOR2, CKA_PRIME_2},
	{OSSL_PKEY_PARAM_RSA_EXPONENT1, CKA_EXPONENT_1},
	{OSSL_PKEY_PARAM_RSA_EXPONENT2, CKA_EXPONENT_2},
	{OSSL_PKEY_PARAM_RSA_COEFFICIENT1, CKA_COEFFICIENT},
};

/* OpenSSL pads to the given size, in native byte order; PKCS#11 wants big-endian without padding
 * (v3.1 §2.3, "Big integer"). */
static CK_ATTRIBUTE big_integer(CK_ATTRIBUTE_TYPE type, unsigned char *bytes)
{
	size_t zeros = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	for (size_t i = 0; i < NUMBER_MAX / 2; i++) {
		unsigned char swapped = bytes[i];
		bytes[i] = bytes[NUMBER_MAX - 1 - i];
		bytes[NUMBER_MAX - 1 - i] = swapped;
	}
#endif
	while (zeros < NUMBER_MAX - 1 && bytes[zeros] == 0)
		zeros++;
	return (CK_ATTRIBUTE){type, bytes + zeros, NUMBER_MAX - zeros};
}

/* Lets OpenSSL write all numbers into the memory. Tokens do not support a third prime (RFC 8017
 * §3.2). */
static bool get(const EVP_PKEY *key, unsigned char *bytes)
{
	OSSL_PARAM parameters[RSA_ATTRIBUTES + 2];
	OSSL_PARAM *third = &parameters[RSA_ATTRIBUTES];
	bool complete = true;

	for (size_t i = 0; i < RSA_ATTRIBUTES; i++)
		parameters[i] = OSSL_PARAM_construct_BN(numbers[i].parameter,
							bytes + i * NUMBER_MAX, NUMBER_MAX);
	*third = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_FACTOR3,
					 bytes + (size_t)RSA_ATTRIBUTES * NUMBER_MAX, NUMBER_MAX);
	parameters[RSA_ATTRIBUTES + 1] = OSSL_PARAM_construct_end();
	if (EVP_PKEY_get_params(key, parameters) != 1)
		return false;
	for (size_t i = 0; i < RSA_ATTRIBUTES; i++)
		complete = complete && OSSL_PARAM_modified(&parameters[i]);
	return complete && !OSSL_PARAM_modified(third);
}

bool rsa_attributes_read(const EVP_PKEY *key, const char *name, struct chronosign_secret **memory,
			 CK_ATTRIBUTE attributes[static RSA_ATTRIBUTES],
			 struct chronosign_error **error)
{
	*memory = secret_allocate((size_t)(RSA_ATTRIBUTES + 1) * NUMBER_MAX, error);
	if (*memory == NULL)
		return false;
	if (!get(key, secret_bytes(*memory))) {
		ERR_clear_error();
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "the key '%s' lacks the numbers of an RSA key of two primes, "
				 "which a token needs",
				 name);
	}
	for (size_t i = 0; i < RSA_ATTRIBUTES; i++)
		attributes[i] =
			big_integer(numbers[i].attribute, secret_bytes(*memory) + i * NUMBER_MAX);
	return true;
}
