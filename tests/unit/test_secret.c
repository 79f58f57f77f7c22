/* Secrets, errors and text: the promises of src/base. */
#include "base/secret.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

/* What the kernel says about the mapping of the address: its line `VmFlags` in smaps (proc(5)). */
static bool mapping_has_flag(const void *address, const char *flag)
{
	CLEANUP(cleanup_stream) FILE *maps = fopen("/proc/self/smaps", "r");
	bool inside = false;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof line, maps) != NULL) {
		unsigned long start;
		unsigned long end;
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = (uintptr_t)address >= start && (uintptr_t)address < end;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			return strstr(line, flag) != NULL;
	}
	return false;
}

/* AddressSanitizer makes mlock do nothing, since it would lock its own terabytes; the ordinary build tests this. */
#if defined __SANITIZE_ADDRESS__
#define MLOCK_WORKS false
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define MLOCK_WORKS false
#endif
#endif
#ifndef MLOCK_WORKS
#define MLOCK_WORKS true
#endif

static void a_secret_is_locked_not_dumped_and_not_inherited(void **state)
{
	struct chronosign_secret *secret = chronosign_secret_new("canary", 6, NULL);
	int status = 0;

	(void)state;
	assert_non_null(secret);
	if (MLOCK_WORKS)
		assert_true(mapping_has_flag(secret_bytes(secret), " lo"));
	assert_true(mapping_has_flag(secret_bytes(secret), " dd"));
	assert_true(mapping_has_flag(secret_bytes(secret), " wf"));
	pid_t child = fork();
	if (child == 0)
		_exit(memcmp(secret_bytes(secret), "\0\0\0\0\0\0", 6) == 0 ? 0 : 1);
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_memory_equal(secret_bytes(secret), "canary", 6);
	chronosign_secret_free(secret);
}

static void a_secret_that_cannot_be_locked_is_an_error(void **state)
{
	int status = 0;

	(void)state;
	if (!MLOCK_WORKS)
		skip();
	pid_t child = fork();
	if (child == 0) {
		struct chronosign_error *error = NULL;
		struct rlimit none = {0, 0};
		/* Root has the capability to lock beyond the limit; nobody has not. */
		if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (getuid() == 0 && setuid(65534) != 0))
			_exit(2);
		struct chronosign_secret *secret = chronosign_secret_new("canary", 6, &error);
		_exit(secret == NULL && strstr(chronosign_error_message(error), "ulimit -l") ? 0
											     : 1);
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_value_that_is_taken_is_overwritten_in_place(void **state)
{
	char value[] = "canary";
	struct chronosign_secret *secret = chronosign_secret_take(value, NULL);

	(void)state;
	assert_memory_equal(value, "\0\0\0\0\0\0", 6);
	assert_int_equal(secret_length(secret), 6);
	assert_memory_equal(secret_bytes(secret), "canary", 6);
	chronosign_secret_free(secret);
}

static void a_secret_that_is_too_long_is_an_error_and_not_cut(void **state)
{
	char longest[CHRONOSIGN_SECRET_MAX + 1];
	struct chronosign_error *error = NULL;

	(void)state;
	memset(longest, 'x', sizeof longest);
	assert_null(chronosign_secret_new(longest, sizeof longest, &error));
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_KEY);
	chronosign_error_free(error);
	struct chronosign_secret *secret = chronosign_secret_new(longest, sizeof longest - 1, NULL);
	assert_int_equal(secret_length(secret), CHRONOSIGN_SECRET_MAX);
	chronosign_secret_free(secret);
}

/* A descriptor from which `length` bytes of 'x' can be read. */
static int bytes_to_read(size_t length)
{
	char *bytes = malloc(length);
	int descriptor = memfd_create("bytes", MFD_CLOEXEC);

	memset(bytes, 'x', length);
	assert_int_equal(write(descriptor, bytes, length), (ssize_t)length);
	lseek(descriptor, 0, SEEK_SET);
	free(bytes);
	return descriptor;
}

static void a_source_is_read_whole_or_not_at_all(void **state)
{
	CLEANUP(cleanup_descriptor) int fits = bytes_to_read(100);
	CLEANUP(cleanup_descriptor) int exceeds = bytes_to_read(101);
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	(void)state;
	CLEANUP(cleanup_secret)
	struct chronosign_secret *secret = secret_read(fits, 100, "it", &error);
	assert_int_equal(secret_length(secret), 100);
	assert_null(secret_read(exceeds, 100, "the file", &error));
	assert_string_equal(chronosign_error_message(error), "the file is longer than 100 bytes");
}

