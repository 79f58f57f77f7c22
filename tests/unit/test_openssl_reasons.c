/* OpenSSL's error queue: the texts of each kind of library, and the causes that they show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/evperr.h>
#include <openssl/pemerr.h>
#include <openssl/proverr.h>
#include <stdlib.h>

#include "pkcs11/cryptoki.h"
#include "signer/openssl_reasons.h"

/* A library without reason strings, as libp11 0.4.21 is for a CK_RV. */
static int unnamed;

static int make_library(void **state)
{
	(void)state;
	unnamed = ERR_get_next_error_library();
	return 0;
}

static int forget_errors(void **state)
{
	(void)state;
	ERR_clear_error();
	return 0;
}

static void are(const char *expected, struct openssl_cause *cause)
{
	char *reasons = openssl_reasons_with_cause(cause);

	assert_string_equal(reasons, expected);
	free(reasons);
	assert_int_equal(ERR_peek_error(), 0);
}

static void a_cryptoki_code_is_reported_in_words(void **state)
{
	struct openssl_cause cause;

	(void)state;
	ERR_raise(unnamed, CKR_DEVICE_REMOVED);
	are("device removed", &cause);
	assert_false(cause.pin_refused);
	ERR_raise(unnamed, CKR_PIN_INCORRECT);
	are("pin incorrect", &cause);
	assert_true(cause.pin_refused);
}

static void an_unknown_number_is_reported_as_it_is(void **state)
{
	struct openssl_cause cause;

	(void)state;
	ERR_raise(unnamed, 0x3fff);
	are("error 16383 of an unnamed library", &cause);
	assert_false(cause.pin_refused);
}

static void the_same_number_of_openssl_itself_is_no_refused_pin(void **state)
{
	struct openssl_cause cause;

	(void)state;
	ERR_raise(ERR_LIB_X509, CKR_PIN_INCORRECT);
	free(openssl_reasons_with_cause(&cause));
	assert_false(cause.pin_refused);
}

static void a_reason_raised_by_several_layers_is_reported_once_unless_it_has_data(void **state)
{
	struct openssl_cause cause;

	(void)state;
	ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
	ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
	are("no start line", &cause);
	ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
	ERR_raise_data(ERR_LIB_PEM, PEM_R_NO_START_LINE, "Expecting: %s", "KEY");
	are("no start line; no start line (Expecting: KEY)", &cause);
}

static void an_error_of_the_system_has_its_words(void **state)
{
	struct openssl_cause cause;

	(void)state;
	ERR_raise(ERR_LIB_SYS, 2);
	are("No such file or directory", &cause);
}

static void a_wrong_padding_and_a_missing_algorithm_are_causes(void **state)
{
	struct openssl_cause cause;

	(void)state;
	ERR_raise(ERR_LIB_PROV, PROV_R_BAD_DECRYPT);
	free(openssl_reasons_with_cause(&cause));
	assert_true(cause.bad_decrypt);
	assert_false(cause.unsupported);
	ERR_raise(ERR_LIB_EVP, EVP_R_UNKNOWN_PBE_ALGORITHM);
	free(openssl_reasons_with_cause(&cause));
	assert_true(cause.unsupported);
	assert_false(cause.bad_decrypt);
}

static void an_empty_queue_is_no_reason(void **state)
{
	struct openssl_cause cause;

	(void)state;
	are("no reason given", &cause);
}

#define PROMISE(test) cmocka_unit_test_teardown(test, forget_errors)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(a_cryptoki_code_is_reported_in_words),
		PROMISE(an_unknown_number_is_reported_as_it_is),
		PROMISE(the_same_number_of_openssl_itself_is_no_refused_pin),
		PROMISE(a_reason_raised_by_several_layers_is_reported_once_unless_it_has_data),
		PROMISE(an_error_of_the_system_has_its_words),
		PROMISE(a_wrong_padding_and_a_missing_algorithm_are_causes),
		PROMISE(an_empty_queue_is_no_reason),
	};

	return cmocka_run_group_tests(tests, make_library, NULL);
}
