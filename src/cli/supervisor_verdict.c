/* How the command's process has ended, by what it left on the shared page: the message and the exit status. */
#include "cli/supervisor_verdict.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* A text from the child, which may be truncated or invalid. */
static char *printable(const char *text, size_t size)
{
	char *safe = text_printable(text, strnlen(text, size), false);

	return safe == NULL ? strdup("?") : safe;
}

bool supervisor_keeps_file(const struct supervisor *supervisor)
{
	return supervisor->options->kept_file != NULL &&
	       atomic_load(&supervisor->shared->keeps_file);
}

/* What the child was doing when it ended unexpectedly. */
static void warn(const struct supervisor *supervisor)
{
	CLEANUP(cleanup_text)
	char *warning = printable(supervisor->shared->warning, sizeof supervisor->shared->warning);

	/* It belongs to an error: --quiet does not leave it out. */
	if (warning != NULL && warning[0] != '\0')
		report_note("%s", warning);
}

/* True if the signal has reached this process, too: a module cannot have made it up. */
static bool has_heard(const struct supervisor *supervisor, int signal)
{
	sigset_t pending;

	return sigismember(&supervisor->heard, signal) == 1 ||
	       (sigpending(&pending) == 0 && sigismember(&pending, signal) == 1);
}

/* Only then is it the normal end of --watch. */
static bool was_asked_to_end(const struct supervisor *supervisor)
{
	return has_heard(supervisor, SIGTERM) || has_heard(supervisor, SIGINT) ||
	       has_heard(supervisor, SIGHUP);
}

/* True if the child had done its work, and the exit status that it would have left with. */
static bool was_done(const struct supervisor *supervisor, int *status)
{
	unsigned outcome = atomic_load(&supervisor->shared->outcome);

	*status = (int)(outcome & 0xff);
	return outcome != 0;
}

/* True if the command itself has reported it. */
static bool is_told(const struct supervisor *supervisor, const char *module, const char *fact)
{
	return supervisor->tell != NULL && supervisor->tell(supervisor->shared->room, module, fact);
}

static int module_failed(const struct supervisor *supervisor, const char *what)
{
	const struct shared *shared = supervisor->shared;
	CLEANUP(cleanup_text) char *module = printable(shared->module, sizeof shared->module);
	CLEANUP(cleanup_text) char *function = printable(shared->function, sizeof shared->function);
	int status;

	if (was_done(supervisor, &status)) {
		report_warning("the PKCS#11 module '%s' %s in %s, when all was done; see its "
			       "vendor's log",
			       module, what, function);
		return status;
	}
	/* Every signer would load the same registered modules. */
	CLEANUP(cleanup_text)
	char *fact = text_format("%s in %s; see its vendor's log, or %s", what, function,
				 atomic_load(&shared->takes_any_module)
					 ? "if the key is in another module, name that one: "
					   "module-name= in the URI, or --pkcs11-module"
					 : "try --signer with another way to the token");
	if (fact != NULL && !is_told(supervisor, module, fact))
		report_error("the PKCS#11 module '%s' %s", module, fact);
	warn(supervisor);
	return EXIT_KEY;
}

/* Whatever the child's exit status is, it was not given by the command if no outcome is known: a
 * thread of a module may call _exit(2). */
static int exited(const struct supervisor *supervisor, int status)
{
	int outcome;

	if (atomic_load(&supervisor->shared->in_call))
		return module_failed(supervisor, "ended the process");
	if (was_done(supervisor, &outcome)) {
		int left_with = status == EXIT_DONE ? outcome : status;
		if (left_with != EXIT_DONE || !supervisor_keeps_file(supervisor) ||
		    was_asked_to_end(supervisor))
			return left_with;
		report_error("the process was ended by a signal that was not sent to this one");
		return EXIT_OTHER;
	}
	CLEANUP(cleanup_text)
	char *fact =
		text_format("the process ended with status %d before its work was done: a "
			    "PKCS#11 module, or a library that it uses, has ended it or closed "
			    "its descriptors; see its vendor's log",
			    status);
	if (fact != NULL && !is_told(supervisor, NULL, fact))
		report_error("%s", fact);
	warn(supervisor);
	return EXIT_OTHER;
}

