/* What a server's answer says about a token, and the message about an answer that says nothing. */
#include "chronograf/check.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static enum check_result judge(unsigned status, const char *type, enum answer_source source,
			       bool has_body)
{
	const struct check_response response = {status, type, source, has_body};

	return check_judge(&response);
}

static void a_token_is_accepted_if_the_list_comes_as_json(void **state)
{
	(void)state;
	for (int source = SOURCE_UNNAMED; source <= SOURCE_CHRONOGRAF; source++) {
		assert_int_equal(judge(200, "application/json", source, true), CHECK_PASSED);
		assert_int_equal(judge(200, "Application/JSON; charset=utf-8", source, true),
				 CHECK_PASSED);
	}
}

static void only_chronograf_can_refuse_a_token(void **state)
{
	(void)state;
	assert_int_equal(judge(401, NULL, SOURCE_CHRONOGRAF, false), CHECK_REFUSED);
	assert_int_equal(judge(403, "application/json", SOURCE_CHRONOGRAF, true), CHECK_REFUSED);
	/* Its headers may have been stripped. */
	assert_int_equal(judge(403, NULL, SOURCE_UNNAMED, false), CHECK_REFUSED);
	assert_int_equal(judge(403, "text/html", SOURCE_UNNAMED, true), CHECK_UNCLEAR);
	assert_int_equal(judge(401, NULL, SOURCE_UNNAMED, false), CHECK_UNCLEAR);
	assert_int_equal(judge(401, NULL, SOURCE_CHRONOGRAF_BASIC, true), CHECK_UNCLEAR);
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
		for (int source = SOURCE_UNNAMED; source <= SOURCE_CHRONOGRAF; source++)
			assert_int_equal(judge(rows[i].status, rows[i].content_type, source, true),
					 CHECK_UNCLEAR);
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

static char *unclear(unsigned status, const char *type, enum answer_source source)
{
	const struct check_response response = {status, type, source, true};

	return check_unclear(&response);
}

static void each_unclear_answer_has_its_own_advice(void **state)
{
	(void)state;
	assert_told(unclear(200, "text/html", SOURCE_UNNAMED),
		    "the answer says neither yes nor no: status 200, text/html", "login page");
	assert_told(unclear(404, NULL, SOURCE_UNNAMED),
		    "the answer says neither yes nor no: status 404", "base path");
	assert_told(unclear(429, NULL, SOURCE_UNNAMED),
		    "the answer says neither yes nor no: status 429", "try again later");
	assert_told(unclear(502, NULL, SOURCE_UNNAMED),
		    "the answer says neither yes nor no: status 502", "try again later");
	assert_told(unclear(418, NULL, SOURCE_UNNAMED),
		    "the answer says neither yes nor no: status 418", "Chronograf itself");
	assert_told(unclear(403, "text/html", SOURCE_UNNAMED),
		    "the token never reached Chronograf: status 403 from something in front of it",
		    "Authorization: CHRONOGRAF-SHA256");
	assert_told(unclear(401, NULL, SOURCE_CHRONOGRAF_BASIC),
		    "the answer says neither yes nor no: status 401", "--htpasswd");
}

static void a_redirect_names_the_url_to_give_if_it_is_known(void **state)
{
	(void)state;
	assert_told(check_redirected(302, "https://login.example/", NULL),
		    "the answer, with status 302, redirects to https://login.example/",
		    "login stand in front");
	assert_told(check_redirected(302, "https://a/chronograf/v1/mappings", "https://a"),
		    "the answer, with status 302, redirects to https://a/chronograf/v1/mappings",
		    "--chronograf-url 'https://a'");
	assert_told(check_redirected(302, "https://a/$(id)'/x", "https://a/$(id)'"),
		    "the answer, with status 302, redirects to https://a/$(id)'/x",
		    "--chronograf-url 'https://a/$(id)'\\'''");
}

static void no_content_type_can_act_on_a_terminal(void **state)
{
	char endless[200];

	(void)state;
	assert_told(unclear(200, "\x1b[2Jx", SOURCE_UNNAMED),
		    "the answer says neither yes nor no: status 200, \\x1b[2Jx", "login page");
	assert_told(unclear(200, "x     chronoctl: y", SOURCE_UNNAMED),
		    "the answer says neither yes nor no: status 200, x chronoctl: y", "login page");
	memset(endless, 'x', sizeof endless);
	endless[sizeof endless - 1] = '\0';
	CLEANUP(cleanup_text) char *told = unclear(418, endless, SOURCE_UNNAMED);
	assert_true(strchr(told, '\n') - told < 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_accepted_if_the_list_comes_as_json),
		cmocka_unit_test(only_chronograf_can_refuse_a_token),
		cmocka_unit_test(a_page_or_another_status_is_neither_yes_nor_no),
		cmocka_unit_test(each_unclear_answer_has_its_own_advice),
		cmocka_unit_test(a_redirect_names_the_url_to_give_if_it_is_known),
		cmocka_unit_test(no_content_type_can_act_on_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
