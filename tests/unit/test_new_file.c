/* New files: all of them are complete or none exists, and no other file is touched. */
#include "base/new_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The current folder during each test. */
static int enter_folder(void **state)
{
	char *folder = strdup("/tmp/test_new_file.XXXXXX");

	*state = folder;
	umask(022);
	return folder == NULL || mkdtemp(folder) == NULL || chdir(folder) != 0 ? -1 : 0;
}

static int leave_folder(void **state)
{
	int result = chdir("/") != 0 || rmdir(*state) != 0 ? -1 : 0;

	free(*state);
	return result;
}

static void assert_holds(const char *path, const char *text, mode_t mode)
{
	char bytes[64] = "";
	struct stat status;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(descriptor >= 0);
	assert_int_equal(read(descriptor, bytes, sizeof bytes - 1), strlen(text));
	assert_string_equal(bytes, text);
	assert_int_equal(fstat(descriptor, &status), 0);
	assert_int_equal(status.st_mode & 07777, mode);
	close(descriptor);
}

static const struct new_file pair[] = {
	{"secret", 0600, "one", 3},
	{"public", 0644, "two", 3},
};

static void files_have_their_mode_whatever_the_umask(void **state)
{
	static const mode_t masks[] = {0, 022, 077, 0777};
	struct chronosign_error *error = NULL;
	struct made_files made;

	(void)state;
	for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
		umask(masks[i]);
		assert_true(new_files_write(pair, 2, &made, &error));
		assert_null(error);
		assert_holds("secret", "one", 0600);
		assert_holds("public", "two", 0644);
		assert_true(made_files_remove(&made, &error));
		made_files_close(&made);
		assert_null(error);
	}
}

static void a_file_that_exists_is_untouched_and_the_others_are_removed(void **state)
{
	struct chronosign_error *error = NULL;
	struct made_files made;

	(void)state;
	assert_true(new_files_write(&pair[1], 1, &made, &error));
	made_files_close(&made);
	assert_false(new_file_is_free("public", &error));
	chronosign_error_free(error);
	error = NULL;
	assert_false(new_files_write(pair, 2, &made, &error));
	made_files_close(&made);
	assert_non_null(strstr(chronosign_error_message(error), "'public' exists"));
	chronosign_error_free(error);
	assert_int_not_equal(access("secret", F_OK), 0);
	assert_holds("public", "two", 0644);
	assert_int_equal(unlink("public"), 0);
}

static void a_dangling_link_is_in_the_way_too(void **state)
{
	struct chronosign_error *error = NULL;
	struct made_files made;

	(void)state;
	assert_int_equal(symlink("elsewhere", "public"), 0);
	assert_false(new_file_is_free("public", &error));
	chronosign_error_free(error);
	error = NULL;
	assert_false(new_files_write(pair, 2, &made, &error));
	made_files_close(&made);
	chronosign_error_free(error);
	assert_int_not_equal(access("elsewhere", F_OK), 0);
	assert_int_not_equal(access("secret", F_OK), 0);
	assert_int_equal(unlink("public"), 0);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	const struct new_file file = {"nowhere/secret", 0600, "one", 3};
	struct chronosign_error *error = NULL;
	struct made_files made;

	(void)state;
	assert_false(new_files_write(&file, 1, &made, &error));
	assert_non_null(strstr(chronosign_error_message(error), "nowhere/secret"));
	chronosign_error_free(error);
}

static void what_cannot_be_removed_is_named_after_the_first_reason(void **state)
{
	const struct new_file file = {"folder/secret", 0600, "one", 3};
	const struct new_file in_the_way = {"folder", 0600, "", 0};
	struct chronosign_error *error = NULL;
	struct made_files made;
	struct made_files other;

	(void)state;
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_true(new_files_write(&file, 1, &made, &error));
	assert_int_equal(rename("folder", "elsewhere"), 0);
	assert_true(new_files_write(&in_the_way, 1, &other, &error));
	made_files_close(&other);
	chronosign_error_set(&error, CHRONOSIGN_ERROR_OTHER, "the first reason");
	assert_false(made_files_remove(&made, &error));
	assert_non_null(strstr(chronosign_error_message(error), "the first reason\n"));
	assert_non_null(
		strstr(chronosign_error_message(error),
		       "'folder/secret' is left behind, since it cannot be removed: Not a dir"));
	chronosign_error_free(error);
	made_files_close(&made);
	assert_int_equal(unlink("elsewhere/secret"), 0);
	assert_int_equal(rmdir("elsewhere"), 0);
	assert_int_equal(unlink("folder"), 0);
}

static void another_file_that_has_got_the_name_stays_and_is_named(void **state)
{
	static const struct new_file mine = {"mine", 0640, "mine", 4};
	struct chronosign_error *error = NULL;
	struct made_files made;
	struct made_files other;

	(void)state;
	assert_true(new_files_write(pair, 2, &made, &error));
	assert_true(new_files_write(&mine, 1, &other, &error));
	made_files_close(&other);
	assert_int_equal(rename("mine", "public"), 0);
	assert_false(made_files_remove(&made, &error));
	made_files_close(&made);
	assert_string_equal(chronosign_error_message(error),
			    "'public' is another file now, and stays");
	chronosign_error_free(error);
	assert_holds("public", "mine", 0640);
	assert_int_not_equal(access("secret", F_OK), 0);
	assert_int_equal(unlink("public"), 0);
}

/* A file that is gone would give its number to the next one, were it not open. */
static void a_file_that_follows_a_removed_one_stays(void **state)
{
	struct chronosign_error *error = NULL;
	struct made_files made;
	struct made_files other;

	(void)state;
	assert_true(new_files_write(pair, 1, &made, &error));
	assert_int_equal(unlink("secret"), 0);
	assert_true(made_files_remove(&made, &error));
	assert_true(new_files_write(pair, 1, &other, &error));
	made_files_close(&other);
	assert_false(made_files_remove(&made, NULL));
	made_files_close(&made);
	assert_holds("secret", "one", 0600);
	assert_int_equal(unlink("secret"), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(files_have_their_mode_whatever_the_umask),
		IN_FOLDER(a_file_that_exists_is_untouched_and_the_others_are_removed),
		IN_FOLDER(a_dangling_link_is_in_the_way_too),
		IN_FOLDER(a_folder_that_is_not_there_is_named),
		IN_FOLDER(what_cannot_be_removed_is_named_after_the_first_reason),
		IN_FOLDER(another_file_that_has_got_the_name_stays_and_is_named),
		IN_FOLDER(a_file_that_follows_a_removed_one_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
