/* PKCS#11 URIs: what is accepted, what is refused and why, and that no PIN stays in the text. */
#include "key/uri.h"

#include "base/secret.h"
#include "pkcs11/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct pkcs11_uri *parse(char *text)
{
	struct chronosign_error *error = NULL;
	struct pkcs11_uri *uri = pkcs11_uri_parse(text, &error);

	if (uri == NULL)
		fail_msg("%s: %s", text, chronosign_error_message(error));
	return uri;
}

/* Refused as a usage error, with a message that contains `says` and not `hides`. */
static void refused(const char *given, const char *says, const char *hides)
{
	struct chronosign_error *error = NULL;
	char *text = strdup(given);
	struct pkcs11_uri *uri = pkcs11_uri_parse(text, &error);

	if (uri != NULL)
		fail_msg("%s was accepted", given);
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_USAGE);
	if (strstr(chronosign_error_message(error), says) == NULL)
		fail_msg("%s: '%s' does not say '%s'", given, chronosign_error_message(error),
			 says);
	if (hides != NULL &&
	    (strstr(chronosign_error_message(error), hides) || strstr(text, hides)))
		fail_msg("%s: '%s' or '%s' shows the PIN", given, chronosign_error_message(error),
			 text);
	chronosign_error_free(error);
	free(text);
}

static void every_attribute_of_rfc_7512_is_accepted(void **state)
{
	char text[] =
		"pkcs11:token=t;manufacturer=m;serial=s;model=o;slot-id=3;slot-description=d;"
		"slot-manufacturer=f;library-manufacturer=l;library-description=b;library-version="
		"3.1;"
		"object=k;id=%01%ff;type=private?pin-source=/p&module-name=n&module-path=/m.so";
	struct pkcs11_uri *uri = parse(text);

	(void)state;
	assert_int_equal(p11_kit_uri_get_slot_id(uri->parsed), 3);
	assert_string_equal(p11_kit_uri_get_module_name(uri->parsed), "n");
	assert_string_equal(p11_kit_uri_get_module_path(uri->parsed), "/m.so");
	assert_string_equal(uri->pin_source, "/p");
	assert_null(uri->pin_value);
	const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(uri->parsed, CKA_ID);
	assert_int_equal(id->ulValueLen, 2);
	assert_memory_equal(id->pValue, "\x01\xff", 2);
	pkcs11_uri_free(uri);
}

static void a_scheme_may_be_written_in_capitals(void **state)
{
	char text[] = "PKCS11:object=k";

	(void)state;
	pkcs11_uri_free(parse(text));
}

static void a_pin_value_is_decoded_and_overwritten(void **state)
{
	char text[] = "pkcs11:object=k?pin-value=12%2534%00&module-name=n";
	struct pkcs11_uri *uri = parse(text);

	(void)state;
	assert_int_equal(secret_length(uri->pin_value), 6);
	assert_memory_equal(secret_bytes(uri->pin_value), "12%34\0", 6);
	assert_string_equal(text, "pkcs11:object=k?pin-value=**********&module-name=n");
	assert_null(p11_kit_uri_get_pin_value(uri->parsed));
	pkcs11_uri_free(uri);
}

static void a_pin_is_overwritten_even_if_the_uri_is_wrong(void **state)
{
	(void)state;
	refused("pkcs11:object=k?unknown=1&pin-value=canary", "'unknown'", "canary");
	refused("pkcs11:objekt=k?pin-value=canary", "'objekt'", "canary");
	refused("pkcs11:object=k?pin-value=canary&pin-value=canary", "more than one", "canary");
	refused("pkcs11:?pin-value=1&pin-value=2&pin-value=canary", "more than one", "canary");
	for (const char *space = " \n\v\r"; *space != '\0'; space++) {
		char given[64];

		snprintf(given, sizeof given, "pkcs11:%cpin-value=canary", *space);
		refused(given, "white space", "canary");
		snprintf(given, sizeof given, "pkcs11:object=k;%cpin-source=canary", *space);
		refused(given, "white space", NULL);
	}
	refused("pkcs11:?pin-value=&pin-value=canary", "empty", "canary");
	refused("pkcs11:;pin-value=%zz?pin-value=canary", "hexadecimal", "canary");
	refused("pkcs11:object=k?pin-value=canary%zz", "hexadecimal", "canary");
	refused("pkcs11:object=%zz?pin-value=canary", "'object'", "canary");
	refused("pkcs11:pin-value=canary", "'pin-value'", "canary");
	refused("pkcs11:object=k;pin-value=canary?module-name=n", "'pin-value'", "canary");
}

static void what_p11_kit_would_ignore_is_an_error_that_names_it(void **state)
{
	(void)state;
	refused("pkcs11:object=k;x-vendor=1", "'x-vendor'", NULL);
	refused("pkcs11:type=frob", "'type'", NULL);
	refused("pkcs11:serial=01234567890123456789", "'serial'", NULL);
	refused("pkcs11:object=k?pinfile=/p", "'pinfile'", NULL);
	refused("pkcs11:object", "without a value", NULL);
	refused("pkcs11:object=k?pin-value=12&canary", "without a value", NULL);
	refused("pkcs11:object=a;object=b", "repeats", NULL);
	refused("pkcs11:object=a?module-name=b&module-name=c", "repeats", NULL);
	refused("pkcs11:object=my key", "%20", NULL);
	refused("pkcs11:object=%2", "'object'", NULL);
	refused("pkcs11:slot-id=x", "'slot-id'", NULL);
	refused("pkcs11:slot-id=", "'slot-id'", NULL);
	refused("pkcs11:slot-id=-1", "'slot-id'", NULL);
	refused("pkcs11:slot-id=18446744073709551615", "'slot-id'", NULL);
	refused("pkcs11:slot-id=18446744073709551616", "'slot-id'", NULL);
}

static void a_command_inside_a_uri_is_refused(void **state)
{
	(void)state;
	refused("pkcs11:object=k?pin-source=|cat%20/p", "--pin-source", NULL);
	refused("pkcs11:object=k?pin-source=%7Ccat%20/p", "--pin-source", NULL);
}

static void an_empty_pin_value_is_refused(void **state)
{
	(void)state;
	refused("pkcs11:object=k?pin-value=", "empty", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_attribute_of_rfc_7512_is_accepted),
		cmocka_unit_test(a_scheme_may_be_written_in_capitals),
		cmocka_unit_test(a_pin_value_is_decoded_and_overwritten),
		cmocka_unit_test(a_pin_is_overwritten_even_if_the_uri_is_wrong),
		cmocka_unit_test(what_p11_kit_would_ignore_is_an_error_that_names_it),
		cmocka_unit_test(a_command_inside_a_uri_is_refused),
		cmocka_unit_test(an_empty_pin_value_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
