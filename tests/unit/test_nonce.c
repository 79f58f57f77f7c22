/* The server's answer: what counts as a nonce, how long it lives, and the message about everything
 * else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "chronograf/nonce.h"

#define GOOD "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"

static void a_canonical_lower_case_version_4_uuid_is_a_nonce(void **state)
{
	static const char *const good[] = {
		GOOD,
		"00000000-0000-4000-8000-000000000000",
		"ffffffff-ffff-4fff-9fff-ffffffffffff",
		"12345678-9abc-4def-a123-456789abcdef",
		"12345678-9abc-4def-b123-456789abcdef",
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(uuid_is_version_4(good[i], strlen(good[i])));
}

static void nothing_else_is_a_nonce(void **state)
{
	static const char *const bad[] = {
		"",
		"0",
		"0F1E2D3C-4B5A-4978-8695-A4B3C2D1E0F0",
		"0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0fA",
		"0f1e2d3c-4b5a-1978-8695-a4b3c2d1e0f0",
		"0f1e2d3c-4b5a-5978-8695-a4b3c2d1e0f0",
		"0f1e2d3c-4b5a-7978-8695-a4b3c2d1e0f0",
		"0f1e2d3c-4b5a-4978-7695-a4b3c2d1e0f0",
		"0f1e2d3c-4b5a-4978-c695-a4b3c2d1e0f0",
		"0f1e2d3c-4b5a-4978-0695-a4b3c2d1e0f0",
		"00000000-0000-0000-0000-000000000000",
		"ffffffff-ffff-ffff-ffff-ffffffffffff",
		"0f1e2d3c4b5a49788695a4b3c2d1e0f0",
		"0f1e2d3c04b5a0497808695-a4b3c2d1e0f0",
		"{0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0}",
		"urn:uuid:0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0",
		GOOD "\n",
		GOOD "\r\n",
		" " GOOD,
		GOOD " ",
		GOOD GOOD,
		"0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f",
		"0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0g0",
		"0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0\xc3\xb0",
		"0f1e2d3c_4b5a_4978_8695_a4b3c2d1e0f0",
		"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0",
		"<!DOCTYPE html><html><head></head></",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(uuid_is_version_4(bad[i], strlen(bad[i])));
}

static void a_zero_byte_does_not_end_a_nonce(void **state)
{
	static const char bytes[] = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f\0";

	(void)state;
	assert_false(uuid_is_version_4(bytes, 36));
	assert_false(uuid_is_version_4(GOOD "\0x", 38));
}

/* True if a nonce may have this byte at this place. */
static bool belongs(size_t place, int byte)
{
	const char *allowed = place == 8 || place == 13 || place == 18 || place == 23 ? "-"
			      : place == 14                                           ? "4"
			      : place == 19                                           ? "89ab"
					    : "0123456789abcdef";

	return byte != '\0' && strchr(allowed, byte) != NULL;
}

static void every_single_byte_of_a_nonce_counts(void **state)
{
	(void)state;
	for (size_t place = 0; place < 36; place++)
		for (int byte = 0; byte < 256; byte++) {
			char bytes[] = GOOD;
			bytes[place] = (char)byte;
			assert_int_equal(uuid_is_version_4(bytes, 36), belongs(place, byte));
		}
}

static const char date[] = "Tue, 05 Mar 2024 10:00:00 GMT";

/* An exact life, or an unknown one. */
static int64_t life(const char *expires)
{
	struct nonce_life life = nonce_life(date, expires);

	assert_false(life.at_least);
	return life.seconds;
}

static int64_t least_life(const char *expires)
{
	struct nonce_life life = nonce_life(date, expires);

	assert_true(life.at_least);
	return life.seconds;
}

