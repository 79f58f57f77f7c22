/* A network program that a server has taken over reaches only what it needs: every attempt to reach
 * more (tests/hostile) fails, although it succeeds in an unconfined process. */
#include "network/program/confine.h"

#include "../hostile/attempts.h"
#include "base/secret.h"
#include "network/network.h"
#include "network/program/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/confine.XXXXXX";
static char key[64], pin[64], tokens[64];
static struct hostile_aims aims;
static struct chronosign_secret *secret;

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_aims(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(key, sizeof key, "%s/key.pem", folder);
	snprintf(pin, sizeof pin, "%s/pin", folder);
	snprintf(tokens, sizeof tokens, "%s/tokens", folder);
	write_file(key, "a key\n");
	write_file(pin, "123456\n");
	mkdir(tokens, 0700);
	secret = chronosign_secret_new("12345678", 8, NULL);
	if (secret == NULL)
		return -1;
	aims = (struct hostile_aims){
		.key = key,
		.pin = pin,
		.folder = tokens,
		.parent = getpid(),
		.memory = secret_bytes(secret),
		.guards = hostile_guards(),
	};
	printf("guards: %s%s%s\n", "isolation", aims.guards & HOSTILE_FILES ? ", Landlock" : "",
	       aims.guards & HOSTILE_CALLS ? ", seccomp" : "");
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

static int remove_aims(void **state)
{
	(void)state;
	chronosign_secret_free(secret);
	return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* --- in the program --- */

/* What the puppet reports after looking around: "well", or what is wrong. */
static void look_there(const char *role, char *found, size_t size)
{
	char memory[32];
	char guards[16];
	const char *urls[] = {role, key, pin, tokens, memory, guards};
	const struct network_job job = {.urls = urls, .url_count = 6, .timeout_seconds = 5};
	struct chronosign_error *error = NULL;
	struct network_answer answer = {0};

	snprintf(memory, sizeof memory, "%lx", (unsigned long)aims.memory);
	snprintf(guards, sizeof guards, "%x", aims.guards);
	struct network *network = network_start(&job, &error);
	bool answered = network != NULL && network_await(network, &error) &&
			network_next(network, &answer, &error);
	const char *said = chronosign_error_message(answered ? answer.error : error);
	const char *words = said == NULL ? NULL : strstr(said, "the server: ");
	snprintf(found, size, "%s",
		 words != NULL  ? words + strlen("the server: ")
		 : said != NULL ? said
				: "nothing");
	/* Words that name no server are quoted. */
	if (words != NULL && found[0] != '\0')
		found[strlen(found) - 1] = '\0';
	network_answer_clear(&answer);
	chronosign_error_free(error);
	network_free(network);
}

static void assert_well_there(const char *role)
{
	char found[2048];

	look_there(role, found, sizeof found);
	if (strcmp(found, "well") != 0)
		fail_msg("the program: %s", found);
}

/* --- what it cannot do --- */

/* True if it succeeds in an unconfined process of its own. */
static bool works_unconfined(const struct hostile_attempt *attempt)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(attempt->try(&aims) ? 0 : 1);
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void assert_works_elsewhere(const struct hostile_attempt *attempts)
{
	for (const struct hostile_attempt *attempt = attempts; attempt->what != NULL; attempt++) {
		bool works = works_unconfined(attempt);
		if (attempt->works_unconfined && !works)
			fail_msg("nobody can %s here: it proves nothing", attempt->what);
		if (!works)
			printf("proves nothing here, for nobody can: %s\n", attempt->what);
	}
}

static void every_attempt_succeeds_in_an_unconfined_process(void **state)
{
	(void)state;
	assert_works_elsewhere(hostile_attempts);
}

static void things_inherited_from_another_process_are_found(void **state)
{
	struct hostile_aims found = {0};
	void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int one = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 40);

	(void)state;
	setenv("CHRONOCTL_TEST_PIN", "123456", 1);
	hostile_look_around(&found);
	unsetenv("CHRONOCTL_TEST_PIN");
	close(one);
	munmap(page, 4096);
	assert_true(found.shared_page);
	assert_true(found.foreign_descriptor);
	assert_true(found.foreign_variable);
}

static void it_can_do_only_what_it_needs(void **state)
{
	(void)state;
	/* chronoctl does this first. */
	assert_int_equal(prctl(PR_SET_DUMPABLE, 0), 0);
	assert_well_there("puppet:attempts");
	prctl(PR_SET_DUMPABLE, 1);
}

/* Not by recursion, which a compiler may turn into a loop. */
static bool use_stack(size_t size)
{
	volatile char *bytes = __builtin_alloca(size);

	for (size_t i = size; i > 0; i -= 4096)
		bytes[i - 1] = 1;
	return bytes[4095] == 1;
}

/* The status of a child that uses 32 MiB of its stack, where the user has lifted the limit as far as he may. */
static int use_much_stack(bool confined)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		struct rlimit limits;

		getrlimit(RLIMIT_STACK, &limits);
		limits.rlim_cur = limits.rlim_max;
		setrlimit(RLIMIT_STACK, &limits);
		if (confined && privileges_give_up() != NULL)
			_exit(1);
		signal(SIGSEGV, SIG_DFL);
		_exit(use_stack((size_t)32 << 20) ? 0 : 1);
	}
	waitpid(child, &status, 0);
	return status;
}

