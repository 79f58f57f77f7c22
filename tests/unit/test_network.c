/* The network program as its parent sees it: how it starts, what it inherits, and what the parent
 * makes of its messages and its end. A puppet (puppet/puppet.c) plays its part. */
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "network/message.h"
#include "network/network.h"

#define GOOD "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"

/* Starts it, and waits until it has taken the job. */
static struct network *start(const struct network_job *job, struct chronosign_error **error)
{
	struct network *network = network_start(job, error);

	if (network == NULL || network_await(network, error))
		return network;
	network_free(network);
	return NULL;
}

/* Starts a puppet in that role, with this number of servers. */
static struct network *start_puppet(const char *role, size_t count, struct chronosign_error **error)
{
	const char *urls[] = {role, "http://1.invalid", "http://2.invalid"};
	const struct network_job job = {.urls = urls, .url_count = count, .timeout_seconds = 5};

	return start(&job, error);
}

/* Lets the puppet look around in its process and report what it finds. */
static bool finds_well(const char *role)
{
	struct network *network = start_puppet(role, 1, NULL);
	struct network_answer answer = {0};
	bool answered = network != NULL && network_next(network, &answer, NULL);
	bool well = answered && strcmp(chronosign_error_message(answer.error),
				       "chronoctl-network says: \"the server: well\"") == 0;

	if (answered && !well)
		print_error("%s\n", chronosign_error_message(answer.error));
	network_answer_clear(&answer);
	network_free(network);
	return well;
}

/* --- what it inherits --- */

/* An older kernel than Linux 6.16 does not know. */
static void assert_it_can_send_none(void)
{
	struct network *network = start_puppet("puppet:wait", 1, NULL);
	socklen_t length = sizeof(int);
	int allowed = 1;

	assert_non_null(network);
	bool known = getsockopt(network_descriptor(network), SOL_SOCKET, 83 /* SO_PASSRIGHTS */,
				&allowed, &length) == 0;
	network_free(network);
	assert_true(!known || allowed == 0);
}

static void it_has_no_descriptor_but_the_socket_and_standard_error(void **state)
{
	int open_one = open("/dev/null", O_RDONLY);
	int open_far = fcntl(open_one, F_DUPFD, 150);

	(void)state;
	assert_true(open_far >= 150);
	assert_true(finds_well("puppet:descriptors"));
	assert_it_can_send_none();
	close(open_one);
	close(open_far);
}

static void it_works_with_closed_standard_descriptors(void **state)
{
	int saved[3];

	(void)state;
	for (int number = 0; number < 3; number++) {
		saved[number] = fcntl(number, F_DUPFD_CLOEXEC, 50);
		close(number);
	}
	bool well = finds_well("puppet:descriptors");
	for (int number = 0; number < 3; number++) {
		dup2(saved[number], number);
		close(saved[number]);
	}
	assert_true(well);
}

