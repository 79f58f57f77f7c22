/* Which URLs mean the same server, and which expose what is sent to others on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "chronograf/base_url.h"

static void urls_of_one_server_are_equal_when_normal(void **state)
{
	static const char *const rows[][2] = {
		{"http://host:8888", "http://host:8888"},
		{"http://host:8888/", "http://host:8888"},
		{"http://host:8888///", "http://host:8888"},
		{"HTTP://Host:8888/", "http://host:8888"},
		{"http://host:80", "http://host"},
		{"http://host:80/mon/", "http://host/mon"},
		{"https://host:443/", "https://host"},
		{"https://host:/", "https://host"},
		{"HTTPS://USER:Pass@HOST:443/Mon/", "https://USER:Pass@host/Mon"},
		{"http://a@b@Host/", "http://a@b@host"},
		{"http://[FE80::A]:80/", "http://[fe80::a]"},
		{"http://[::1]", "http://[::1]"},
		{"http://[::1]/", "http://[::1]"},
		{"http://host?Q=1", "http://host?Q=1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(cleanup_text) char *normal = base_url_normal(rows[i][0]);
		assert_string_equal(normal, rows[i][1]);
	}
}

static void urls_of_different_servers_stay_different(void **state)
{
	static const char *const rows[][2] = {
		{"http://host:443", "https://host:443"}, {"https://host:80", "https://host"},
		{"http://host/mon", "http://host/Mon"},  {"http://host:8080", "http://host"},
		{"http://u@host", "http://U@host"},      {"http://host:080", "http://host"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(cleanup_text) char *one = base_url_normal(rows[i][0]);
		CLEANUP(cleanup_text) char *other = base_url_normal(rows[i][1]);
		assert_string_not_equal(one, other);
	}
}

static void a_text_that_is_no_url_is_unchanged(void **state)
{
	static const char *const rows[] = {"",        "localhost:8888/", "ftp://Host/",
					   "http:/X", "http://",         "https://@"};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(cleanup_text) char *normal = base_url_normal(rows[i]);
		assert_string_equal(normal, rows[i]);
	}
}

static void http_to_another_machine_is_exposed(void **state)
{
	static const struct {
		const char *url;
		bool exposed;
	} rows[] = {
		{"http://chronograf.example:8888", true},
		{"HTTP://192.0.2.1/", true},
		{"http://localhost.example", true},
		{"http://127.example", true},
		{"http://127.0.0.1.example/", true},
		{"http://127.", true},
		{"http://127.0.0.1.2/", true},
		{"http://127.0.0.999", true},
		{"http://127.99999999999", true},
		{"http://127.1/", false},
		{"http://localhost@host/", true},
		{"http://127.0.0.1@host/", true},
		{"http://[::2]:1", true},
		{"https://chronograf.example", false},
		{"http://localhost:8888/mon", false},
		{"http://LocalHost", false},
		{"http://user:p@127.0.0.1:8888", false},
		{"http://127.1.2.3/", false},
		{"http://[::1]:8888/", false},
		{"no-url", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (base_url_is_exposed(rows[i].url) != rows[i].exposed)
			fail_msg("%s", rows[i].url);
}

static void a_port_is_a_number_up_to_65535(void **state)
{
	static const struct {
		const char *url;
		bool bad;
	} rows[] = {
		{"http://host:65535", false},
		{"http://host:08888/mon", false},
		{"http://host:", false},
		{"http://host", false},
		{"http://[::1]", false},
		{"http://[::1]:8888/a:b", false},
		{"http://user:p%40ss:word@host", false},
		{"host:port", false},
		{"http://host:65536", true},
		{"https://host:99999999999999999999", true},
		{"http://host:http/", true},
		{"http://host:-1", true},
		{"http://user:1@host:88x88", true},
		{"http://[::1]:x", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (base_url_has_bad_port(rows[i].url) != rows[i].bad)
			fail_msg("%s", rows[i].url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_of_one_server_are_equal_when_normal),
		cmocka_unit_test(urls_of_different_servers_stay_different),
		cmocka_unit_test(a_text_that_is_no_url_is_unchanged),
		cmocka_unit_test(http_to_another_machine_is_exposed),
		cmocka_unit_test(a_port_is_a_number_up_to_65535),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
