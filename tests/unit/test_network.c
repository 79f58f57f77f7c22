/* The network process: what it gives up, and what its parent makes of its words and its death. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#ifdef WITH_SECCOMP
#include <seccomp.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "network/message.h"
#include "network/network.h"

#define GOOD "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"

static bool send_bytes(int pipe, const void *bytes, size_t length)
{
	return write(pipe, bytes, length) == (ssize_t)length;
}

static network_message nonce_of(size_t server)
{
	network_message message;

	message_init(&message, server);
	message.http_status = 200;
	message_set_nonce(&message, GOOD, 600);
	return message;
}

static bool send_nonce(int pipe, size_t server)
{
	const network_message message = nonce_of(server);

	return send_bytes(pipe, &message, sizeof message);
}

/* Lets a function of the test look around in the network process and say what it found. */
static bool report(const void *look, int pipe)
{
	const char *(*found)(int) = *(const char *(*const *)(int))look;
	const char *trouble = found(pipe);
	network_message message = nonce_of(0);

	if (trouble != NULL) {
		message_init(&message, 0);
		message_set_failure(&message, MESSAGE_MACHINE_FAILED, trouble);
	}
	return send_bytes(pipe, &message, sizeof message);
}

static void assert_found_well(const char *(*look)(int))
{
	struct network *fetch = network_fork(1, report, &look, NULL);
	struct network_answer answer;

	assert_non_null(fetch);
	assert_true(network_next(fetch, &answer, NULL));
	if (answer.error != NULL)
		fail_msg("%s", chronosign_error_message(answer.error));
	network_answer_clear(&answer);
	network_free(fetch);
}

/* --- what it gives up --- */

static const char *look_at_descriptors(int pipe)
{
	char target[2][32] = {"", ""};

	if (pipe != 3)
		return "the pipe is not 3";
	for (int number = 4; number < 200; number++)
		if (fcntl(number, F_GETFD) >= 0)
			return "a descriptor is open that should not be";
	if (fcntl(2, F_GETFD) < 0)
		return "standard error is closed";
	if (readlink("/proc/self/fd/0", target[0], 31) < 0 ||
	    readlink("/proc/self/fd/1", target[1], 31) < 0 || strcmp(target[0], "/dev/null") != 0 ||
	    strcmp(target[1], "/dev/null") != 0)
		return "standard input or output lead somewhere";
	return NULL;
}

static void it_keeps_no_descriptor_but_the_pipe_and_standard_error(void **state)
{
	int open_one = open("/dev/null", O_RDONLY);
	int open_far = fcntl(open_one, F_DUPFD, 150);

	(void)state;
	assert_true(open_far >= 150);
	assert_found_well(look_at_descriptors);
	close(open_one);
	close(open_far);
}

static void it_works_where_standard_descriptors_are_closed(void **state)
{
	int saved[3];

	(void)state;
	for (int number = 0; number < 3; number++) {
		saved[number] = fcntl(number, F_DUPFD_CLOEXEC, 50);
		close(number);
	}
	const char *(*look)(int) = look_at_descriptors;
	struct network *fetch = network_fork(1, report, &look, NULL);
	struct network_answer answer = {0};
	bool answered = fetch != NULL && network_next(fetch, &answer, NULL);
	bool well = answered && answer.error == NULL;
	network_answer_clear(&answer);
	network_free(fetch);
	for (int number = 0; number < 3; number++) {
		dup2(saved[number], number);
		close(saved[number]);
	}
	assert_true(well);
}

static const char *look_at_privileges(int pipe)
{
	int signal_number = 0;

	(void)pipe;
	if (prctl(PR_GET_DUMPABLE) != 0)
		return "it can be dumped and traced";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return "it can get new privileges";
	if (prctl(PR_GET_PDEATHSIG, &signal_number) != 0 || signal_number != SIGKILL)
		return "it outlives its parent";
	return NULL;
}

static void it_gives_up_privileges_and_dumps(void **state)
{
	(void)state;
	assert_found_well(look_at_privileges);
}

#ifdef WITH_SECCOMP

