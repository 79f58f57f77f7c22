/*
 * The shortest URIs of tokens: each finds its token and no other, and needs each of its attributes.
 */
#include "pkcs11/short_uri.h"

#include "key/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Modules that p11-kit did not load: they have no names, so URIs have their paths. */
static CK_FUNCTION_LIST no_functions[2];
static const struct pkcs11_module modules[2] = {
	{.functions = &no_functions[0], .name = (char *)"/a.so"},
	{.functions = &no_functions[1], .name = (char *)"/b.so"},
};

static void fill(CK_UTF8CHAR *field, size_t size, const char *text)
{
	memset(field, ' ', size);
	memcpy(field, text, strlen(text));
}

struct said {
	const char *label, *serial, *model, *manufacturer;
	unsigned module;
	CK_SLOT_ID slot;
};

static struct pkcs11_token token_that_says(struct said said)
{
	struct pkcs11_token token = {.module = &modules[said.module], .slot = said.slot};

	fill(token.info.label, sizeof token.info.label, said.label);
	fill(token.info.serialNumber, sizeof token.info.serialNumber, said.serial);
	fill(token.info.model, sizeof token.info.model, said.model);
	fill(token.info.manufacturerID, sizeof token.info.manufacturerID, said.manufacturer);
	token.session.handle = CK_INVALID_HANDLE;
	token.label = strdup(said.label);
	return token;
}

/* The first `means` of them match the user's URI. */
static struct pkcs11_tokens name(const struct said *said, size_t count, size_t means,
				 P11KitUri *asked)
{
	struct pkcs11_tokens tokens = {.count = means, .other_count = count - means};

	tokens.list = calloc(count, sizeof *tokens.list);
	tokens.others = calloc(count, sizeof *tokens.others);
	for (size_t i = 0; i < count; i++)
		*(i < means ? &tokens.list[i] : &tokens.others[i - means]) =
			token_that_says(said[i]);
	assert_true(short_uri_name_tokens(&tokens, asked, NULL));
	return tokens;
}

#define NAMED_SO(means, expected, ...) \
	do { \
		const struct said said[] = {__VA_ARGS__}; \
		P11KitUri *asked = p11_kit_uri_new(); \
		struct pkcs11_tokens tokens = \
			name(said, sizeof said / sizeof said[0], means, asked); \
		assert_string_equal(tokens.list[0].uri, expected); \
		pkcs11_tokens_free(&tokens); \
		p11_kit_uri_free(asked); \
	} while (0)

static void a_token_is_named_by_what_is_unique(void **state)
{
	(void)state;
	NAMED_SO(1, "pkcs11:token=ops", {"ops", "1", "m", "f", 0, 0});
	NAMED_SO(2, "pkcs11:token=ops", {"ops", "1", "m", "f", 0, 0}, {"web", "1", "m", "f", 0, 1});
	NAMED_SO(2, "pkcs11:token=ops;serial=1", {"ops", "1", "m", "f", 0, 0},
		 {"ops", "2", "n", "g", 0, 1});
	NAMED_SO(2, "pkcs11:token=ops;model=m", {"ops", "", "m", "f", 0, 0},
		 {"ops", "", "n", "g", 0, 1});
	NAMED_SO(2, "pkcs11:token=ops;manufacturer=f", {"ops", "", "m", "f", 0, 0},
		 {"ops", "", "m", "g", 0, 1});
	NAMED_SO(3, "pkcs11:token=ops;model=m;serial=1", {"ops", "1", "m", "f", 0, 0},
		 {"ops", "2", "m", "f", 0, 1}, {"ops", "1", "n", "f", 0, 2});
	NAMED_SO(2, "pkcs11:token=ops;slot-id=7", {"ops", "", "m", "f", 0, 7},
		 {"ops", "", "m", "f", 0, 8});
	NAMED_SO(2, "pkcs11:token=ops?module-path=%2Fa.so", {"ops", "1", "m", "f", 0, 7},
		 {"ops", "1", "m", "f", 1, 7});
	NAMED_SO(3, "pkcs11:token=ops;slot-id=7?module-path=%2Fa.so", {"ops", "1", "m", "f", 0, 7},
		 {"ops", "1", "m", "f", 1, 7}, {"ops", "1", "m", "f", 0, 8});
}

static void a_token_that_the_uri_does_not_match_counts_too(void **state)
{
	(void)state;
	NAMED_SO(1, "pkcs11:token=ops;serial=1", {"ops", "1", "m", "f", 0, 0},
		 {"ops", "2", "m", "f", 0, 1});
}

static void a_token_without_a_label_is_named_by_something_else(void **state)
{
	(void)state;
	NAMED_SO(1, "pkcs11:", {"", "1", "m", "f", 0, 0});
	NAMED_SO(2, "pkcs11:serial=1", {"", "1", "m", "f", 0, 0}, {"ops", "2", "m", "f", 0, 1});
}

