/* The list of files that the network program reads: what is in it, and that a replaced file is
 * noticed. */
#include "network/program/inputs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/inputs.XXXXXX";
static char file[64], other[64], first[64], second[64], lists[200];

static void write_file(const char *path, const char *text)
{
	FILE *stream = fopen(path, "we");

	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

static int make_files(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(file, sizeof file, "%s/ca.pem", folder);
	snprintf(other, sizeof other, "%s/other.pem", folder);
	snprintf(first, sizeof first, "%s/first", folder);
	snprintf(second, sizeof second, "%s/second", folder);
	snprintf(lists, sizeof lists, "%s::%s", first, second);
	return mkdir(first, 0755) | mkdir(second, 0755);
}

static int remove_files(void **state)
{
	(void)state;
	unlink(file);
	unlink(other);
	rmdir(first);
	rmdir(second);
	return rmdir(folder);
}

static bool has(const struct inputs *inputs, const char *path)
{
	for (size_t i = 0; i < inputs->count; i++)
		if (strcmp(inputs->list[i].path, path) == 0)
			return true;
	return false;
}

static void files_that_the_user_names_are_in_it_unless_other_cas_are_given(void **state)
{
	struct inputs inputs;
	char link[128];

	(void)state;
	snprintf(link, sizeof link, "%s/01234567.0", second);
	assert_int_equal(symlink(other, link), 0);
	setenv("SSL_CERT_FILE", file, 1);
	setenv("SSL_CERT_DIR", lists, 1);
	assert_true(inputs_collect(&inputs, false));
	assert_true(has(&inputs, "/etc/resolv.conf") && has(&inputs, file));
	assert_true(has(&inputs, first) && has(&inputs, second) && has(&inputs, link));
	inputs_release(&inputs);
	assert_true(inputs_collect(&inputs, true));
	assert_true(has(&inputs, "/etc/resolv.conf"));
	assert_false(has(&inputs, file) || has(&inputs, first));
	/* NetworkManager keeps connections there, with their passwords. */
	assert_false(has(&inputs, "/run/NetworkManager"));
	inputs_release(&inputs);
	unsetenv("SSL_CERT_DIR");
	unlink(link);
}

static void link_to(const char *target, bool needs_a_rule)
{
	struct inputs inputs;
	char link[128];

	snprintf(link, sizeof link, "%s/01234567.0", first);
	assert_int_equal(symlink(target, link), 0);
	setenv("SSL_CERT_DIR", first, 1);
	assert_true(inputs_collect(&inputs, false));
	assert_true(has(&inputs, first) && has(&inputs, "/usr/share/ca-certificates/"));
	assert_int_equal(has(&inputs, link), needs_a_rule);
	inputs_release(&inputs);
	unsetenv("SSL_CERT_DIR");
	unlink(link);
}

static void a_link_into_a_folder_that_may_be_read_needs_no_rule_of_its_own(void **state)
{
	(void)state;
	link_to("ca.pem", false);
	link_to("/usr/share/ca-certificates/mozilla/ca.crt", false);
	link_to("/usr/local/share/ca-certificates/ca.crt", false);
	link_to("/usr/share/ca-certificates/../ca.crt", true);
	link_to("/usr/share/ca-certificates-of-others/ca.crt", true);
	link_to("../ca.pem", true);
	link_to("/", true);
}

/* A file that SSL_CERT_FILE names. */
static void assert_noticed(void (*change)(void), bool noticed)
{
	struct inputs inputs;

	setenv("SSL_CERT_FILE", file, 1);
	assert_true(inputs_collect(&inputs, false));
	assert_false(inputs_have_changed(&inputs));
	change();
	assert_int_equal(inputs_have_changed(&inputs), noticed);
	inputs_release(&inputs);
}

static void make_it(void)
{
	write_file(file, "one\n");
}

static void replace_it(void)
{
	write_file(other, "two\n");
	rename(other, file);
}

static void write_to_it(void)
{
	write_file(file, "three\n");
}

static void read_it(void)
{
	char bytes[8];
	FILE *stream = fopen(file, "re");

	assert_non_null(stream);
	assert_true(fread(bytes, 1, sizeof bytes, stream) > 0);
	fclose(stream);
}

static void remove_it(void)
{
	unlink(file);
}

static void every_way_to_replace_a_file_is_noticed(void **state)
{
	(void)state;
	assert_noticed(make_it, true);
	assert_noticed(replace_it, true);
	assert_noticed(write_to_it, true);
	assert_noticed(read_it, false);
	assert_noticed(remove_it, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_the_user_names_are_in_it_unless_other_cas_are_given),
		cmocka_unit_test(a_link_into_a_folder_that_may_be_read_needs_no_rule_of_its_own),
		cmocka_unit_test(every_way_to_replace_a_file_is_noticed),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