/* RLIMIT_DATA does not count it. */
static void its_stack_is_limited_too(void **state)
{
	(void)state;
	assert_int_equal(use_much_stack(false), 0);
#ifndef CHRONOCTL_SANITIZE
	assert_true(WIFSIGNALED(use_much_stack(true)));
#endif
}

/* Where a child with one guard reports what it did. */
static int told;

/* A child with this guard only. */
static void assert_holds_alone(bool (*confine)(void), unsigned guard)
{
	char done[1500] = "";
	int status = 0;
	int ends[2];

	if ((aims.guards & guard) == 0) {
		printf("not in this build or kernel\n");
		return;
	}
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		aims.guards = guard;
		told = ends[1];
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (!confine())
			_exit(2);
		hostile_try(hostile_attempts, &aims, done, sizeof done);
		_exit(write(told, done, strlen(done)) == (ssize_t)strlen(done) ? 3 : 4);
	}
	close(ends[1]);
	assert_true(read(ends[0], done, sizeof done - 1) >= 0);
	close(ends[0]);
	waitpid(child, &status, 0);
	assert_string_equal(done, "");
	assert_int_equal(WEXITSTATUS(status), 3);
}

/* The process that starts the program puts it into a separate session. */
static bool isolate_child(void)
{
	return setsid() >= 0 && privileges_give_up() == NULL;
}

static void isolation_holds_alone(void **state)
{
	(void)state;
	assert_int_equal(prctl(PR_SET_DUMPABLE, 0), 0);
	assert_holds_alone(isolate_child, HOSTILE_ISOLATION | (aims.guards & HOSTILE_MEMORY));
	prctl(PR_SET_DUMPABLE, 1);
}

static bool confine_to_inputs(void)
{
	struct inputs inputs;
	bool confined = inputs_collect(&inputs, false) && confine_files(&inputs);

	inputs_release(&inputs);
	return confined;
}

static void landlock_holds_alone(void **state)
{
	(void)state;
	assert_holds_alone(confine_to_inputs, HOSTILE_FILES);
}

static void the_filter_holds_alone(void **state)
{
	(void)state;
	assert_holds_alone(confine_calls, HOSTILE_CALLS);
}

/* Makes this process the leader of a session on a new terminal, which is its standard error. */
static bool take_terminal(void)
{
	char name[64];
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
	    ptsname_r(master, name, sizeof name) != 0 || setsid() < 0)
		return false;
	int terminal = open(name, O_RDWR);
	return terminal >= 0 && dup2(terminal, STDERR_FILENO) >= 0;
}

/* Runs the test in a process with a terminal. Its output goes into the failure's message. */
static void on_terminal(void (*test)(char *found, size_t size))
{
	char found[2048] = "";
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		if (take_terminal())
			test(found, sizeof found);
		else
			snprintf(found, sizeof found, "no terminal: %s", strerror(errno));
		_exit(write(ends[1], found, strlen(found)) < 0);
	}
	close(ends[1]);
	assert_true(read(ends[0], found, sizeof found - 1) >= 0);
	close(ends[0]);
	waitpid(child, NULL, 0);
	if (strcmp(found, "well") != 0)
		fail_msg("%s", found);
}