static void errors_gain_context_and_keep_their_kind(void **state)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	(void)state;
	assert_false(error_set(&error, CHRONOSIGN_ERROR_KEY, "no %s", "PIN"));
	assert_false(error_prefix(&error, "token '%s'", "ops"));
	assert_false(error_append(&error, "  line %d", 2));
	assert_string_equal(chronosign_error_message(error), "token 'ops': no PIN\n  line 2");
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_KEY);
}

static void an_error_that_is_moved_has_one_owner(void **state)
{
	struct chronosign_error *first = NULL;
	struct chronosign_error *second = NULL;

	(void)state;
	chronosign_error_set(&first, CHRONOSIGN_ERROR_KEY, "first");
	assert_false(error_move(&second, &first));
	assert_null(first);
	assert_string_equal(chronosign_error_message(second), "first");
	/* An error that the caller already holds stays, and a caller that passes NULL gets none. */
	chronosign_error_set(&first, CHRONOSIGN_ERROR_USAGE, "another");
	assert_false(error_move(&second, &first));
	assert_null(first);
	assert_string_equal(chronosign_error_message(second), "first");
	assert_false(error_move(NULL, &second));
	assert_null(second);
	assert_false(error_move(&first, &second));
	assert_null(first);
}

static void the_out_of_memory_error_needs_no_memory(void **state)
{
	struct chronosign_error *error = NULL;

	(void)state;
	assert_false(error_out_of_memory(NULL));
	assert_false(error_out_of_memory(&error));
	assert_string_equal(chronosign_error_message(error), "out of memory");
	chronosign_error_free(error);
	assert_false(error_prefix(&error, "token '%s'", "ops"));
	assert_string_equal(chronosign_error_message(error), "token 'ops': out of memory");
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_OTHER);
	chronosign_error_free(error);
}