/* As in a unit with CapabilityBoundingSet= and SystemCallFilter=~@privileged. */
static bool be_hardened(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool hardened = (getuid() != 0 || setresuid(65534, 65534, 65534) == 0) && filter != NULL &&
			seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(capset), 0) == 0 &&
			seccomp_load(filter) == 0;

	seccomp_release(filter);
	return hardened;
}

static bool answers_when_hardened(void)
{
	const char *(*look)(int) = look_at_privileges;
	struct network *fetch = be_hardened() ? network_fork(1, report, &look, NULL) : NULL;
	struct network_answer answer;

	return fetch != NULL && network_next(fetch, &answer, NULL) && answer.error == NULL;
}

static void it_starts_where_capset_is_forbidden_and_there_is_nothing_to_give_up(void **state)
{
	int status = 0;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(answers_when_hardened() ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#endif

static const char *look_at_signals(int pipe)
{
	struct sigaction action;
	sigset_t blocked;

	(void)pipe;
	if (sigaction(SIGUSR1, NULL, &action) != 0 || action.sa_handler != SIG_DFL)
		return "a handler of the parent is left";
	if (sigaction(SIGHUP, NULL, &action) != 0 || action.sa_handler != SIG_IGN)
		return "what was ignored no longer is";
	if (sigaction(SIGPIPE, NULL, &action) != 0 || action.sa_handler != SIG_IGN)
		return "SIGPIPE is not ignored";
	if (sigprocmask(SIG_BLOCK, NULL, &blocked) != 0 || sigismember(&blocked, SIGTERM) != 0)
		return "signals are blocked";
	return NULL;
}

static void do_nothing(int number)
{
	(void)number;
}

static void it_has_no_signal_handlers(void **state)
{
	sigset_t blocked;

	(void)state;
	signal(SIGUSR1, do_nothing);
	signal(SIGHUP, SIG_IGN);
	assert_found_well(look_at_signals);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
	assert_int_equal(sigismember(&blocked, SIGTERM), 0);
}

static const char *pin_text;

static const char *look_at_environment(int pipe)
{
	(void)pipe;
	if (getenv("NO_PROXY") == NULL || strcmp(getenv("NO_PROXY"), "example.com") != 0)
		return "no_proxy is lost";
	if (getenv("CHRONOCTL_TEST_PIN") != NULL || getenv("CHRONOCTL_TEST_CONSTANT") != NULL)
		return "a variable is left";
	if (strspn(pin_text, "123456") != 0)
		return "the PIN still stands in memory";
	return NULL;
}

static void it_forgets_the_environment(void **state)
{
	(void)state;
	setenv("CHRONOCTL_TEST_PIN", "123456", 1);
	setenv("NO_PROXY", "example.com", 1);
	putenv((char *)"CHRONOCTL_TEST_CONSTANT=in read-only memory");
	pin_text = getenv("CHRONOCTL_TEST_PIN");
	assert_found_well(look_at_environment);
	assert_string_equal(getenv("CHRONOCTL_TEST_PIN"), "123456");
	unsetenv("CHRONOCTL_TEST_PIN");
	unsetenv("CHRONOCTL_TEST_CONSTANT");
	unsetenv("NO_PROXY");
}

static chronosign_secret *secret;

static const char *look_at_secret(int pipe)
{
	(void)pipe;
	return secret_bytes(secret)[0] == 0 ? NULL : "a secret of the parent is readable";
}

static void it_cannot_read_a_secret(void **state)
{
	(void)state;
	secret = chronosign_secret_new("123456", 6, NULL);
	assert_non_null(secret);
	assert_found_well(look_at_secret);
	chronosign_secret_free(secret);
}

/* --- what its parent makes of it --- */

static bool send_in_turn(const void *servers, int pipe)
{
	for (const size_t *server = servers; *server != SIZE_MAX; server++)
		if (!send_nonce(pipe, *server))
			return false;
	return true;
}

static void answers_come_in_the_order_sent_and_then_no_more(void **state)
{
	static const size_t servers[] = {2, 0, 1, SIZE_MAX};
	struct network *fetch = network_fork(3, send_in_turn, servers, NULL);
	chronosign_error *error = NULL;
	struct network_answer answer;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(network_next(fetch, &answer, &error));
		assert_int_equal(answer.server, servers[i]);
		assert_string_equal(answer.nonce, GOOD);
		network_answer_clear(&answer);
	}
	assert_false(network_next(fetch, &answer, &error));
	assert_null(error);
	assert_false(network_next(fetch, &answer, &error));
	assert_null(error);
	network_free(fetch);
}

/* The first failure of a process of two servers, after `good` answers; it stays failed. */
static void assert_fails(network_work *work, const void *context, size_t good,
			 chronosign_error_kind kind, const char *reason)
{
	struct network *fetch = network_fork(2, work, context, NULL);
	chronosign_error *error = NULL;
	struct network_answer answer;

	for (size_t i = 0; i < good; i++) {
		assert_true(network_next(fetch, &answer, &error));
		network_answer_clear(&answer);
	}
	assert_false(network_next(fetch, &answer, &error));
	assert_non_null(error);
	assert_int_equal(chronosign_error_get_kind(error), kind);
	if (strstr(chronosign_error_message(error), reason) == NULL)
		fail_msg("no '%s' in: %s", reason, chronosign_error_message(error));
	chronosign_error_free(error);
	error = NULL;
	assert_false(network_next(fetch, &answer, &error));
	assert_non_null(error);
	chronosign_error_free(error);
	network_free(fetch);
}

static bool send_half(const void *context, int pipe)
{
	const network_message message = nonce_of(0);

	(void)context;
	return send_bytes(pipe, &message, sizeof message / 2) && pause() == 0;
}

static bool send_more(const void *context, int pipe)
{
	char bytes[2 * sizeof(network_message)];
	const network_message message = nonce_of(0);

	(void)context;
	memset(bytes, 'x', sizeof bytes);
	memcpy(bytes, &message, sizeof message);
	return send_bytes(pipe, bytes, sizeof bytes) && pause() == 0;
}

static bool send_and_lie(const void *context, int pipe)
{
	network_message message = nonce_of(0);

	(void)context;
	memset(message.nonce, 'x', sizeof message.nonce);
	return send_bytes(pipe, &message, sizeof message) && pause() == 0;
}

static bool die(const void *context, int pipe)
{
	const struct rlimit none = {0, 0};

	(void)context;
	setrlimit(RLIMIT_CORE, &none);
	return send_nonce(pipe, 1) && raise(SIGABRT) == 0;
}

static bool end(const void *context, int pipe)
{
	(void)pipe;
	return context != NULL;
}

static bool hang_up_and_linger(const void *context, int pipe)
{
	(void)context;
	close(pipe);
	return pause() == 0;
}

static void a_message_that_is_wrong_is_the_last_one_heard(void **state)
{
	static const size_t twice[] = {0, 0, SIZE_MAX};
	static const size_t unknown[] = {0, 2, SIZE_MAX};

	(void)state;
	assert_fails(send_half, NULL, 0, CHRONOSIGN_ERROR_SERVER, "length");
	assert_fails(send_more, NULL, 0, CHRONOSIGN_ERROR_SERVER, "length");
	assert_fails(send_and_lie, NULL, 0, CHRONOSIGN_ERROR_SERVER, "nonce");
	assert_fails(send_in_turn, twice, 1, CHRONOSIGN_ERROR_SERVER, "second answer");
	assert_fails(send_in_turn, unknown, 1, CHRONOSIGN_ERROR_SERVER, "not asked for");
}

static void its_death_is_told(void **state)
{
	(void)state;
	assert_fails(die, NULL, 1, CHRONOSIGN_ERROR_OTHER, "signal 6");
	assert_fails(end, NULL, 0, CHRONOSIGN_ERROR_OTHER, "status 1) with 2 of 2");
	assert_fails(end, "well", 0, CHRONOSIGN_ERROR_OTHER, "status 0) with 2 of 2");
	assert_fails(hang_up_and_linger, NULL, 0, CHRONOSIGN_ERROR_OTHER, "signal 9");
}

static bool wait_for_ever(const void *context, int pipe)
{
	(void)context;
	(void)pipe;
	return pause() == 0;
}

static void freeing_ends_it_and_leaves_no_zombie(void **state)
{
	struct network *fetch = network_fork(1, wait_for_ever, NULL, NULL);

	(void)state;
	assert_non_null(fetch);
	network_free(fetch);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	network_free(NULL);
}

static bool tell_number(const void *out, int pipe)
{
	network_message message = nonce_of(0);

	(void)out;
	message.valid_for = getpid();
	return send_bytes(pipe, &message, sizeof message) && pause() == 0;
}

static void start_and_be_killed(int out)
{
	struct network *fetch = network_fork(1, tell_number, NULL, NULL);
	struct network_answer answer;

	if (network_next(fetch, &answer, NULL))
		dprintf(out, "%d\n", (int)answer.valid_for);
	raise(SIGKILL);
}

static void it_dies_with_its_parent(void **state)
{
	char number[16] = "";
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t parent = fork();
	if (parent == 0)
		start_and_be_killed(ends[1]);
	close(ends[1]);
	assert_true(read(ends[0], number, sizeof number - 1) > 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	pid_t orphan = (pid_t)atoi(number);
	assert_true(orphan > 1);
	for (int i = 0; i < 100 && kill(orphan, 0) == 0; i++) {
		char path[64], name[64] = "";
		snprintf(path, sizeof path, "/proc/%d/stat", (int)orphan);
		FILE *stat = fopen(path, "re");
		if (stat != NULL) {
			bool zombie = fscanf(stat, "%*d %*s %63s", name) == 1 && name[0] == 'Z';
			fclose(stat);
			if (zombie)
				break;
		}
		usleep(20000);
		assert_int_not_equal(i, 99);
	}
	close(ends[0]);
}

/* --- starting --- */

static void assert_no_start(const struct network_job *servers, const char *reason)
{
	chronosign_error *error = NULL;

	assert_null(network_start(servers, &error));
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_USAGE);
	assert_non_null(strstr(chronosign_error_message(error), reason));
	chronosign_error_free(error);
}

static void what_cannot_be_is_refused_before_the_fork(void **state)
{
	static const char *const urls[] = {"http://127.0.0.1:1", "localhost:8888"};
	struct network_job servers = {.urls = urls, .url_count = 2, .timeout_seconds = 1};

	(void)state;
	assert_no_start(&servers, "http://localhost:8888");
	servers.url_count = 1;
	servers.ca_file = "/nonexistent/ca.pem";
	assert_no_start(&servers, "No such file");
	servers.ca_file = "/";
	assert_no_start(&servers, "directory");
	servers.ca_file = "/dev/null";
	assert_no_start(&servers, "empty");
	servers.ca_file = "/etc/passwd";
	assert_no_start(&servers, "no certificate");
	servers.ca_file = "/dev/zero";
	assert_no_start(&servers, "too large");
	servers.ca_file = NULL;
	servers.timeout_seconds = 0;
	assert_no_start(&servers, "time-out");
	servers.url_count = 0;
	assert_no_start(&servers, "no server");
}

static void requests_are_answered_for_until_there_are_no_more(void **state)
{
	static const char *const urls[] = {"http://127.0.0.1:1"};
	const struct network_job servers = {
		.urls = urls, .url_count = 1, .timeout_seconds = 5, .requests = true};
	struct network *fetch = network_start(&servers, NULL);
	chronosign_error *error = NULL;
	struct network_answer answer;

	(void)state;
	assert_non_null(fetch);
	assert_false(network_try_token(fetch, 0, GOOD, "no token", &error));
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_USAGE);
	chronosign_error_free(error);
	error = NULL;
	for (size_t i = 0; i < 3; i++) {
		assert_true(network_next(fetch, &answer, &error));
		assert_int_equal(answer.about,
				 i == 1 ? NETWORK_ANSWER_CHECK : NETWORK_ANSWER_NONCE);
		assert_non_null(answer.error);
		network_answer_clear(&answer);
		if (i == 0)
			assert_true(network_try_token(fetch, 0, GOOD, "c2ln", &error));
		if (i == 1)
			assert_true(network_ask_again(fetch, 0, &error));
	}
	network_finish(fetch);
	assert_false(network_next(fetch, &answer, &error));
	assert_null(error);
	network_free(fetch);
}