static void it_gives_up_privileges_and_dumps(void **state)
{
	(void)state;
	assert_true(finds_well("puppet:privileges"));
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

static void it_starts_where_capset_is_forbidden_and_there_is_nothing_to_give_up(void **state)
{
	int status = 0;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(be_hardened() && finds_well("puppet:privileges") ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#endif

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
	assert_true(finds_well("puppet:signals"));
	signal(SIGUSR1, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
	assert_int_equal(sigismember(&blocked, SIGTERM), 0);
}

static void its_environment_has_what_it_needs_and_nothing_else(void **state)
{
	(void)state;
	setenv("CHRONOCTL_TEST_PIN", "123456", 1);
	setenv("LD_LIBRARY_PATH", "/nonexistent", 1);
	setenv("NO_PROXY", "example.com", 1);
	assert_true(finds_well("puppet:environment"));
	assert_string_equal(getenv("CHRONOCTL_TEST_PIN"), "123456");
	unsetenv("CHRONOCTL_TEST_PIN");
	unsetenv("LD_LIBRARY_PATH");
	unsetenv("NO_PROXY");
}

/* --- how it starts --- */

/* The message if it does `act` before it takes its job. */
static void assert_start_fails(const char *act, enum chronosign_error_kind kind, const char *reason)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	setenv("LOCALDOMAIN", act, 1);
	assert_null(start_puppet("puppet:wait", 1, &error));
	unsetenv("LOCALDOMAIN");
	assert_int_equal(chronosign_error_get_kind(error), kind);
	if (strstr(chronosign_error_message(error), reason) == NULL)
		fail_msg("no '%s' in: %s", reason, chronosign_error_message(error));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void if_it_does_not_start_its_own_words_are_reported_printably(void **state)
{
	(void)state;
	assert_start_fails("complain", CHRONOSIGN_ERROR_OTHER,
			   "the network program does not start; chronoctl-network says: "
			   "\"libcurl.so.4: cannot open\\x1b]52; again \\x22x\\x22\"");
	assert_start_fails("abort", CHRONOSIGN_ERROR_OTHER, "signal 9");
}

static void a_step_that_fails_is_reported_with_the_reason(void **state)
{
	(void)state;
	assert_start_fails("fail", CHRONOSIGN_ERROR_OTHER,
			   "cannot start the network program; chronoctl-network says: "
			   "\"cannot give up\\x1b\": Operation not permitted");
}

/* Under a limit on descriptors that is enough for this process, but not for the child. */
static bool tells_of_too_many_descriptors(void)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	const struct rlimit few = {.rlim_cur = 10, .rlim_max = 10};

	for (int number = 3; number < 1024; number++)
		close(number);
	return setrlimit(RLIMIT_NOFILE, &few) == 0 &&
	       start_puppet("puppet:wait", 1, &error) == NULL &&
	       strstr(chronosign_error_message(error),
		      "\"cannot place its descriptors\": Too many open files") != NULL;
}

static void a_step_of_the_child_that_fails_is_reported_with_the_reason(void **state)
{
	int status = 0;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(tells_of_too_many_descriptors() ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void no_more_than_4_KiB_are_read_of_its_words(void **state)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	(void)state;
	setenv("LOCALDOMAIN", "babble", 1);
	assert_null(start_puppet("puppet:wait", 1, &error));
	unsetenv("LOCALDOMAIN");
	size_t length = strlen(chronosign_error_message(error));
	assert_true(length >= 4096 && length <= 4200);
}

static void a_program_of_another_version_is_refused(void **state)
{
	(void)state;
	assert_start_fails("other-version", CHRONOSIGN_ERROR_OTHER,
			   "of version \"0.0.1\\x1b[2J\", chronoctl of " CHRONOCTL_VERSION);
	assert_start_fails("no-hello", CHRONOSIGN_ERROR_OTHER, "not chronoctl's");
}

static void a_job_that_it_refuses_is_a_usage_error(void **state)
{
	(void)state;
	assert_start_fails("refuse", CHRONOSIGN_ERROR_USAGE,
			   "chronoctl-network says: \"no\\x1b URL chronoctl: x\"");
	assert_start_fails("refuse-its-url", CHRONOSIGN_ERROR_USAGE, "'puppet:wait' is no URL");
	assert_start_fails("no-answer", CHRONOSIGN_ERROR_OTHER, "no answer to its job");
}

static void it_is_restarted_and_every_server_is_asked_again(void **state)
{
	struct network *network = start_puppet("puppet:nonces 0", 2, NULL);
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct network_answer answer;

	(void)state;
	assert_non_null(network);
	for (int i = 0; i < 3; i++) {
		assert_true(network_is_running(network));
		assert_true(network_next(network, &answer, NULL));
		assert_string_equal(answer.nonce, GOOD);
		network_answer_clear(&answer);
		if (i != 1) {
			assert_false(network_next(network, &answer, NULL));
			assert_false(network_is_running(network));
		}
		assert_true(network_restart(network, &error));
		assert_true(network_await(network, &error));
	}
	network_free(network);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_start_that_fails_can_be_tried_again(void **state)
{
	struct network *network = start_puppet("puppet:nonces 0", 1, NULL);
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct network_answer answer;

	(void)state;
	setenv("LOCALDOMAIN", "abort", 1);
	assert_true(network_restart(network, NULL));
	unsetenv("LOCALDOMAIN");
	assert_false(network_await(network, NULL));
	assert_false(network_next(network, &answer, &error));
	assert_non_null(error);
	assert_false(network_ask_again(network, 0, NULL));
	assert_true(network_restart(network, NULL));
	assert_true(network_await(network, NULL));
	assert_true(network_next(network, &answer, NULL));
	network_answer_clear(&answer);
	network_free(network);
}

/* --- what its parent concludes --- */

static void nobody_waits_for_it_before_network_await_which_tells_why_each_time(void **state)
{
	const char *urls[] = {"puppet:wait"};
	const struct network_job job = {.urls = urls, .url_count = 1, .timeout_seconds = 5};
	struct network_answer answer;

	(void)state;
	setenv("LOCALDOMAIN", "abort", 1);
	struct network *network = network_start(&job, NULL);
	unsetenv("LOCALDOMAIN");
	assert_non_null(network);
	assert_false(network_next(network, &answer, NULL));
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
		assert_false(network_await(network, &error));
		assert_non_null(strstr(chronosign_error_message(error), "does not start"));
	}
	assert_true(network_restart(network, NULL));
	assert_true(network_await(network, NULL));
	network_free(network);
}

static void answers_come_in_the_order_sent_and_then_no_more(void **state)
{
	static const size_t servers[] = {2, 0, 1};
	struct network *network = start_puppet("puppet:nonces 201", 3, NULL);
	struct chronosign_error *error = NULL;
	struct network_answer answer;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(network_next(network, &answer, &error));
		assert_int_equal(answer.server, servers[i]);
		assert_string_equal(answer.nonce, GOOD);
		network_answer_clear(&answer);
	}
	assert_false(network_next(network, &answer, &error));
	assert_null(error);
	assert_false(network_next(network, &answer, &error));
	assert_null(error);
	network_free(network);
}

/* The first failure of a program with two servers, after `good` answers. It stays failed. */
static void assert_fails(const char *role, size_t good, const char *reason)
{
	struct network *network = start_puppet(role, 2, NULL);
	struct chronosign_error *error = NULL;
	struct network_answer answer;

	for (size_t i = 0; i < good; i++) {
		assert_true(network_next(network, &answer, &error));
		network_answer_clear(&answer);
	}
	assert_false(network_next(network, &answer, &error));
	assert_non_null(error);
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_OTHER);
	if (strstr(chronosign_error_message(error), reason) == NULL)
		fail_msg("no '%s' in: %s", reason, chronosign_error_message(error));
	chronosign_error_free(error);
	error = NULL;
	assert_false(network_next(network, &answer, &error));
	assert_non_null(error);
	chronosign_error_free(error);
	network_free(network);
}

static void a_wrong_message_is_the_last_one_read(void **state)
{
	(void)state;
	assert_fails("puppet:half", 0, "length");
	assert_fails("puppet:more", 0, "length");
	assert_fails("puppet:lie", 0, "nonce");
	assert_fails("puppet:nonces 00", 1, "second answer");
	assert_fails("puppet:nonces 02", 1, "not asked for");
	assert_fails("puppet:time 60000", 0, "another time");
	assert_fails("puppet:time -60000", 0, "another time");
	assert_fails("puppet:outcome 9", 0, "nobody watches");
	assert_fails("puppet:outcome 32", 0, "unknown outcome");
}

static unsigned sandbox_told;

static void hear_of_sandbox(unsigned sandbox)
{
	sandbox_told = sandbox;
}

/* The message about this sandbox, whether a whole one is required or not. */
static void assert_sandbox(const char *role, bool require, bool good)
{
	const char *urls[] = {role};
	const struct network_job job = {
		.urls = urls,
		.url_count = 1,
		.timeout_seconds = 5,
		.require_sandbox = require,
		.tell_sandbox = hear_of_sandbox,
	};
	struct network *network = start(&job, NULL);
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct network_answer answer;

	sandbox_told = 99;
	assert_int_equal(network_next(network, &answer, &error), good);
	if (good)
		network_answer_clear(&answer);
	else
		assert_non_null(strstr(chronosign_error_message(error), "--require-sandbox"));
	network_free(network);
}

static void its_confinement_is_reported_first_and_once(void **state)
{
	(void)state;
	assert_sandbox("puppet:sandbox 1", false, true);
	assert_int_equal(sandbox_told, NETWORK_SANDBOX_FILES);
	assert_sandbox("puppet:sandbox 0", false, true);
	assert_int_equal(sandbox_told, 0);
	assert_fails("puppet:sandbox-twice", 0, "was told");
	assert_fails("puppet:no-sandbox", 0, "before its sandbox");
}

static void a_required_sandbox_is_complete(void **state)
{
	(void)state;
	assert_sandbox("puppet:sandbox 3", true, true);
	assert_int_equal(sandbox_told, NETWORK_SANDBOX_WHOLE);
	for (int i = 0; i < 3; i++) {
		char role[32];
		snprintf(role, sizeof role, "puppet:sandbox %d", i);
		assert_sandbox(role, true, false);
	}
}

static void its_death_is_reported(void **state)
{
	(void)state;
	assert_fails("puppet:die", 1, "signal 6");
	assert_fails("puppet:end 1", 0, "status 1\n2 of 2");
	assert_fails("puppet:end 0", 0, "status 0\n2 of 2");
	assert_fails("puppet:hang-up", 0, "signal 9");
}

static void freeing_ends_it_and_leaves_no_zombie(void **state)
{
	struct network *network = start_puppet("puppet:wait", 1, NULL);

	(void)state;
	assert_non_null(network);
	network_free(network);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	network_free(NULL);
}

static void start_and_be_killed(int out)
{
	struct network *network = start_puppet("puppet:number", 1, NULL);
	struct network_answer answer;

	if (network_next(network, &answer, NULL))
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
	struct chronosign_error *error = NULL;

	assert_null(start(servers, &error));
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_USAGE);
	assert_non_null(strstr(chronosign_error_message(error), reason));
	chronosign_error_free(error);
}

