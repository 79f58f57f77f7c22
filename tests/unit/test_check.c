/* What the answer to a token on trial says of it, and how an answer that says nothing is told. */
#include "chronograf/check.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_token_is_accepted_where_the_list_comes_as_json(void **state)
{
	(void)state;
	assert_int_equal(check_judge(200, "application/json"), CHECK_PASSED);
	assert_int_equal(check_judge(200, "Application/JSON; charset=utf-8"), CHECK_PASSED);
}

static void a_token_is_refused_by_401_and_403_whatever_comes_with_it(void **state)
{
	(void)state;
	assert_int_equal(check_judge(401, NULL), CHECK_REFUSED);
	assert_int_equal(check_judge(403, "application/json"), CHECK_REFUSED);
}

static void a_page_or_another_status_is_neither_yes_nor_no(void **state)
{
	static const struct {
		unsigned status;
		const char *content_type;
	} rows[] = {
		{200, NULL},
		{200, "text/html"},
		{200, "text/application/json"},
		{204, "application/json"},
		{302, "application/json"},
		{404, "application/json"},
		{500, "application/json"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(check_judge(rows[i].status, rows[i].content_type), CHECK_UNCLEAR);
}

/* The first line is `first`; the advice below it has `advice`. */
static void assert_told(char *told, const char *first, const char *advice)
{
	CLEANUP(cleanup_text) char *text = told;
	char *end = strchr(text, '\n');

	assert_non_null(end);
	*end = '\0';
	assert_string_equal(text, first);
	if (strstr(end + 1, advice) == NULL)
		fail_msg("no '%s' in: %s", advice, end + 1);
}

static void an_unclear_answer_is_told_with_advice_of_its_own(void **state)
{
	(void)state;
	assert_told(check_unclear(200, "text/html", NULL),
		    "the answer says neither yes nor no: status 200, text/html", "login page");
	assert_told(check_unclear(404, NULL, NULL),
		    "the answer says neither yes nor no: status 404", "base path");
	assert_told(check_unclear(429, NULL, NULL),
		    "the answer says neither yes nor no: status 429", "try again later");
	assert_told(check_unclear(502, NULL, NULL),
		    "the answer says neither yes nor no: status 502", "try again later");
	assert_told(check_unclear(418, NULL, NULL),
		    "the answer says neither yes nor no: status 418", "Chronograf itself");
	assert_told(check_unclear(302, NULL, "https://login.example/"),
		    "the answer, with status 302, redirects to https://login.example/",
		    "sent to no other address");
}

static void nothing_of_a_content_type_acts_on_a_terminal(void **state)
{
	char endless[200];

	(void)state;
	assert_told(check_unclear(200, "\x1b[2Jx", NULL),
		    "the answer says neither yes nor no: status 200, \\x1b[2Jx", "login page");
	memset(endless, 'x', sizeof endless);
	endless[sizeof endless - 1] = '\0';
	CLEANUP(cleanup_text) char *told = check_unclear(418, endless, NULL);
	assert_true(strchr(told, '\n') - told < 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_accepted_where_the_list_comes_as_json),
		cmocka_unit_test(a_token_is_refused_by_401_and_403_whatever_comes_with_it),
		cmocka_unit_test(a_page_or_another_status_is_neither_yes_nor_no),
		cmocka_unit_test(an_unclear_answer_is_told_with_advice_of_its_own),
		cmocka_unit_test(nothing_of_a_content_type_acts_on_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
