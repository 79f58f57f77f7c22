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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_other_than_files_and_dns_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