static void an_impossible_job_is_refused_before_it_starts(void **state)
{
	static const char *const urls[] = {"http://127.0.0.1:1"};
	struct network_job servers = {.urls = urls, .url_count = 1, .timeout_seconds = 1};

	(void)state;
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

static void a_request_is_answered_and_only_a_token_is_sent(void **state)
{
	static const char *const urls[] = {"http://127.0.0.1:1"};
	const struct network_job servers = {
		.urls = urls, .url_count = 1, .timeout_seconds = 5, .requests = true};
	struct network *fetch = start(&servers, NULL);
	struct chronosign_error *error = NULL;
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
	network_free(fetch);
}

/* --watch has to see signals in time. */
static void nobody_waits_for_a_watching_program_that_takes_no_question(void **state)
{
	const char *urls[] = {"puppet:wait"};
	const struct network_job job = {.urls = urls,
					.url_count = 1,
					.timeout_seconds = 5,
					.watch = true,
					.poll_seconds = 1};
	struct network *network = start(&job, NULL);
	int64_t started = milliseconds();

	(void)state;
	assert_non_null(network);
	for (size_t i = 0; i < 1000; i++)
		assert_true(network_ask_again(network, 0, NULL));
	assert_true(milliseconds() - started < 2000);
	network_free(network);
}

/* Each question of a server lets all take a second more. */
static void the_time_for_all_answers_passes_while_it_reads_no_questions(void **state)
{
	enum { COUNT = 64 };
	const char *urls[COUNT] = {"puppet:late"};
	const struct network_job job = {
		.urls = urls, .url_count = COUNT, .timeout_seconds = 1, .requests = true};
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	size_t asked = 0;

	(void)state;
	for (size_t i = 1; i < COUNT; i++)
		urls[i] = "http://127.0.0.1:1";
	struct network *network = start(&job, NULL);
	assert_non_null(network);
	while (network_ask_again(network, asked % COUNT, &error))
		asked++;
	if (strstr(chronosign_error_message(error), "seconds in all") == NULL)
		fail_msg("%zu: %s", asked, chronosign_error_message(error));
	network_free(network);
}

static void a_question_after_its_end_is_an_error(void **state)
{
	struct network *network = start_puppet("puppet:end 0", 1, NULL);
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct network_answer answer;

	(void)state;
	assert_false(network_next(network, &answer, NULL));
	assert_false(network_ask_again(network, 0, &error));
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_OTHER);
	assert_non_null(
		strstr(chronosign_error_message(error), "cannot speak to the network program"));
	network_free(network);
}