static void who_asks_it_after_its_end_is_told(void **state)
{
	struct network *fetch = network_fork(1, end, NULL, NULL);
	CLEANUP(cleanup_error) chronosign_error *error = NULL;
	struct network_answer answer;

	(void)state;
	assert_false(network_next(fetch, &answer, NULL));
	assert_false(network_ask_again(fetch, 0, &error));
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_OTHER);
	assert_non_null(
		strstr(chronosign_error_message(error), "cannot speak to the network process"));
	network_free(fetch);
}

static void what_is_shown_of_a_url_has_no_user_and_is_else_as_given(void **state)
{
	static const char *const rows[][2] = {
		{"http://host:8888/Base/", "http://host:8888/Base/"},
		{"HTTP://Host", "HTTP://Host"},
		{"http://user:geheim@host:8888/base", "http://host:8888/base"},
		{"https://user@host/", "https://host/"},
		{"http://us%40er:p%40@host/a@b", "http://host/a@b"},
		{"user:geheim@host", "host"},
		{"http://a b:geheim@[", "["},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *shown = url_without_user(rows[i][0]);
		assert_string_equal(shown, rows[i][1]);
		free(shown);
	}
}

static void servers_that_are_down_are_answered_for(void **state)
{
	static const char *const urls[] = {"http://127.0.0.1:1", "https://[::1]:1/base"};
	const struct network_job servers = {
		.urls = urls, .url_count = 2, .timeout_seconds = 5, .verbose = true};
	struct network *fetch = network_start(&servers, NULL);
	chronosign_error *error = NULL;
	struct network_answer answer;
	size_t sum = 0;

	(void)state;
	assert_non_null(fetch);
	for (size_t i = 0; i < 2; i++) {
		assert_true(network_next(fetch, &answer, &error));
		assert_string_equal(answer.nonce, "");
		assert_int_equal(chronosign_error_get_kind(answer.error), CHRONOSIGN_ERROR_SERVER);
		sum += answer.server;
		network_answer_clear(&answer);
		assert_null(answer.error);
	}
	assert_int_equal(sum, 1);
	assert_false(network_next(fetch, &answer, &error));
	assert_null(error);
	network_free(fetch);
}