static void module_attributes_of_the_user_stay(void **state)
{
	char text[] = "pkcs11:object=k?module-path=/x.so";
	struct pkcs11_uri *asked = pkcs11_uri_parse(text, NULL);
	const struct said said = {"ops", "1", "m", "f", 0, 0};
	struct pkcs11_tokens tokens = name(&said, 1, 1, asked->parsed);

	(void)state;
	assert_string_equal(tokens.list[0].uri, "pkcs11:token=ops?module-path=%2Fx.so");
	char *whole = short_uri_as_asked(&tokens.list[0], asked->parsed);
	assert_string_equal(whole, "pkcs11:token=ops;object=k?module-path=%2Fx.so");
	free(whole);
	pkcs11_tokens_free(&tokens);
	pkcs11_uri_free(asked);
}

static void a_slot_stays_only_if_it_excluded_others(void **state)
{
	char text[] = "pkcs11:slot-id=5";
	struct pkcs11_uri *asked = pkcs11_uri_parse(text, NULL);
	struct pkcs11_token token = token_that_says((struct said){"ops", "1", "m", "f", 0, 5});
	struct pkcs11_passed_over passed = {.module = &modules[0], .by_uri = true};
	struct pkcs11_tokens tokens = {.list = &token, .count = 1, .passed_over = &passed};

	(void)state;
	assert_true(short_uri_name_tokens(&tokens, asked->parsed, NULL));
	assert_string_equal(token.uri, "pkcs11:token=ops");
	free(token.uri);
	tokens.passed_over_count = 1;
	assert_true(short_uri_name_tokens(&tokens, asked->parsed, NULL));
	assert_string_equal(token.uri, "pkcs11:token=ops;slot-id=5");
	free(token.uri);
	free(token.label);
	pkcs11_uri_free(asked);
}

/* ---- Whatever tokens there are ---- */

static bool finds(P11KitUri *uri, const struct pkcs11_token *token)
{
	const char *path = p11_kit_uri_get_module_path(uri);
	CK_SLOT_ID slot = p11_kit_uri_get_slot_id(uri);

	return p11_kit_uri_match_token_info(uri, &token->info) == 1 &&
	       (slot == (CK_SLOT_ID)-1 || slot == token->slot) &&
	       (path == NULL || strcmp(path, token->module->name) == 0);
}

static size_t found_by(const char *text, const struct pkcs11_tokens *tokens)
{
	char *copy = strdup(text);
	struct pkcs11_uri *uri = pkcs11_uri_parse(copy, NULL);
	size_t found = 0;

	assert_non_null(uri);
	for (size_t i = 0; i < tokens->count; i++)
		found += finds(uri->parsed, &tokens->list[i]);
	pkcs11_uri_free(uri);
	free(copy);
	return found;
}

/* If any attribute but the label is removed, it finds more than one token. */
static void assert_none_can_go(const char *text, const struct pkcs11_tokens *tokens)
{
	size_t length = strlen(text);

	for (size_t from = strlen("pkcs11:"); from < length;) {
		size_t end = from + strcspn(text + from, ";?&");
		char shorter[512];
		bool last = text[end] != ';' && text[from - 1] != ':';

		/* Together with the separator after it, or the one before it at the end. */
		snprintf(shorter, sizeof shorter, "%.*s%s", (int)(last ? from - 1 : from), text,
			 text + (text[end] == ';' ? end + 1 : end));
		if (end > from && (strncmp(text + from, "token=", 6) != 0 || end == from + 6))
			if (found_by(shorter, tokens) <= 1)
				fail_msg("'%s' would do for '%s'", shorter, text);
		from = end + 1;
	}
}

static const char *one_of(unsigned *random, const char *const *words, unsigned count)
{
	*random = *random * 1103515245 + 12345;
	return words[(*random >> 16) % count];
}

static void every_uri_is_unique_and_needs_each_attribute(void **state)
{
	static const char *const labels[] = {"ops", "ops", "w;b", ""};
	static const char *const serials[] = {"1", "2", ""};
	static const char *const others[] = {"m", "n"};
	P11KitUri *asked = p11_kit_uri_new();
	unsigned random = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct said said[6];
		size_t count = 2 + (size_t)round % 5;
		for (size_t i = 0; i < count; i++)
			said[i] = (struct said){
				one_of(&random, labels, 4), one_of(&random, serials, 3),
				one_of(&random, others, 2), one_of(&random, others, 2),
				(unsigned)(i % 2),          i / 2};
		struct pkcs11_tokens tokens = name(said, count, count, asked);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(found_by(tokens.list[i].uri, &tokens), 1);
			assert_none_can_go(tokens.list[i].uri, &tokens);
		}
		pkcs11_tokens_free(&tokens);
	}
	p11_kit_uri_free(asked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_named_by_what_is_unique),
		cmocka_unit_test(a_token_that_the_uri_does_not_match_counts_too),
		cmocka_unit_test(a_token_without_a_label_is_named_by_something_else),
		cmocka_unit_test(module_attributes_of_the_user_stay),
		cmocka_unit_test(a_slot_stays_only_if_it_excluded_others),
		cmocka_unit_test(every_uri_is_unique_and_needs_each_attribute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
