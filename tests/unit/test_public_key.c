/* The public half of a key, from the objects that a token may hold. */
#include "pkcs11/public_key.h"

#include "base/cleanup.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t exponent[] = {1, 0, 1};

static void two_numbers_make_a_key(void **state)
{
	uint8_t modulus[128];

	(void)state;
	memset(modulus, 0xff, sizeof modulus);
	CLEANUP(cleanup_pkey)
	EVP_PKEY *key = public_key_from_numbers(modulus, sizeof modulus, exponent, 3);
	assert_non_null(key);
	assert_int_equal(EVP_PKEY_get_bits(key), 1024);
}

static void invalid_numbers_make_no_key(void **state)
{
	static const uint8_t zeros[128];
	static const uint8_t modulus[128] = {0xff};

	(void)state;
	assert_null(public_key_from_numbers(modulus, 0, exponent, 3));
	assert_null(public_key_from_numbers(modulus, sizeof modulus, exponent, 0));
	assert_null(public_key_from_numbers(zeros, sizeof zeros, exponent, 3));
	assert_null(public_key_from_numbers(modulus, sizeof modulus, zeros, 3));
}

/* The DER of a certificate that the key has signed itself. The caller frees it. */
static int certificate_of(EVP_PKEY *key, const EVP_MD *digest, unsigned char **der)
{
	X509 *certificate = X509_new();

	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 60));
	assert_true(X509_sign(certificate, key, digest) > 0);
	*der = NULL;
	int length = i2d_X509(certificate, der);
	X509_free(certificate);
	return length;
}

static void a_certificate_gives_its_key(void **state)
{
	CLEANUP(cleanup_pkey) EVP_PKEY *key = EVP_RSA_gen(1024);
	unsigned char *der;
	int length = certificate_of(key, EVP_sha256(), &der);

	(void)state;
	CLEANUP(cleanup_pkey) EVP_PKEY *told = public_key_from_certificate(der, (size_t)length);
	assert_non_null(told);
	assert_int_equal(EVP_PKEY_eq(told, key), 1);
	assert_null(public_key_from_certificate(der, (size_t)length / 2));
	OPENSSL_free(der);
}

static void a_certificate_for_another_kind_of_key_gives_none(void **state)
{
	CLEANUP(cleanup_pkey) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	unsigned char *der;
	int length = certificate_of(key, NULL, &der);

	(void)state;
	assert_null(public_key_from_certificate(der, (size_t)length));
	OPENSSL_free(der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_numbers_make_a_key),
		cmocka_unit_test(invalid_numbers_make_no_key),
		cmocka_unit_test(a_certificate_gives_its_key),
		cmocka_unit_test(a_certificate_for_another_kind_of_key_gives_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