static void a_url_may_stand_in_the_environment(void **state)
{
	setenv("CHRONOCTL_TEST_URL", "http://127.0.0.1:1/base", 1);
	const char *const urls[] = {getenv("CHRONOCTL_TEST_URL")};
	const struct network_job servers = {.urls = urls, .url_count = 1, .timeout_seconds = 5};
	struct network *fetch = network_start(&servers, NULL);
	struct network_answer answer;

	(void)state;
	assert_non_null(fetch);
	assert_true(network_next(fetch, &answer, NULL));
	assert_non_null(
		strstr(chronosign_error_message(answer.error), "http://127.0.0.1:1/base/nonce"));
	network_answer_clear(&answer);
	network_free(fetch);
	unsetenv("CHRONOCTL_TEST_URL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_keeps_no_descriptor_but_the_pipe_and_standard_error),
		cmocka_unit_test(it_works_where_standard_descriptors_are_closed),
		cmocka_unit_test(it_gives_up_privileges_and_dumps),
#ifdef WITH_SECCOMP
		cmocka_unit_test(
			it_starts_where_capset_is_forbidden_and_there_is_nothing_to_give_up),
#endif
		cmocka_unit_test(it_has_no_signal_handlers),
		cmocka_unit_test(it_forgets_the_environment),
		cmocka_unit_test(it_cannot_read_a_secret),
		cmocka_unit_test(answers_come_in_the_order_sent_and_then_no_more),
		cmocka_unit_test(a_message_that_is_wrong_is_the_last_one_heard),
		cmocka_unit_test(its_death_is_told),
		cmocka_unit_test(freeing_ends_it_and_leaves_no_zombie),
		cmocka_unit_test(it_dies_with_its_parent),
		cmocka_unit_test(what_cannot_be_is_refused_before_the_fork),
		cmocka_unit_test(requests_are_answered_for_until_there_are_no_more),
		cmocka_unit_test(who_asks_it_after_its_end_is_told),
		cmocka_unit_test(what_is_shown_of_a_url_has_no_user_and_is_else_as_given),
		cmocka_unit_test(servers_that_are_down_are_answered_for),
		cmocka_unit_test(a_url_may_stand_in_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