static void try_terminal_there(char *found, size_t size)
{
	look_there("puppet:terminal", found, size);
}

static void it_cannot_read_the_terminal_where_a_pin_is_typed(void **state)
{
	(void)state;
	on_terminal(try_terminal_there);
}

static void try_terminal_elsewhere(char *found, size_t size)
{
	snprintf(found, size, "well");
	for (const struct hostile_attempt *attempt = hostile_terminal_attempts;
	     attempt->what != NULL; attempt++)
		if (attempt->works_unconfined && !works_unconfined(attempt))
			snprintf(found, size, "nobody can %s here", attempt->what);
}

static void an_unconfined_child_can(void **state)
{
	(void)state;
	on_terminal(try_terminal_elsewhere);
}

/* --- what it can still do --- */

static void it_can_start_threads(void **state)
{
	(void)state;
	assert_well_there("puppet:thread");
}

static void it_can_resolve_names(void **state)
{
	(void)state;
	assert_well_there("puppet:resolve localhost");
}

static void assert_readable_there(const char *path)
{
	char role[200];

	snprintf(role, sizeof role, "puppet:read %s", path);
	assert_well_there(role);
}

/* A machine without a name server gives no answers to test, but the files that name the server
 * (resolver(3)) must be readable. */
static void it_can_read_what_the_resolver_reads(void **state)
{
	static const char *const paths[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"};

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (access(paths[i], R_OK) == 0)
			assert_readable_there(paths[i]);
}

static void it_can_read_the_cas_that_the_user_names(void **state)
{
	char file[64], directory[64], link[96];

	(void)state;
	snprintf(file, sizeof file, "%s/ca.pem", folder);
	snprintf(directory, sizeof directory, "%s/cas", folder);
	snprintf(link, sizeof link, "%s/01234567.0", directory);
	write_file(file, "a certificate\n");
	mkdir(directory, 0755);
	assert_int_equal(symlink("../ca.pem", link), 0);
	setenv("SSL_CERT_FILE", file, 1);
	assert_readable_there(file);
	setenv("SSL_CERT_FILE", "/nonexistent", 1);
	setenv("SSL_CERT_DIR", directory, 1);
	assert_readable_there(link);
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
}

/* --- what is reported --- */

static void it_says_what_confines_it(void **state)
{
	const char *expected = "not confined: there is neither Landlock nor a seccomp filter";
	unsigned guards = aims.guards & (HOSTILE_FILES | HOSTILE_CALLS);
	char found[256];

	(void)state;
	if (guards == (HOSTILE_FILES | HOSTILE_CALLS))
		expected = "confined by Landlock and a seccomp filter";
	else if (guards == HOSTILE_FILES)
		expected = "confined by Landlock, without a seccomp filter";
	else if (guards == HOSTILE_CALLS)
		expected = "confined by a seccomp filter, without Landlock";
	look_there("puppet:confinement", found, sizeof found);
	assert_string_equal(found, expected);
	assert_int_equal(network_sandbox_seen(), 0);
	assert_string_equal(network_confinement(0),
			    "not confined: there is neither Landlock nor a seccomp filter");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_attempt_succeeds_in_an_unconfined_process),
		cmocka_unit_test(things_inherited_from_another_process_are_found),
		cmocka_unit_test(it_can_do_only_what_it_needs),
		cmocka_unit_test(its_stack_is_limited_too),
		cmocka_unit_test(isolation_holds_alone),
		cmocka_unit_test(landlock_holds_alone),
		cmocka_unit_test(the_filter_holds_alone),
		cmocka_unit_test(an_unconfined_child_can),
		cmocka_unit_test(it_cannot_read_the_terminal_where_a_pin_is_typed),
		cmocka_unit_test(it_can_start_threads),
		cmocka_unit_test(it_can_resolve_names),
		cmocka_unit_test(it_can_read_what_the_resolver_reads),
		cmocka_unit_test(it_can_read_the_cas_that_the_user_names),
		cmocka_unit_test(it_says_what_confines_it),
	};

	return cmocka_run_group_tests(tests, make_aims, remove_aims);
}
