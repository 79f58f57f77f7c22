/* URLs and proxies: what is asked, by which way, and what of it is ever shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "network/program/proxy.h"
#include "network/program/url.h"

static void assert_text(char *text, const char *expected)
{
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void assert_nonce_url(const char *base, const char *expected)
{
	CURLU *url = url_of_nonce(base, NULL);

	assert_non_null(url);
	assert_text(url_part(url, CURLUPART_URL), expected);
	curl_url_cleanup(url);
}

static void the_nonce_is_below_the_base_path(void **state)
{
	(void)state;
	assert_nonce_url("http://h:8888", "http://h:8888/nonce");
	assert_nonce_url("http://h:8888/", "http://h:8888/nonce");
	assert_nonce_url("https://h", "https://h:443/nonce");
	assert_nonce_url("http://h:1/a/b", "http://h:1/a/b/nonce");
	assert_nonce_url("http://h:1/a/b///", "http://h:1/a/b/nonce");
	assert_nonce_url("http://h:1/a%25b%20c/", "http://h:1/a%25b%20c/nonce");
	assert_nonce_url("HTTP://h:1", "http://h:1/nonce");
	assert_nonce_url("http://user:pw@h:1/a", "http://user:pw@h:1/a/nonce");
	assert_nonce_url("http://[::1]:8888", "http://[::1]:8888/nonce");
}

static void assert_no_url(const char *base, const char *reason)
{
	chronosign_error *error = NULL;

	assert_null(url_of_nonce(base, &error));
	assert_non_null(error);
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_USAGE);
	assert_non_null(strstr(chronosign_error_message(error), reason));
	assert_null(strstr(chronosign_error_message(error), "geheim"));
	chronosign_error_free(error);
}

static void what_is_no_url_of_a_server_is_a_usage_error(void **state)
{
	(void)state;
	assert_no_url("", "empty");
	assert_no_url("localhost:8888", "write http://localhost:8888");
	assert_no_url("localhost", "write http://localhost");
	assert_no_url("admin:geheim@h:8888", "write http://h:8888");
	assert_no_url("ftp://h", "only http and https");
	assert_no_url("file:///etc/passwd", "only http and https");
	assert_no_url("unix://x", "only http and https");
	assert_no_url("http://", "none");
	assert_no_url("http://h:99999", "Port number");
	assert_no_url("http://h/a b", "none");
	assert_no_url("http://h\n", "none");
	assert_no_url("http://h/?a=b", "query");
	assert_no_url("http://h/?", "query");
	assert_no_url("http://h/#f", "fragment");
	assert_no_url("http://u:geheim x@h/", "'h/'");
	assert_no_url("http://u:geheim@h/?a", "query");
}

static void a_url_is_shown_without_its_secrets(void **state)
{
	CURLU *url = curl_url();
	char *shown;

	(void)state;
	curl_url_set(url, CURLUPART_URL, "https://user:pw@h:1/a?token=geheim#x", 0);
	assert_text(url_shown(url), "https://h:1/a");
	char path[1000] = "/";
	memset(path + 1, 'x', sizeof path - 2);
	curl_url_set(url, CURLUPART_PATH, path, 0);
	shown = url_shown(url);
	assert_int_equal(strlen(shown), 259);
	free(shown);
	curl_url_cleanup(url);
}

static void assert_follow(const char *location, const char *expected)
{
	CURLU *url = url_of_nonce("http://user:pw@h:1/a", NULL);

	assert_true(url_follow(url, location, NULL));
	assert_text(url_part(url, CURLUPART_URL), expected);
	curl_url_cleanup(url);
}

static void user_and_password_stay_on_their_origin(void **state)
{
	(void)state;
	assert_follow("b", "http://user:pw@h:1/a/b");
	assert_follow("/b?c#d", "http://user:pw@h:1/b?c");
	assert_follow("http://h:1/b", "http://user:pw@h:1/b");
	assert_follow("http://H:1/b", "http://user:pw@H:1/b");
	assert_follow("http://h:2/b", "http://h:2/b");
	assert_follow("http://other:1/b", "http://other:1/b");
	assert_follow("//other:1/b", "http://other:1/b");
	assert_follow("https://h:1/b", "https://h:1/b");
	assert_follow("http://you:too@h:1/b", "http://you:too@h:1/b");
}

static void a_redirect_to_another_scheme_is_refused(void **state)
{
	static const char *const locations[] = {"file:///etc/passwd", "ftp://h/", "gopher://h/",
						"http://h:bad/"};

	(void)state;
	for (size_t i = 0; i < sizeof locations / sizeof locations[0]; i++) {
		chronosign_error *error = NULL;
		CURLU *url = url_of_nonce("http://h", NULL);
		assert_false(url_follow(url, locations[i], &error));
		assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_SERVER);
		chronosign_error_free(error);
		curl_url_cleanup(url);
	}
}

static void assert_proxy(const proxy_settings *settings, const char *base, const char *expected)
{
	CURLU *url = url_of_nonce(base, NULL);
	char *proxy = NULL;

	assert_non_null(url);
	assert_true(proxy_for(settings, url, &proxy));
	assert_text(proxy, expected);
	curl_url_cleanup(url);
}

static void the_scheme_chooses_the_proxy(void **state)
{
	const proxy_settings both = {.http = "p:1", .https = "http://q:2"};
	const proxy_settings http_only = {.http = "p:1"};

	(void)state;
	assert_proxy(&both, "http://h", "http://p:1/");
	assert_proxy(&both, "https://h", "http://q:2/");
	assert_proxy(&http_only, "https://h", "");
}

static void a_proxy_has_the_default_port_of_its_scheme(void **state)
{
	static const char *const pairs[][2] = {
		{"p", "http://p:80/"},
		{"https://p", "https://p:443/"},
		{"socks5://p:3", "socks5h://p:3/"},
		{"http://u:pw@p", "http://u:pw@p:80/"},
		{"http://[::1]:3128", "http://[::1]:3128/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		const proxy_settings settings = {.http = pairs[i][0]};
		assert_proxy(&settings, "http://h", pairs[i][1]);
	}
}

static void this_machine_is_never_asked_through_a_proxy(void **state)
{
	static const char *const local[] = {"http://localhost",  "http://LOCALHOST:8888",
					    "http://localhost.", "http://a.localhost",
					    "http://127.0.0.1",  "http://127.255.0.9:1",
					    "http://127.1",      "http://[::1]:8888",
					    "http://0x7f000001", "http://[::ffff:127.0.0.1]"};
	static const char *const remote[] = {"http://localhost.example", "http://128.0.0.1",
					     "http://notlocalhost",      "http://[::2]",
					     "http://127.0.0.1.example", "http://[::ffff:8.8.8.8]"};
	const proxy_settings settings = {.http = "p:1"};

	(void)state;
	for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
		assert_proxy(&settings, local[i], "");
	for (size_t i = 0; i < sizeof remote / sizeof remote[0]; i++)
		assert_proxy(&settings, remote[i], "http://p:1/");
}

static void assert_excluded(const char *none, const char *base, bool excluded)
{
	const proxy_settings settings = {.http = "p:1", .none = none};

	assert_proxy(&settings, base, excluded ? "" : "http://p:1/");
}

static void no_proxy_is_read_as_go_reads_it(void **state)
{
	(void)state;
	assert_excluded("*", "http://h", true);
	assert_excluded("", "http://h", false);
	assert_excluded(",, ,", "http://h", false);
	assert_excluded("example.com", "http://example.com", true);
	assert_excluded("example.com", "http://a.b.EXAMPLE.com", true);
	assert_excluded("example.com", "http://badexample.com", false);
	assert_excluded(".example.com", "http://a.example.com", true);
	assert_excluded(".example.com", "http://example.com", false);
	assert_excluded("*.example.com", "http://a.example.com", true);
	assert_excluded("*.example.com", "http://example.com", false);
	assert_excluded("x, example.com:8888 ,y", "http://example.com:8888", true);
	assert_excluded("example.com:8888", "http://example.com:8889", false);
	assert_excluded("example.com:80", "http://example.com", true);
	assert_excluded(":80", "http://example.com", false);
	assert_excluded("10.0.0.7", "http://10.0.0.7", true);
	assert_excluded("10.0.0.7:81", "http://10.0.0.7", false);
	assert_excluded("10.0.0.7:80", "http://10.0.0.7", true);
	assert_excluded("10.0.0.0/8", "http://10.255.0.7", true);
	assert_excluded("10.0.0.0/8", "http://11.0.0.1", false);
	assert_excluded("192.168.7.0/23", "http://192.168.6.1", true);
	assert_excluded("192.168.7.0/23", "http://192.168.8.1", false);
	assert_excluded("1.2.3.4/32", "http://1.2.3.4", true);
	assert_excluded("0.0.0.0/0", "http://1.2.3.4", true);
	assert_excluded("0.0.0.0/0", "http://[fd00::1]", false);
	assert_excluded("::/0", "http://1.2.3.4", false);
	assert_excluded("10.0.0.0/33", "http://10.0.0.1", false);
	assert_excluded("10.0.0.0/", "http://10.0.0.1", false);
	assert_excluded("10.0.0.0/x", "http://10.0.0.1", false);
	assert_excluded("fd00::/8", "http://[fd12::1]:3", true);
	assert_excluded("fd00::/8", "http://[fe00::1]", false);
	assert_excluded("fd00::1", "http://[fd00::1]", true);
	assert_excluded("[fd00::1]:80", "http://[fd00::1]", true);
	assert_excluded("[fd00::1]:81", "http://[fd00::1]", false);
	assert_excluded("[fd00::1]", "http://[fd00::1]", true);
	assert_excluded("0.0.1", "http://10.0.0.1", false);
}

static void assert_read(const char *http, const char *https, const char *none)
{
	proxy_settings settings = proxy_settings_read();

	assert_string_equal(settings.http == NULL ? "-" : settings.http, http);
	assert_string_equal(settings.https == NULL ? "-" : settings.https, https);
	assert_string_equal(settings.none == NULL ? "-" : settings.none, none);
}

static void both_spellings_of_the_variables_are_read(void **state)
{
	(void)state;
	clearenv();
	assert_read("-", "-", "-");
	setenv("all_proxy", "no", 1);
	setenv("ALL_PROXY", "no", 1);
	assert_read("-", "-", "-");
	setenv("http_proxy", "a", 1);
	setenv("https_proxy", "b", 1);
	setenv("no_proxy", "c", 1);
	assert_read("a", "b", "c");
	setenv("HTTP_PROXY", "", 1);
	assert_read("a", "b", "c");
	setenv("HTTP_PROXY", "A", 1);
	setenv("HTTPS_PROXY", "B", 1);
	setenv("NO_PROXY", "C", 1);
	assert_read("A", "B", "C");
	setenv("REQUEST_METHOD", "GET", 1);
	assert_read("a", "B", "C");
	clearenv();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nonce_is_below_the_base_path),
		cmocka_unit_test(what_is_no_url_of_a_server_is_a_usage_error),
		cmocka_unit_test(a_url_is_shown_without_its_secrets),
		cmocka_unit_test(user_and_password_stay_on_their_origin),
		cmocka_unit_test(a_redirect_to_another_scheme_is_refused),
		cmocka_unit_test(the_scheme_chooses_the_proxy),
		cmocka_unit_test(a_proxy_has_the_default_port_of_its_scheme),
		cmocka_unit_test(this_machine_is_never_asked_through_a_proxy),
		cmocka_unit_test(no_proxy_is_read_as_go_reads_it),
		cmocka_unit_test(both_spellings_of_the_variables_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