bool signal_is_crash(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGILL ||
	       signal == SIGFPE || signal == SIGSYS || signal == SIGTRAP;
}

void signal_take_effect(int signal)
{
	sigset_t only;
	sigset_t before;

	sigemptyset(&only);
	sigaddset(&only, signal);
	sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	sigprocmask(SIG_BLOCK, &only, &before);
	raise(signal);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Ends as the child did, so that a shell sees an interrupt as an interrupt. */
static int end_by(int signal)
{
	signal_take_effect(signal);
	return EXIT_OTHER;
}

/* The call that the signal interrupted is known. */
static int ended_by(const struct supervisor *supervisor, int signal)
{
	const struct shared *shared = supervisor->shared;
	bool in_call = atomic_load(&shared->in_call);
	bool is_error = !has_heard(supervisor, signal);
	CLEANUP(cleanup_text) char *module = printable(shared->module, sizeof shared->module);
	CLEANUP(cleanup_text) char *function = printable(shared->function, sizeof shared->function);
	CLEANUP(cleanup_text)
	char *fact = text_format("the process was ended by a signal: %s%s%s", strsignal(signal),
				 in_call ? ", in " : "", in_call ? function : "");

	warn(supervisor);
	if (fact != NULL && !is_told(supervisor, in_call ? module : NULL, fact) && is_error)
		report_error("%s", fact);
	return is_error ? EXIT_OTHER : end_by(signal);
}

int supervisor_end_by(const struct supervisor *supervisor, int signal)
{
	return ended_by(supervisor, signal);
}

static int judge(const struct supervisor *supervisor, int status)
{
	bool in_call = atomic_load(&supervisor->shared->in_call);
	char what[64];

	if (WIFEXITED(status))
		return exited(supervisor, WEXITSTATUS(status));
	snprintf(what, sizeof what, "crashed (%s)", strsignal(WTERMSIG(status)));
	if (in_call && signal_is_crash(WTERMSIG(status)))
		return module_failed(supervisor, what);
	if (supervisor_keeps_file(supervisor) && has_heard(supervisor, WTERMSIG(status)) &&
	    (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT))
		return EXIT_DONE;
	/* Modules have been seen to crash in their destructors. */
	int outcome;
	if (signal_is_crash(WTERMSIG(status)) && was_done(supervisor, &outcome)) {
		report_warning("the process %s when all was done", what);
		return outcome;
	}
	return ended_by(supervisor, WTERMSIG(status));
}

/* waitpid(2) does not find the child: something else has waited for it. */
static int unknown_end(const struct supervisor *supervisor)
{
	int outcome;

	if (was_done(supervisor, &outcome))
		return outcome;
	report_error("cannot learn how the process has ended: %s", strerror(errno));
	return EXIT_OTHER;
}

int supervisor_verdict(const struct supervisor *supervisor, pid_t ended, int status)
{
	if (ended == 0)
		return module_failed(supervisor, "does not answer (--module-timeout)");
	return ended > 0 ? judge(supervisor, status) : unknown_end(supervisor);
}

void supervisor_tell_abort(const struct supervisor *supervisor)
{
	const struct shared *shared = supervisor->shared;
	CLEANUP(cleanup_text) char *module = printable(shared->module, sizeof shared->module);
	CLEANUP(cleanup_text) char *function = printable(shared->function, sizeof shared->function);

	if (atomic_load(&shared->in_call))
		report_error("ended by SIGABRT while the PKCS#11 module '%s' was in %s", module,
			     function);
	warn(supervisor);
}

void supervisor_tell_deaf(const struct supervisor *supervisor)
{
	const struct shared *shared = supervisor->shared;
	CLEANUP(cleanup_text) char *module = printable(shared->module, sizeof shared->module);
	CLEANUP(cleanup_text) char *function = printable(shared->function, sizeof shared->function);

	if (atomic_load(&shared->in_call))
		report_warning("the PKCS#11 module '%s' kept the process from ending, in %s: it "
			       "was killed",
			       module, function);
	else
		report_warning("the process did not end when asked to: it was killed");
}
