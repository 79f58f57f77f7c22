/* PIN sources that are commands, in a process that does something else about its children. */
#include "base/cleanup.h"
#include "base/secret.h"
#include "key/key.h"
#include "key/pin_source.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

DEFINE_CLEANUP(key, struct chronosign_key *, chronosign_key_free)

static volatile sig_atomic_t reaped;

static void reap_all(int signal)
{
	int before = errno;

	(void)signal;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		reaped++;
	errno = before;
}

static int forget_children(void **state)
{
	(void)state;
	reaped = 0;
	return signal(SIGCHLD, SIG_DFL) == SIG_ERR ? -1 : 0;
}

static struct chronosign_secret *pin_of(const char *command, struct chronosign_error **error)
{
	char reference[] = "/etc/key";
	CLEANUP(cleanup_key) struct chronosign_key *key = chronosign_key_new(reference, NULL);

	assert_non_null(key);
	assert_true(chronosign_key_set_pin_source(key, command));
	key_set_command_stderr(key, STDERR_FILENO);
	return pin_source_read(key, error);
}

/* The shell ends before its output does, while the PIN is still being read. */
static void assert_commands_work(void)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_secret)
	struct chronosign_secret *pin = pin_of("|sleep 0.1 & echo 2468", NULL);

	assert_non_null(pin);
	assert_int_equal(secret_length(pin), 4);
	assert_null(pin_of("|sleep 0.1 & echo 2468; exit 3", &error));
	assert_string_equal(chronosign_error_message(error),
			    "the PIN command failed with exit status 3");
}

static void a_handler_that_waits_for_all_children_takes_nothing_away(void **state)
{
	(void)state;
	signal(SIGCHLD, reap_all);
	assert_commands_work();
	assert_int_equal(reaped, 0);
	assert_ptr_equal(signal(SIGCHLD, SIG_DFL), reap_all);
}

static void nor_does_an_ignored_signal(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_commands_work();
	assert_ptr_equal(signal(SIGCHLD, SIG_DFL), SIG_IGN);
}

static void the_handler_hears_of_another_child_that_has_ended_meanwhile(void **state)
{
	(void)state;
	signal(SIGCHLD, reap_all);
	pid_t other = fork();
	if (other == 0) {
		poll(NULL, 0, 50);
		_exit(0);
	}
	assert_true(other > 0);
	CLEANUP(cleanup_secret)
	struct chronosign_secret *pin = pin_of("|sleep 0.3; echo 2468", NULL);
	assert_non_null(pin);
	assert_int_equal(reaped, 1);
	assert_int_equal(waitpid(other, NULL, 0), -1);
}

#define FORGETFUL(test) cmocka_unit_test_teardown(test, forget_children)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORGETFUL(a_handler_that_waits_for_all_children_takes_nothing_away),
		FORGETFUL(nor_does_an_ignored_signal),
		FORGETFUL(the_handler_hears_of_another_child_that_has_ended_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