static void a_url_is_shown_as_given_but_without_its_user(void **state)
{
	static const char *const rows[][2] = {
		{"http://host:8888/Base/", "http://host:8888/Base/"},
		{"HTTP://Host", "HTTP://Host"},
		{"http://user:geheim@host:8888/base", "http://host:8888/base"},
		{"https://user@host/", "https://host/"},
		{"http://us%40er:p%40@host/a@b", "http://host/a@b"},
		{"user:geheim@host", "host"},
		{"http://a b:geheim@[", "http://["},
		{"http://user:ge/heim@host/", "http://host/"},
		{"http:/user:geheim@host/", "http:/host/"},
		{"http:///user:geheim@host/", "http:///host/"},
		{"http://user:geheim", "http://user:geheim"},
		{"http://[::1]:8888/a@b", "http://[::1]:8888/a@b"},
		{"http://user:geheim@[::1]:8888/a@b", "http://[::1]:8888/a@b"},
		{"http://host:8888?a@b", "http://host:8888?a@b"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *shown = url_without_user(rows[i][0]);
		assert_string_equal(shown, rows[i][1]);
		free(shown);
	}
}

static void user_and_password_are_overwritten_in_place(void **state)
{
	static const char *const rows[][2] = {
		{"http://host:8888/Base/", "http://host:8888/Base/"},
		{"http://user:geheim@host/a@b", "http://***********@host/a@b"},
		{"http://us@er:p@host", "http://*******@host"},
		{"user:geheim@host", "***********@host"},
		{"http://user:ge/heim@host/", "http://************@host/"},
		{"http:/user:geheim@host/", "http:/***********@host/"},
		{"HTTP:///user:geheim@host/", "HTTP:///***********@host/"},
		{"http://host/a@b", "http://host/a@b"},
		{"http://@host", "http://@host"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[64];
		snprintf(text, sizeof text, "%s", rows[i][0]);
		url_mask_user(text);
		assert_string_equal(text, rows[i][1]);
	}
}

static void every_server_that_is_down_has_an_answer(void **state)
{
	static const char *const urls[] = {"http://127.0.0.1:1", "https://[::1]:1/base"};
	const struct network_job servers = {
		.urls = urls, .url_count = 2, .timeout_seconds = 5, .verbose = true};
	struct network *fetch = start(&servers, NULL);
	struct chronosign_error *error = NULL;
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

static void a_job_can_have_10000_urls(void **state)
{
	enum { COUNT = 10000 };
	char **urls = calloc(COUNT, sizeof *urls);
	const struct network_job job = {
		.urls = (const char *const *)urls, .url_count = COUNT, .timeout_seconds = 60};
	struct network_answer answer;
	size_t sum = 0;

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		assert_true(asprintf(&urls[i], "http://127.0.0.1:1/%0200zu", i) > 0);
	struct network *network = start(&job, NULL);
	assert_non_null(network);
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(network_next(network, &answer, NULL));
		if (answer.server == COUNT - 1)
			assert_non_null(strstr(chronosign_error_message(answer.error), "09999: "));
		sum += answer.server;
		network_answer_clear(&answer);
	}
	assert_int_equal(sum, (size_t)COUNT * (COUNT - 1) / 2);
	network_free(network);
	for (size_t i = 0; i < COUNT; i++)
		free(urls[i]);
	free(urls);
}

static void an_invalid_url_ends_everything_as_a_usage_error(void **state)
{
	static const char *const urls[] = {"http://127.0.0.1:1", "localhost:8888"};
	const struct network_job job = {.urls = urls, .url_count = 2, .timeout_seconds = 1};

	(void)state;
	assert_no_start(&job, "write 'http://localhost:8888'");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(it_has_no_descriptor_but_the_socket_and_standard_error),
	cmocka_unit_test(it_works_with_closed_standard_descriptors),
	cmocka_unit_test(it_gives_up_privileges_and_dumps),
#ifdef WITH_SECCOMP
	cmocka_unit_test(it_starts_where_capset_is_forbidden_and_there_is_nothing_to_give_up),
#endif
	cmocka_unit_test(it_has_no_signal_handlers),
	cmocka_unit_test(its_environment_has_what_it_needs_and_nothing_else),
	cmocka_unit_test(if_it_does_not_start_its_own_words_are_reported_printably),
	cmocka_unit_test(a_step_that_fails_is_reported_with_the_reason),
	cmocka_unit_test(a_step_of_the_child_that_fails_is_reported_with_the_reason),
	cmocka_unit_test(no_more_than_4_KiB_are_read_of_its_words),
	cmocka_unit_test(a_program_of_another_version_is_refused),
	cmocka_unit_test(a_job_that_it_refuses_is_a_usage_error),
	cmocka_unit_test(it_is_restarted_and_every_server_is_asked_again),
	cmocka_unit_test(a_start_that_fails_can_be_tried_again),
	cmocka_unit_test(nobody_waits_for_it_before_network_await_which_tells_why_each_time),
	cmocka_unit_test(answers_come_in_the_order_sent_and_then_no_more),
	cmocka_unit_test(a_wrong_message_is_the_last_one_read),
	cmocka_unit_test(its_confinement_is_reported_first_and_once),
	cmocka_unit_test(a_required_sandbox_is_complete),
	cmocka_unit_test(its_death_is_reported),
	cmocka_unit_test(freeing_ends_it_and_leaves_no_zombie),
	cmocka_unit_test(it_dies_with_its_parent),
	cmocka_unit_test(an_impossible_job_is_refused_before_it_starts),
	cmocka_unit_test(a_request_is_answered_and_only_a_token_is_sent),
	cmocka_unit_test(nobody_waits_for_a_watching_program_that_takes_no_question),
	cmocka_unit_test(the_time_for_all_answers_passes_while_it_reads_no_questions),
	cmocka_unit_test(a_question_after_its_end_is_an_error),
	cmocka_unit_test(a_url_is_shown_as_given_but_without_its_user),
	cmocka_unit_test(user_and_password_are_overwritten_in_place),
	cmocka_unit_test(every_server_that_is_down_has_an_answer),
	cmocka_unit_test(a_job_can_have_10000_urls),
	cmocka_unit_test(an_invalid_url_ends_everything_as_a_usage_error),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
