/* The numbers of an RSA key on their way into a token. */
#include "keystore/rsa_attributes.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static EVP_PKEY *make_key(int bits, int primes)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_primes(context, primes), 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* The number is the same as OpenSSL's by another route, and has no leading zero. */
static void assert_is(const CK_ATTRIBUTE *attribute, CK_ATTRIBUTE_TYPE type, const EVP_PKEY *key,
		      const char *parameter)
{
	BIGNUM *expected = NULL;
	BIGNUM *number = BN_bin2bn(attribute->pValue, (int)attribute->ulValueLen, NULL);

	assert_int_equal(attribute->type, type);
	assert_int_equal(EVP_PKEY_get_bn_param(key, parameter, &expected), 1);
	assert_int_equal(BN_cmp(number, expected), 0);
	assert_int_equal(attribute->ulValueLen, BN_num_bytes(expected));
	BN_free(number);
	BN_free(expected);
}

static void check_numbers(int bits)
{
	CK_ATTRIBUTE numbers[RSA_ATTRIBUTES];
	struct chronosign_secret *memory = NULL;
	struct chronosign_error *error = NULL;
	EVP_PKEY *key = make_key(bits, 2);

	assert_true(rsa_attributes_read(key, "key", &memory, numbers, &error));
	assert_is(&numbers[0], CKA_MODULUS, key, OSSL_PKEY_PARAM_RSA_N);
	assert_is(&numbers[1], CKA_PUBLIC_EXPONENT, key, OSSL_PKEY_PARAM_RSA_E);
	assert_is(&numbers[2], CKA_PRIVATE_EXPONENT, key, OSSL_PKEY_PARAM_RSA_D);
	assert_is(&numbers[3], CKA_PRIME_1, key, OSSL_PKEY_PARAM_RSA_FACTOR1);
	assert_is(&numbers[4], CKA_PRIME_2, key, OSSL_PKEY_PARAM_RSA_FACTOR2);
	assert_is(&numbers[5], CKA_EXPONENT_1, key, OSSL_PKEY_PARAM_RSA_EXPONENT1);
	assert_is(&numbers[6], CKA_EXPONENT_2, key, OSSL_PKEY_PARAM_RSA_EXPONENT2);
	assert_is(&numbers[7], CKA_COEFFICIENT, key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
	chronosign_secret_free(memory);
	EVP_PKEY_free(key);
}

static void no_number_has_leading_zeros(void **state)
{
	(void)state;
	check_numbers(1024);
	check_numbers(2048);
	check_numbers(1281); /* the modulus begins in the middle of a byte */
}

static void refuse(EVP_PKEY *key)
{
	CK_ATTRIBUTE numbers[RSA_ATTRIBUTES];
	struct chronosign_secret *memory = NULL;
	struct chronosign_error *error = NULL;

	assert_false(rsa_attributes_read(key, "key", &memory, numbers, &error));
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_KEY);
	chronosign_error_free(error);
	chronosign_secret_free(memory);
	EVP_PKEY_free(key);
}

static void a_key_of_three_primes_is_refused(void **state)
{
	(void)state;
	refuse(make_key(2048, 3));
}

static void a_public_key_is_refused(void **state)
{
	EVP_PKEY *key = make_key(1024, 2);
	unsigned char *der = NULL;
	int length = i2d_PUBKEY(key, &der);
	const unsigned char *bytes = der;

	(void)state;
	refuse(d2i_PUBKEY(NULL, &bytes, length));
	OPENSSL_free(der);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_number_has_leading_zeros),
		cmocka_unit_test(a_key_of_three_primes_is_refused),
		cmocka_unit_test(a_public_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