static void nothing_that_acts_on_a_terminal_gets_through(void **state)
{
	static const struct {
		const char *given;
		const char *shown;
	} rows[] = {
		{"plain", "plain"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"\x1b[2J", "\\x1b[2J"},
		{"a\rb\tc\x7f", "a\\x0db\\x09c\\x7f"},
		{"\xc2\x9b", "\\xc2\\x9b"},                            /* CSI as one C1 control */
		{"\xe2\x80\xae", "\\xe2\\x80\\xae"},                   /* right-to-left override */
		{"\xe2\x80\x8f\xd8\x9c", "\\xe2\\x80\\x8f\\xd8\\x9c"}, /* right-to-left marks */
		{"\xe2\x80\x8b\xef\xbb\xbf", "\\xe2\\x80\\x8b\\xef\\xbb\\xbf"}, /* zero width */
		{"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},                      /* a line separator */
		{"\xe2\x80\x94\xe2\x82\xac", "\xe2\x80\x94\xe2\x82\xac"}, /* a dash, a Euro sign */
		{"\xff\xc0\x80", "\\xff\\xc0\\x80"},                      /* not UTF-8: overlong */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},                      /* a surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},             /* beyond U+10FFFF */
		{"\xe2\x82", "\\xe2\\x82"},                               /* cut short */
		{"a\xc2\xad\xe1\xa0\x8e", "a\\xc2\\xad\\xe1\\xa0\\x8e"},  /* U+00AD, U+180E */
		{"\xf0\x9d\x85\xb3", "\\xf0\\x9d\\x85\\xb3"},             /* U+1D173 */
		{"\xf3\xa0\x80\x81", "\\xf3\\xa0\\x80\\x81"},             /* a tag, U+E0001 */
		{"\xef\xb8\x8f", "\\xef\\xb8\\x8f"},                      /* variation selector */
		{"\xee\x80\x80", "\\xee\\x80\\x80"},                      /* private use */
		{"\xef\xbf\xbe", "\\xef\\xbf\\xbe"},                      /* not a character */
		{"\xe2\xa0\x80\xe3\x85\xa4", "\\xe2\\xa0\\x80\\xe3\\x85\\xa4"}, /* look blank */
		{"a\xc2\xa0\xe3\x80\x80", "a\\xc2\\xa0\\xe3\\x80\\x80"},        /* are blank */
		{"\xd7\x90\xd8\xa7", "\\xd7\\x90\\xd8\\xa7"},                   /* Hebrew, Arabic */
		{"\xf0\x9e\xa4\x80", "\\xf0\\x9e\\xa4\\x80"},                   /* Adlam */
		{"\xe6\xbc\xa2\xed\x95\x9c\xd0\xb6",
		 "\xe6\xbc\xa2\xed\x95\x9c\xd0\xb6"},                       /* CJK, Cyrillic */
		{"e\xcc\x81\xf0\x9f\x94\x91", "e\xcc\x81\xf0\x9f\x94\x91"}, /* accent, emoji */
		{"\xef\xbf\xbd", "\xef\xbf\xbd"}, /* U+FFFD, which is visible */
		{"a  b", "a  b"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(cleanup_text)
		char *shown = text_printable(rows[i].given, strlen(rows[i].given), false);
		assert_string_equal(shown, rows[i].shown);
	}
	CLEANUP(cleanup_text) char *kept = text_printable("a\nb\0c", 5, true);
	assert_string_equal(kept, "a\nb\\x00c");
}

static void texts_of_others_have_no_two_blanks_in_a_row(void **state)
{
	static const struct {
		const char *given, *shown, *quoted;
	} rows[] = {
		{"", "", "\"\""},
		{"   a    b c  ", " a b c ", "\" a b c \""},
		{"a \xc2\xa0\xe2\x80\x83\xe3\x80\x80 b", "a b", "\"a b\""},
		{"a\xe2\x80\xaf\xe1\x9a\x80", "a ", "\"a \""},
		{"a\xe2\x80\x8b b\t\xff", "a\\xe2\\x80\\x8b b\\x09\\xff",
		 "\"a\\xe2\\x80\\x8b b\\x09\\xff\""},
		{"a\n  \"b\"", "a\n \"b\"", "\"a \\x22b\\x22\""},
		/* U+201D and U+02BA end no quotation; U+2019 and U+00AB look like no end of it. */
		{"1\xe2\x80\x9d is\xca\xba", "1\xe2\x80\x9d is\xca\xba",
		 "\"1\\xe2\\x80\\x9d is\\xca\\xba\""},
		{"\xef\xbc\x82\xe2\x80\xb3\xe2\x80\xb6\xe2\x9d\x9e\xe3\x80\x9f\xcb\x9d\xcb\xae",
		 "\xef\xbc\x82\xe2\x80\xb3\xe2\x80\xb6\xe2\x9d\x9e\xe3\x80\x9f\xcb\x9d\xcb\xae",
		 "\"\\xef\\xbc\\x82\\xe2\\x80\\xb3\\xe2\\x80\\xb6\\xe2\\x9d\\x9e\\xe3\\x80\\x9f\\xc"
		 "b\\x9d"
		 "\\xcb\\xae\""},
		{"it\xe2\x80\x99s \xc2\xab", "it\xe2\x80\x99s \xc2\xab",
		 "\"it\xe2\x80\x99s \xc2\xab\""},
		{"\xe6\xbc\xa2 \xc3\xa9", "\xe6\xbc\xa2 \xc3\xa9", "\"\xe6\xbc\xa2 \xc3\xa9\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *given = rows[i].given;
		CLEANUP(cleanup_text) char *shown = text_of_others(given, strlen(given), true);
		CLEANUP(cleanup_text) char *quoted = text_quoted(given, strlen(given));
		assert_string_equal(shown, rows[i].shown);
		assert_string_equal(quoted, rows[i].quoted);
	}
	CLEANUP(cleanup_text) char *line = text_of_others("a\n  b", 5, false);
	assert_string_equal(line, "a\\x0a b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_locked_not_dumped_and_not_inherited),
		cmocka_unit_test(a_secret_that_cannot_be_locked_is_an_error),
		cmocka_unit_test(a_value_that_is_taken_is_overwritten_in_place),
		cmocka_unit_test(a_secret_that_is_too_long_is_an_error_and_not_cut),
		cmocka_unit_test(a_source_is_read_whole_or_not_at_all),
		cmocka_unit_test(errors_gain_context_and_keep_their_kind),
		cmocka_unit_test(an_error_that_is_moved_has_one_owner),
		cmocka_unit_test(the_out_of_memory_error_needs_no_memory),
		cmocka_unit_test(nothing_that_acts_on_a_terminal_gets_through),
		cmocka_unit_test(texts_of_others_have_no_two_blanks_in_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