static void the_life_left_is_expires_less_date_in_whatever_zone(void **state)
{
	(void)state;
	assert_int_equal(life("Tue, 05 Mar 2024 10:10:00 GMT"), 600);
	assert_int_equal(life("Tue, 05 Mar 2024 10:10:00 UTC"), 600);
	assert_int_equal(life("Tue, 05 Mar 2024 11:10:00 CET"), 600);
	assert_int_equal(life("Tue, 05 Mar 2024 12:10:00 CEST"), 600);
	assert_int_equal(life("Tue, 05 Mar 2024 05:10:00 EST"), 600);
	assert_int_equal(life("Tue, 05 Mar 2024 19:10:00 JST"), 600);
	assert_int_equal(life("Tue, 05 Mar 2024 21:10:00 AEDT"), 600);
	assert_int_equal(life("Tue, 05 Mar 2024 07:10:00 -03"), 600);
	assert_int_equal(life("Tue, 05 Mar 2024 15:55:00 +0545"), 600);
	assert_int_equal(life("Wed, 06 Mar 2024 00:10:00 +14"), 600);
	assert_int_equal(life("Wed, 06 Mar 2024 10:00:00 GMT"), 86400);
	assert_int_equal(
		nonce_life("Thu, 29 Feb 2024 23:59:59 GMT", "Fri, 01 Mar 2024 00:00:00 UTC")
			.seconds,
		1);
}

static void what_has_expired_has_no_life_left(void **state)
{
	(void)state;
	assert_int_equal(life("Tue, 05 Mar 2024 10:00:00 GMT"), 0);
	assert_int_equal(life("Tue, 05 Mar 2024 09:59:59 GMT"), 0);
	assert_int_equal(life("Tue, 05 Mar 2024 09:59:00 GMT"), 0);
}

static void an_end_that_is_long_past_is_not_chronografs(void **state)
{
	(void)state;
	assert_int_equal(life("Tue, 05 Mar 2024 09:58:59 GMT"), -1);
	assert_int_equal(life("Tue, 05 Mar 2024 10:10:00 CET"), -1);
	assert_int_equal(life("Thu, 01 Jan 1970 00:00:01 GMT"), -1);
}

static void an_unknown_or_ambiguous_zone_leaves_a_lower_bound_of_the_life(void **state)
{
	static const char *const unknown[] = {"CST", "IST",   "PST", "XYZ",  "cet",
					      "+3",  "+1599", "+99", "+033", "GMT+1"};

	(void)state;
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
		char expires[64];

		snprintf(expires, sizeof expires, "Tue, 05 Mar 2024 10:10:00 %s", unknown[i]);
		assert_int_equal(least_life(expires), 600);
	}
	/* IST is +05:30, +01 and +02. */
	assert_int_equal(least_life("Tue, 05 Mar 2024 15:33:20 IST"), 200);
	assert_int_equal(least_life("Tue, 05 Mar 2024 11:03:20 IST"), 200);
	assert_int_equal(least_life("Tue, 05 Mar 2024 12:03:20 IST"), 200);
	/* CST is -06 and +08. */
	assert_int_equal(least_life("Tue, 05 Mar 2024 04:00:03 CST"), 3);
	assert_int_equal(least_life("Tue, 05 Mar 2024 18:00:03 CST"), 3);
	/* Nepal's zone has three quarters of an hour. */
	assert_int_equal(least_life("Tue, 05 Mar 2024 15:45:07 NPT"), 7);
	/* An hour more may come from the zone. */
	assert_int_equal(least_life("Tue, 05 Mar 2024 11:00:00 IST"), 0);
	assert_int_equal(least_life("Tue, 05 Mar 2024 10:14:59 IST"), 899);
}

static void an_end_in_an_unknown_zone_that_is_long_past_is_ignored(void **state)
{
	(void)state;
	assert_int_equal(least_life("Mon, 04 Mar 2024 22:00:01 XYZ"), 1);
	assert_int_equal(life("Mon, 04 Mar 2024 21:00:00 XYZ"), -1);
	assert_int_equal(life("Thu, 01 Jan 1970 00:00:00 XYZ"), -1);
}

