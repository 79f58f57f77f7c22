/* Watching over the command's process, from one that no module can harm. */
#include "cli/supervisor.h"

#include "cli/command.h"
#include "cli/out_file.h"
#include "cli/report.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DECIDED = 0x100 };

/* Shared between both; written by the child, of which nothing is trusted but these texts, bounded
 * and made printable, and its outcome once its work is done. */
struct supervisor {
	/* What the child does in a module. */
	char module[512];
	char function[64];
	atomic_bool in_call;
	atomic_ulong calls;
	char warning[1024];
	atomic_uint module_timeout; /* seconds; 0: the child has not said */
	atomic_uint outcome;        /* an exit status, with DECIDED; 0: the child is at work */
	atomic_bool keeps_file;
	const struct out_file *file; /* of --watch; set by the parent */
};

static void begin_call(void *context, const char *module, const char *function)
{
	struct supervisor *supervisor = context;

	snprintf(supervisor->module, sizeof supervisor->module, "%s", module);
	snprintf(supervisor->function, sizeof supervisor->function, "%s", function);
	atomic_fetch_add(&supervisor->calls, 1);
	atomic_store(&supervisor->in_call, true);
}

static void end_call(void *context, const char *module, const char *function, unsigned long result)
{
	struct supervisor *supervisor = context;

	(void)module, (void)function, (void)result;
	atomic_store(&supervisor->in_call, false);
}

const chronosign_watch supervisor_watch = {begin_call, end_call};

struct supervisor *supervisor_new(void)
{
	struct supervisor *supervisor = mmap(NULL, sizeof *supervisor, PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (supervisor != MAP_FAILED)
		return supervisor;
	report_error("cannot make a shared page: %s", strerror(errno));
	return NULL;
}

void supervisor_set_module_timeout(struct supervisor *supervisor, unsigned seconds)
{
	atomic_store(&supervisor->module_timeout, seconds);
}

void supervisor_set_warning(struct supervisor *supervisor, const char *text)
{
	snprintf(supervisor->warning, sizeof supervisor->warning, "%s", text == NULL ? "" : text);
}

void supervisor_set_file(struct supervisor *supervisor, const struct out_file *file)
{
	supervisor->file = file;
}

void supervisor_keep_file(struct supervisor *supervisor)
{
	atomic_store(&supervisor->keeps_file, true);
}

void supervisor_set_outcome(struct supervisor *supervisor, int status)
{
	atomic_store(&supervisor->outcome, DECIDED | ((unsigned)status & 0xff));
}

/* ---- The parent ---- */

/* The child keeps it no longer, so it would go stale. */
static void remove_file(const struct supervisor *supervisor)
{
	if (supervisor->file != NULL && atomic_load(&supervisor->keeps_file))
		out_file_remove(supervisor->file, NULL);
}

/* What the child was about when it ended against its will. */
static void warn(struct supervisor *supervisor)
{
	supervisor->warning[sizeof supervisor->warning - 1] = '\0';
	if (supervisor->warning[0] != '\0')
		report_warning("%s", supervisor->warning);
}

/* True if the child had done its work, and the exit status that it would have left with. */
static bool was_done(const struct supervisor *supervisor, int *status)
{
	unsigned outcome = atomic_load(&supervisor->outcome);

	*status = (int)(outcome & 0xff);
	return outcome != 0;
}

static int module_failed(struct supervisor *supervisor, const char *what)
{
	int status;

	/* The child may have died while it wrote them. */
	supervisor->module[sizeof supervisor->module - 1] = '\0';
	supervisor->function[sizeof supervisor->function - 1] = '\0';
	if (was_done(supervisor, &status)) {
		report_warning("the PKCS#11 module '%s' %s in %s, when all was done; see its "
			       "vendor's log",
			       supervisor->module, what, supervisor->function);
		return status;
	}
	report_error("the PKCS#11 module '%s' %s in %s; see its vendor's log, or try --signer with "
		     "another way to the token",
		     supervisor->module, what, supervisor->function);
	warn(supervisor);
	return EXIT_KEY;
}

static bool is_crash(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGILL ||
	       signal == SIGFPE || signal == SIGSYS || signal == SIGTRAP;
}

/* Ends as the child did, so that a shell sees an interrupt as an interrupt. */
static int end_by(int signal)
{
	sigset_t only;

	sigemptyset(&only);
	sigaddset(&only, signal);
	sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	raise(signal);
	return EXIT_OTHER;
}

static int judge(struct supervisor *supervisor, int status)
{
	bool in_call = atomic_load(&supervisor->in_call);
	char what[64];

	if (WIFEXITED(status))
		return in_call ? module_failed(supervisor, "ended the process")
			       : WEXITSTATUS(status);
	snprintf(what, sizeof what, "crashed (%s)", strsignal(WTERMSIG(status)));
	if (in_call && is_crash(WTERMSIG(status)))
		return module_failed(supervisor, what);
	/* Modules have been seen to crash in destructors of their own. */
	int outcome;
	if (is_crash(WTERMSIG(status)) && was_done(supervisor, &outcome)) {
		report_warning("the process %s when all was done", what);
		return outcome;
	}
	warn(supervisor);
	if (is_crash(WTERMSIG(status)) || WTERMSIG(status) == SIGKILL) {
		report_error("the process was ended by a signal: %s", strsignal(WTERMSIG(status)));
		return EXIT_OTHER;
	}
	return end_by(WTERMSIG(status));
}

/* Since when the call that is under way has lasted, as seen by looks a second apart. */
struct patience {
	unsigned long call;
	time_t since;
};

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* True of a child that has been in one call for too long. */
static bool is_hung(const struct supervisor *supervisor, struct patience *patience)
{
	unsigned timeout = atomic_load(&supervisor->module_timeout);
	unsigned long call = atomic_load(&supervisor->calls);

	if (!atomic_load(&supervisor->in_call) || call != patience->call || timeout == 0) {
		*patience = (struct patience){call, now()};
		return false;
	}
	return now() - patience->since >= (time_t)timeout;
}

static void watched_signals(sigset_t *signals)
{
	const int watched[] = {SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

	sigemptyset(signals);
	for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
		sigaddset(signals, watched[i]);
}

pid_t supervisor_fork(void)
{
	sigset_t signals;
	sigset_t before;
	pid_t parent = getpid();

	/* Held back from here on in the parent, so that supervisor_wait misses none. */
	watched_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, &before);
	pid_t child = fork();
	if (child < 0)
		report_error("cannot start a process: %s", strerror(errno));
	if (child != 0)
		return child;
	sigprocmask(SIG_SETMASK, &before, NULL);
	/* Nobody is left behind with a login: not even if the parent was killed before this took
	 * effect. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_OTHER);
	return 0;
}

int supervisor_wait(struct supervisor *supervisor, pid_t child)
{
	struct patience patience = {0, 0};
	sigset_t signals;
	int status = 0;

	watched_signals(&signals);
	for (;;) {
		siginfo_t info = {0};
		int signal = sigtimedwait(&signals, &info, &(struct timespec){.tv_sec = 1});

		if (waitpid(child, &status, WNOHANG) == child) {
			remove_file(supervisor);
			return judge(supervisor, status);
		}
		/* What the terminal sends, the child has got too; what a process sent us is meant
		 * for it. */
		if (signal > 0 && signal != SIGCHLD && info.si_code <= 0)
			kill(child, signal);
		if (is_hung(supervisor, &patience)) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			remove_file(supervisor);
			return module_failed(supervisor, "does not answer (--module-timeout)");
		}
	}
}
