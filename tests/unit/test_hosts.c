/* Which hosts are this machine: http to them needs no warning, and no proxy is asked for them. And which are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>

#include "network/program/url.h"

static bool is_loopback(const char *host)
{
	char text[128];
	CURLU *url = curl_url();

	snprintf(text, sizeof text, "http://%s:8888", host);
	assert_int_equal(curl_url_set(url, CURLUPART_URL, text, 0), CURLUE_OK);
	bool found = url_is_loopback(url);
	curl_url_cleanup(url);
	return found;
}

static void are(bool expected, const char *const *hosts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_loopback(hosts[i]) != expected)
			fail_msg("%s", hosts[i]);
}

static void names_and_addresses_of_this_machine_are_loopback(void **state)
{
	static const char *const hosts[] = {
		"localhost", "LocalHost", "localhost.", "a.localhost",       "a.b.localhost.",
		"127.0.0.1", "127.1.2.3", "[::1]",      "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
	};

	(void)state;
	are(true, hosts, sizeof hosts / sizeof hosts[0]);
}

static void what_only_looks_like_them_is_not(void **state)
{
	static const char *const hosts[] = {
		"notlocalhost", "localhost.example", "localhos",          "ocalhost",
		"host",         "128.0.0.1",         "10.127.0.0",        "[::2]",
		"[fe80::1]",    "[::ffff:10.0.0.1]", "127.0.0.1.example",
	};

	(void)state;
	are(false, hosts, sizeof hosts / sizeof hosts[0]);
}

static bool may_follow(const char *from_text, const char *to_text)
{
	CURLU *from = curl_url();
	CURLU *to = curl_url();
	struct chronosign_error *error = NULL;

	assert_int_equal(curl_url_set(from, CURLUPART_URL, from_text, 0), CURLUE_OK);
	assert_int_equal(curl_url_set(to, CURLUPART_URL, to_text, 0), CURLUE_OK);
	bool may = url_may_follow(from, to, &error);
	chronosign_error_free(error);
	curl_url_cleanup(from);
	curl_url_cleanup(to);
	return may;
}

static void an_address_on_another_interface_is_another_host(void **state)
{
	(void)state;
	assert_true(may_follow("http://[fe80::1%25eth0]:8888/nonce",
			       "http://[fe80::1%25eth0]:8888/x/nonce"));
	assert_false(may_follow("http://[fe80::1%25eth0]:8888/nonce",
				"http://[fe80::1%25eth1]:8888/nonce"));
	assert_false(
		may_follow("http://[fe80::1%25eth0]:8888/nonce", "http://[fe80::1]:8888/nonce"));
	assert_true(may_follow("http://h:8888/nonce", "https://h:8888/nonce"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_addresses_of_this_machine_are_loopback),
		cmocka_unit_test(what_only_looks_like_them_is_not),
		cmocka_unit_test(an_address_on_another_interface_is_another_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