static void an_invalid_time_leaves_the_life_unknown(void **state)
{
	static const char *const unknown[] = {
		"Tue, 05 Mar 2024 10:10:00",
		"Tue, 05 Mar 2024 10:10:00 GMT junk",
		"Tue, 05 Foo 2024 10:10:00 GMT",
		"Tue, 05 Mar 2024 25:10:00 GMT",
		"Tue, 05 Mar 2024 10:-1:00 GMT",
		"Tue, 99 Mar 2024 10:10:00 GMT",
		"Tue, 05 Mar -999 10:10:00 GMT",
		"0",
		"-1",
		"",
		"2024-03-05T10:10:00Z",
	};

	(void)state;
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
		assert_int_equal(life(unknown[i]), -1);
	assert_int_equal(life(NULL), -1);
	assert_int_equal(nonce_life(NULL, "Tue, 05 Mar 2024 10:10:00 GMT").seconds, -1);
	assert_int_equal(
		nonce_life("Tue, 05 Mar 2024 10:00:00 IST", "Tue, 05 Mar 2024 10:10:00 GMT")
			.seconds,
		-1);
}

static char *refusal(unsigned status, const char *type, const char *body)
{
	const struct nonce_response response = {
		.status = status, .content_type = type, .body = body, .length = strlen(body)};

	assert_false(nonce_found(&response));
	char *text = nonce_refusal(&response);
	assert_non_null(text);
	return text;
}

static void assert_refusal(unsigned status, const char *type, const char *body, const char *first,
			   const char *second)
{
	char *text = refusal(status, type, body);

	assert_non_null(strstr(text, first));
	assert_non_null(strstr(text, second));
	free(text);
}

static void a_refusal_shows_status_length_type_and_first_bytes(void **state)
{
	(void)state;
	assert_refusal(404, "text/plain", "not here",
		       "status 404, 8 bytes of text/plain: \"not here\"", "base path");
	assert_refusal(200, NULL, "", "status 200, 0 bytes\n", "Nothing came");
}

static void a_refusal_says_what_to_do(void **state)
{
	(void)state;
	assert_refusal(200, "text/html", "<html><title>Log in", "<html>",
		       "another server, or a login");
	assert_refusal(200, NULL, "  <!DOCTYPE HTML>", "DOCTYPE", "web page");
	assert_refusal(401, NULL, "", "401", "in front of Chronograf");
	assert_refusal(403, NULL, "", "403", "Authorization: CHRONOGRAF-SHA256");
	assert_refusal(407, NULL, "", "407", "http_proxy");
	assert_refusal(502, NULL, "", "502", "in trouble");
	assert_refusal(302, NULL, "", "302", "redirects");
	assert_refusal(204, NULL, "", "204", "answers 200");
	assert_refusal(400, NULL, "Client sent an HTTP request to an HTTPS server.", "400",
		       "https://");
	assert_refusal(200, NULL, "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0", "eyJ", "JSON Web Token");
	assert_refusal(200, NULL, GOOD "\n", "\\x0a", "white space");
	assert_refusal(404, NULL, "404 page\r\n\tnot found\n", "\"404 page not found\"",
		       "base path");
	assert_refusal(200, NULL, "\n", "1 bytes: \"\\x0a\"", "Nothing came");
	assert_refusal(200, NULL, "0F1E2D3C-4B5A-4978-8695-A4B3C2D1E0F0", "0F1E", "lower-case");
	assert_refusal(200, NULL, "{}", "{}", "36 bytes");
	assert_refusal(404, NULL, GOOD, "status 404, 36 bytes", "base path");
}

