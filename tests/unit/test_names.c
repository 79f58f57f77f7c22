/* Which services of nsswitch.conf may know a name but are not asked. */
#include "network/program/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void services_other_than_files_and_dns_are_named(void **state)
{
	static const char *const rows[][2] = {
		{"passwd: files sss\nhosts: files dns\n", NULL},
		{"hosts:\t\tfiles resolve [!UNAVAIL=return] dns # mdns\n", NULL},
		{"hosts: files mdns4_minimal [NOTFOUND=return] dns\n", "mdns4_minimal"},
		{"hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\n",
		 "mymachines, myhostname"},
		{"hosts: files [NOTFOUND=continue SUCCESS=return] dns\n", NULL},
		{"#hosts: files mdns\n", NULL},
		{"hosts: files sss\x1b dns\n", "sss\\x1b"},
		{"hosts:\n", NULL},
		{"", NULL},
	};
	char path[] = "/tmp/names.XXXXXX";

	(void)state;
	assert_null(names_not_asked("/nonexistent"));
	close(mkstemp(path));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		FILE *file = fopen(path, "we");
		fputs(rows[i][0], file);
		fclose(file);
		char *found = names_not_asked(path);
		if (rows[i][1] == NULL)
			assert_null(found);
		else
			assert_string_equal(found, rows[i][1]);
		free(found);
	}
	unlink(path);
}

static void a_lookup_ends_within_the_time_out(void **state)
{
	static const struct {
		unsigned timeout;
		const char *given;
		const char *configured;
		const char *result;
	} rows[] = {
		{1, NULL, "", " timeout:1 attempts:1"},
		{3, NULL, "nameserver 192.0.2.1\n", " timeout:1 attempts:1"},
		{10, NULL, "", " timeout:2 attempts:2"},
		{24, "rotate", "", "rotate timeout:4 attempts:2"},
		{25, NULL, "", NULL},
		{30, "rotate", "", "rotate"},
		{3, "timeout:4", "", "timeout:4"},
		{3, "rotate attempts:1", "", "rotate attempts:1"},
		{3, NULL, "options edns0 timeout:7\n", NULL},
		{3, NULL, "#options timeout:7\n", " timeout:1 attempts:1"},
	};
	char path[] = "/tmp/names.XXXXXX";

	(void)state;
	close(mkstemp(path));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		FILE *file = fopen(path, "we");
		fputs(rows[i].configured, file);
		fclose(file);
		unsetenv("RES_OPTIONS");
		if (rows[i].given != NULL)
			setenv("RES_OPTIONS", rows[i].given, 1);
		names_within(rows[i].timeout, path);
		const char *result = getenv("RES_OPTIONS");
		if (rows[i].result == NULL)
			assert_null(result);
		else
			assert_string_equal(result, rows[i].result);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lookup_ends_within_the_time_out),
		cmocka_unit_test(services_other_than_files_and_dns_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
