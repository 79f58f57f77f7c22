/* Key references, the signer's guards, and the two forms of a public key. */
#include "base/cleanup.h"
#include "key/key.h"
#include "keystore/public_half_file.h"
#include "keystore/survey.h"

#include <chronosign/public_half.h>
#include <chronosign/signer.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

DEFINE_CLEANUP(key, struct chronosign_key *, chronosign_key_free)
DEFINE_CLEANUP(signer, struct chronosign_signer *, chronosign_signer_close)

static void a_reference_says_what_kind_it_is(void **state)
{
	static const struct {
		const char *reference;
		enum key_kind kind;
		const char *path;
	} rows[] = {
		{"/etc/key", KEY_IN_FILE, "/etc/key"},
		{"key.pem", KEY_IN_FILE, "key.pem"},
		{"./a:b", KEY_IN_FILE, "./a:b"},
		{"file:/etc/key", KEY_IN_FILE, "/etc/key"},
		{"file:///etc/my%20key", KEY_IN_FILE, "/etc/my key"},
		{"FILE://localhost/etc/key", KEY_IN_FILE, "/etc/key"},
		{"pkcs11:object=k", KEY_IN_TOKEN, NULL},
		{"handle:0x81000001", KEY_IN_STORE, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(cleanup_text) char *text = strdup(rows[i].reference);
		CLEANUP(cleanup_key) struct chronosign_key *key = chronosign_key_new(text, NULL);
		assert_non_null(key);
		assert_int_equal(key->kind, rows[i].kind);
		if (rows[i].path != NULL)
			assert_string_equal(key->path, rows[i].path);
	}
}

static void a_reference_that_names_nothing_is_a_usage_error(void **state)
{
	static const char *const rows[] = {"", "file:relative", "file://host/etc/key",
					   "file:///bad%2", "file:///nul%00"};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(cleanup_text) char *text = strdup(rows[i]);
		CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
		assert_null(chronosign_key_new(text, &error));
		assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_USAGE);
	}
}

static void the_name_of_a_key_never_has_its_pin(void **state)
{
	char reference[] = "pkcs11:object=k?pin-value=canary";
	CLEANUP(cleanup_key) struct chronosign_key *key = chronosign_key_new(reference, NULL);

	(void)state;
	assert_null(strstr(chronosign_key_name(key), "canary"));
	assert_null(strstr(reference, "canary"));
	char mistyped[] = "./pkcs11:object=k?pin-value=canary";
	CLEANUP(cleanup_key) struct chronosign_key *file = chronosign_key_new(mistyped, NULL);
	assert_null(strstr(chronosign_key_name(file), "canary"));
}

/* A key file made for one test. */
static char *key_file(EVP_PKEY *pkey)
{
	char *path = strdup("/tmp/chronosign-test-XXXXXX");
	int descriptor = mkstemp(path);
	CLEANUP(cleanup_stream) FILE *file = fdopen(descriptor, "w");

	assert_int_equal(PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL), 1);
	return path;
}

static void only_a_nonce_is_signed(void **state)
{
	CLEANUP(cleanup_pkey) EVP_PKEY *pkey = EVP_RSA_gen(1024);
	CLEANUP(cleanup_text) char *path = key_file(pkey);
	CLEANUP(cleanup_key) struct chronosign_key *key = chronosign_key_new(path, NULL);
	CLEANUP(cleanup_signer)
	struct chronosign_signer *signer = chronosign_signer_open(key, NULL);
	static const char *const refused[] = {
		"",
		"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyb290In0",
		"7D9F2C1E-5B3A-4C6D-8E9F-0A1B2C3D4E5F",
		"7d9f2c1e-5b3a-4c6d-8e9f-0a1b2c3d4e5f\n",
		"7d9f2c1e-5b3a-1c6d-8e9f-0a1b2c3d4e5f",
	};

	(void)state;
	unlink(path);
	assert_non_null(signer);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
		assert_null(chronosign_token_make(signer, refused[i], &error));
		assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_SERVER);
	}
	CLEANUP(cleanup_text)
	char *token = chronosign_token_make(signer, "7d9f2c1e-5b3a-4c6d-8e9f-0a1b2c3d4e5f", NULL);
	assert_non_null(token);
	assert_int_equal(strlen(token), 172);
}

/*
 * Both forms have one label: Chronograf reads the block as PKCS#1, openssl as SubjectPublicKeyInfo.
 */
static void both_forms_of_a_public_key_hold_the_same_key(void **state)
{
	CLEANUP(cleanup_pkey) EVP_PKEY *pkey = EVP_RSA_gen(1024);
	static const char label[] = "-----BEGIN PUBLIC KEY-----\n";

	(void)state;
	for (int form = CHRONOSIGN_PUBLIC_HALF_CHRONOGRAF; form <= CHRONOSIGN_PUBLIC_HALF_SPKI;
	     form++) {
		CLEANUP(cleanup_text) char *pem = chronosign_public_half_pem(pkey, form, NULL);
		assert_memory_equal(pem, label, sizeof label - 1);
		CLEANUP(cleanup_bio) BIO *memory = BIO_new_mem_buf(pem, -1);
		char *name = NULL;
		char *header = NULL;
		unsigned char *der = NULL;
		long length = 0;
		assert_int_equal(PEM_read_bio(memory, &name, &header, &der, &length), 1);
		const unsigned char *at = der;
		CLEANUP(cleanup_pkey)
		EVP_PKEY *read = form == CHRONOSIGN_PUBLIC_HALF_SPKI
					 ? d2i_PUBKEY(NULL, &at, length)
					 : d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, length);
		assert_non_null(read);
		assert_int_equal(EVP_PKEY_eq(read, pkey), 1);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
}

static void only_an_rsa_key_has_a_pem(void **state)
{
	CLEANUP(cleanup_pkey) EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct made_files made;

	(void)state;
	assert_null(chronosign_public_half_pem(pkey, CHRONOSIGN_PUBLIC_HALF_CHRONOGRAF, &error));
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_KEY);
	assert_false(public_half_write(pkey, CHRONOSIGN_PUBLIC_HALF_CHRONOGRAF,
				       "/nonexistent/key.pub", &made, NULL));
}

static void a_survey_of_a_key_outside_tokens_is_a_usage_error(void **state)
{
	char reference[] = "/etc/key";
	CLEANUP(cleanup_key) struct chronosign_key *key = chronosign_key_new(reference, NULL);
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	(void)state;
	assert_null(survey_make(key, NULL, NULL, &error));
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_USAGE);
	assert_non_null(strstr(chronosign_error_message(error), "'/etc/key' is not a pkcs11: URI"));
	survey_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reference_says_what_kind_it_is),
		cmocka_unit_test(a_reference_that_names_nothing_is_a_usage_error),
		cmocka_unit_test(the_name_of_a_key_never_has_its_pin),
		cmocka_unit_test(only_a_nonce_is_signed),
		cmocka_unit_test(both_forms_of_a_public_key_hold_the_same_key),
		cmocka_unit_test(only_an_rsa_key_has_a_pem),
		cmocka_unit_test(a_survey_of_a_key_outside_tokens_is_a_usage_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