static void chronografs_own_answers_are_not_blamed_on_a_front(void **state)
{
	static const struct {
		struct nonce_response response;
		const char *advice;
	} rows[] = {
		{{401, NULL, SOURCE_CHRONOGRAF_BASIC, "", 0, false}, "--htpasswd"},
		{{403, NULL, SOURCE_CHRONOGRAF, "", 0, false}, "Chronograf itself"},
		{{200, "text/html", SOURCE_CHRONOGRAF, "<html>", 6, false},
		 "Chronograf's own page"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *text = nonce_refusal(&rows[i].response);
		assert_non_null(strstr(text, rows[i].advice));
		assert_null(strstr(text, "in front"));
		assert_null(strstr(text, "user:password"));
		free(text);
	}
}

static void an_answer_is_chronografs_if_it_names_its_version(void **state)
{
	(void)state;
	assert_int_equal(answer_source(NULL, "Basic realm=\"x\""), SOURCE_UNNAMED);
	assert_int_equal(answer_source("1.11.4", NULL), SOURCE_CHRONOGRAF);
	assert_int_equal(answer_source("", "Bearer"), SOURCE_CHRONOGRAF);
	assert_int_equal(answer_source("1.11.4", "basic realm=\"x\""), SOURCE_CHRONOGRAF_BASIC);
}

static void a_refusal_shows_at_most_64_bytes_and_none_that_act_on_a_terminal(void **state)
{
	char body[4097];
	const struct nonce_response response = {
		.status = 200, .body = body, .length = 4096, .longer = true};

	(void)state;
	memset(body, 'x', sizeof body);
	memcpy(body, "\033[2J\0\xff", 6);
	memcpy(body + 63, "\xc3\xb0", 2);
	char *text = nonce_refusal(&response);
	assert_non_null(text);
	assert_non_null(strstr(text, "more than 4096 bytes: \"\\x1b[2J\\x00\\xffxxx"));
	assert_null(strstr(text, "\xc3"));
	assert_non_null(strstr(text, "xxx...\"\n"));
	assert_true(strlen(text) < 300);
	free(text);
	memcpy(body, "<p>   \xc2\xa0  chronoctl:", 20);
	text = nonce_refusal(&response);
	assert_non_null(strstr(text, ": \"<p> chronoctl:"));
	free(text);
}

static void a_nonce_is_found_only_in_a_whole_answer_of_status_200(void **state)
{
	struct nonce_response response = {.status = 200, .body = GOOD, .length = 36};

	(void)state;
	assert_true(nonce_found(&response));
	response.longer = true;
	assert_false(nonce_found(&response));
	response.longer = false;
	response.status = 201;
	assert_false(nonce_found(&response));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_canonical_lower_case_version_4_uuid_is_a_nonce),
		cmocka_unit_test(nothing_else_is_a_nonce),
		cmocka_unit_test(a_zero_byte_does_not_end_a_nonce),
		cmocka_unit_test(every_single_byte_of_a_nonce_counts),
		cmocka_unit_test(the_life_left_is_expires_less_date_in_whatever_zone),
		cmocka_unit_test(what_has_expired_has_no_life_left),
		cmocka_unit_test(an_end_that_is_long_past_is_not_chronografs),
		cmocka_unit_test(an_unknown_or_ambiguous_zone_leaves_a_lower_bound_of_the_life),
		cmocka_unit_test(an_end_in_an_unknown_zone_that_is_long_past_is_ignored),
		cmocka_unit_test(an_invalid_time_leaves_the_life_unknown),
		cmocka_unit_test(a_refusal_shows_status_length_type_and_first_bytes),
		cmocka_unit_test(a_refusal_says_what_to_do),
		cmocka_unit_test(chronografs_own_answers_are_not_blamed_on_a_front),
		cmocka_unit_test(an_answer_is_chronografs_if_it_names_its_version),
		cmocka_unit_test(a_refusal_shows_at_most_64_bytes_and_none_that_act_on_a_terminal),
		cmocka_unit_test(a_nonce_is_found_only_in_a_whole_answer_of_status_200),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
