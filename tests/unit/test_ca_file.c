/* The CAs of --ca-file: what is read from the file, and the copy that the program gets. */
#include "network/ca_file.h"
#include "network/program/ca_memory.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#define PEM "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"

static char *file_of(const char *text)
{
	char *path = strdup("/tmp/authorities-XXXXXX");
	CLEANUP(cleanup_descriptor) int file = mkstemp(path);

	assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
	return path;
}

static char *read_file_of(const char *text, size_t *length, struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *path = file_of(text);
	char *pem = ca_file_read(path, length, error);

	unlink(path);
	return pem;
}

static void a_file_with_a_certificate_is_read_unchanged(void **state)
{
	size_t length = 0;
	CLEANUP(cleanup_text) char *pem = read_file_of("# ours\n" PEM, &length, NULL);
	CLEANUP(cleanup_text)
	char *trusted = read_file_of("-----BEGIN TRUSTED CERTIFICATE-----\n", &length, NULL);

	(void)state;
	assert_memory_equal(pem, "# ours\n" PEM, strlen("# ours\n" PEM));
	assert_non_null(trusted);
}

#define KEY(kind) \
	"-----BEGIN " kind "PRIVATE KEY-----\nc2VjcmV0\n-----END " kind "PRIVATE KEY-----\n"

static void private_keys_stay_behind(void **state)
{
	static const char *const files[] = {
		PEM KEY(""),
		KEY("RSA ") PEM,
		KEY("EC ") PEM KEY("ENCRYPTED "),
		KEY("") KEY("") PEM,
		PEM "-----BEGIN PRIVATE KEY-----\nc2VjcmV0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		size_t length = 0;
		CLEANUP(cleanup_text) char *pem = read_file_of(files[i], &length, NULL);
		assert_non_null(pem);
		assert_int_equal(length, strlen(PEM));
		assert_memory_equal(pem, PEM, length);
		assert_null(memmem(pem, strlen(files[i]), "c2Vj", 4));
	}
}

static void assert_refused(char *pem, const struct chronosign_error *error, const char *reason)
{
	assert_null(pem);
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_USAGE);
	if (strstr(chronosign_error_message(error), reason) == NULL)
		fail_msg("no '%s' in: %s", reason, chronosign_error_message(error));
}

static void a_file_without_a_certificate_is_a_usage_error(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} rows[] = {
		{"", "it is empty"},
		{"-----BEGIN PRIVATE KEY-----\n", "has no certificate"},
	};
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
		char *pem = read_file_of(rows[i].text, &length, &error);
		assert_refused(pem, error, rows[i].reason);
	}
}

static void a_file_that_cannot_be_read_or_never_ends_is_a_usage_error(void **state)
{
	static const char *const rows[][2] = {
		{"/nonexistent/ca", "No such file"},
		{"/tmp", "Is a directory"},
		{"/dev/zero", "File too large"},
	};
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
		char *pem = ca_file_read(rows[i][0], &length, &error);
		assert_refused(pem, error, rows[i][1]);
	}
}

static void published_cas_can_be_read_by_path_while_they_are_open(void **state)
{
	struct ca_memory published;
	char bytes[sizeof PEM + 1];

	(void)state;
	assert_true(ca_memory_make(PEM, strlen(PEM), &published));
	assert_int_equal(write(published.file, "x", 1), -1);
	CLEANUP(cleanup_descriptor) int file = open(published.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(file, bytes, sizeof bytes), strlen(PEM));
	assert_memory_equal(bytes, PEM, strlen(PEM));
	assert_true((fcntl(published.file, F_GETFD) & FD_CLOEXEC) != 0);
	close(published.file);
	assert_int_equal(open(published.path, O_RDONLY | O_CLOEXEC), -1);
}

static void cas_beyond_the_file_size_limit_are_not_published(void **state)
{
	struct ca_memory published;
	struct rlimit before;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	struct rlimit little = {.rlim_cur = 10, .rlim_max = before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	bool done = ca_memory_make(PEM, strlen(PEM), &published);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_false(done);
	close(published.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_with_a_certificate_is_read_unchanged),
		cmocka_unit_test(private_keys_stay_behind),
		cmocka_unit_test(a_file_without_a_certificate_is_a_usage_error),
		cmocka_unit_test(a_file_that_cannot_be_read_or_never_ends_is_a_usage_error),
		cmocka_unit_test(published_cas_can_be_read_by_path_while_they_are_open),
		cmocka_unit_test(cas_beyond_the_file_size_limit_are_not_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
