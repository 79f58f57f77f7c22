/* The form of --pinned-pubkey: refuses what libcurl would take for the name of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "network/pinned_key.h"

#define ONE "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define OTHER "sha256//abcdefghijklmnopqrstuvwxyz0123456789+/ABCDE="

static void one_hash_and_several_are_accepted(void **state)
{
	(void)state;
	assert_true(pinned_key_is_valid(ONE));
	assert_true(pinned_key_is_valid(OTHER));
	assert_true(pinned_key_is_valid(ONE ";" OTHER));
	assert_true(pinned_key_is_valid(OTHER ";" ONE ";" OTHER));
}

static void anything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		";",
		"/etc/passwd",
		"sha256//",
		"sha256//;",
		ONE ";",
		";" ONE,
		ONE ";;" OTHER,
		ONE " ;" OTHER,
		ONE "; " OTHER,
		ONE OTHER,
		ONE "=",
		ONE "\n",
		ONE ";/etc/passwd",
		ONE ";sha256//",
		" " ONE,
		"SHA256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"sha1//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		/* 42 and 44 characters, characters of base64url, and padding in the middle. */
		"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_=",
		"sha256//AAAAAAAAAAAAAAAAAAAA=AAAAAAAAAAAAAAAAAAAAAA=",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (pinned_key_is_valid(bad[i]))
			fail_msg("'%s' is taken", bad[i]);
}

static void every_character_counts(void **state)
{
	char text[] = ONE ";" OTHER;

	(void)state;
	for (size_t i = 0; i < strlen(text); i++) {
		char kept = text[i];
		text[i] = '\\';
		if (pinned_key_is_valid(text))
			fail_msg("'%s' is taken", text);
		text[i] = '\0';
		assert_int_equal(pinned_key_is_valid(text), i == strlen(ONE));
		text[i] = kept;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_hash_and_several_are_accepted),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(every_character_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
