/* Supervises the command's process, from one that no module can harm. */
#include "cli/supervisor.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/noise.h"
#include "cli/out_file.h"
#include "cli/report.h"
#include "cli/waiting.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DECIDED = 0x100 };

/* Milliseconds, at most, that a line of --verbose waits for those of modules. */
enum { NOISE_TURNS = 200 };

/* Written by the child and read by the parent, which does not trust it: texts are bounded and
 * made printable, and there are no pointers. */
struct shared {
	char module[512]; /* that the child is in */
	char function[64];
	char warning[1024];
	atomic_bool in_call;
	atomic_bool asleep; /* the parent, until the next call wakes it */
	atomic_ulong calls;
	atomic_uint outcome; /* an exit status, with DECIDED; 0: the child is working */
	atomic_bool keeps_file;
	atomic_bool reads_noise; /* the parent: it may have taken a line that it has not shown */
	atomic_bool takes_any_module;
	_Alignas(max_align_t) char room[SUPERVISOR_ROOM];
};

struct supervisor {
	struct shared *shared;
	const struct options *options;
	struct noise noise; /* in the child: closed */
	int signals;        /* those that are held back from here on */
	bool (*tell)(void *room, const char *module, const char *fact);
};

/* ---- The child ---- */

static void begin_call(void *context, const char *module, const char *function)
{
	struct shared *shared = ((struct supervisor *)context)->shared;

	snprintf(shared->module, sizeof shared->module, "%s", module);
	snprintf(shared->function, sizeof shared->function, "%s", function);
	atomic_fetch_add(&shared->calls, 1);
	atomic_store(&shared->in_call, true);
	if (atomic_exchange(&shared->asleep, false))
		kill(getppid(), SIGCHLD);
}

static void end_call(void *context, const char *module, const char *function, unsigned long result)
{
	struct supervisor *supervisor = context;

	(void)module, (void)function, (void)result;
	atomic_store(&supervisor->shared->in_call, false);
}

const struct chronosign_watch supervisor_watch = {begin_call, end_call};

void supervisor_set_warning(struct supervisor *supervisor, const char *text)
{
	snprintf(supervisor->shared->warning, sizeof supervisor->shared->warning, "%s",
		 text == NULL ? "" : text);
}

void supervisor_keep_file(struct supervisor *supervisor)
{
	atomic_store(&supervisor->shared->keeps_file, true);
}

void supervisor_take_any_module(struct supervisor *supervisor)
{
	atomic_store(&supervisor->shared->takes_any_module, true);
}

void supervisor_let_noise_pass(const struct supervisor *supervisor)
{
	int waiting = 0;

	for (int turn = 0; turn < NOISE_TURNS; turn++) {
		if (ioctl(STDERR_FILENO, FIONREAD, &waiting) != 0 ||
		    (waiting == 0 && !atomic_load(&supervisor->shared->reads_noise)))
			return;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}

void supervisor_set_outcome(struct supervisor *supervisor, int status)
{
	atomic_store(&supervisor->shared->outcome, DECIDED | ((unsigned)status & 0xff));
}

/* ---- The parent ---- */

static void watched_signals(sigset_t *signals)
{
	const int watched[] = {SIGCHLD, SIGINT,  SIGQUIT, SIGTERM, SIGHUP,
			       SIGTSTP, SIGUSR1, SIGUSR2, SIGABRT};

	sigemptyset(signals);
	for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
		sigaddset(signals, watched[i]);
}

struct supervisor *supervisor_new(const struct options *options)
{
	struct supervisor *supervisor = calloc(1, sizeof *supervisor);
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigset_t signals;

	watched_signals(&signals);
	if (supervisor == NULL || shared == MAP_FAILED) {
		report_error("cannot make a shared page: %s", strerror(errno));
		free(supervisor);
		return NULL;
	}
	*supervisor = (struct supervisor){.shared = shared,
					  .options = options,
					  .signals = signalfd(-1, &signals, SFD_CLOEXEC)};
	if (noise_open(&supervisor->noise, options->verbose) && supervisor->signals >= 0)
		return supervisor;
	if (supervisor->signals < 0)
		report_error("cannot watch for signals: %s", strerror(errno));
	supervisor_free(supervisor);
	return NULL;
}

void *supervisor_room(const struct supervisor *supervisor)
{
	return supervisor->shared->room;
}

void supervisor_let_tell(struct supervisor *supervisor,
			 bool (*tell)(void *room, const char *module, const char *fact))
{
	supervisor->tell = tell;
}

void supervisor_free(struct supervisor *supervisor)
{
	if (supervisor == NULL)
		return;
	noise_close(&supervisor->noise);
	cleanup_descriptor(&supervisor->signals);
	munmap(supervisor->shared, sizeof *supervisor->shared);
	free(supervisor);
}

/* A text from the child, which may be truncated or invalid. */
static char *printable(const char *text, size_t size)
{
	char *safe = text_printable(text, strnlen(text, size), false);

	return safe == NULL ? strdup("?") : safe;
}

static bool keeps_file(const struct supervisor *supervisor)
{
	return supervisor->options->kept_file != NULL &&
	       atomic_load(&supervisor->shared->keeps_file);
}

/* The child no longer updates it, so it would become stale. */
static void remove_file(const struct supervisor *supervisor)
{
	if (keeps_file(supervisor))
		out_file_remove(supervisor->options->kept_file, NULL);
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
	if (was_done(supervisor, &outcome))
		return status == EXIT_DONE ? outcome : status;
	CLEANUP(cleanup_text)
	char *fact = text_format("the process ended with status %d before its work was done: a "
				 "PKCS#11 module, or a library that it uses, has ended it; see its "
				 "vendor's log",
				 status);
	if (fact != NULL && !is_told(supervisor, NULL, fact))
		report_error("%s", fact);
	warn(supervisor);
	return EXIT_OTHER;
}

static bool is_crash(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGILL ||
	       signal == SIGFPE || signal == SIGSYS || signal == SIGTRAP;
}

/* Performs the signal's default action; only once if another one is pending. */
static void take_effect(int signal)
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
	take_effect(signal);
	return EXIT_OTHER;
}

/*
 * Stops after the child, which first restores the terminal: a shell continues as soon as this
 * process has stopped. A SIGSTOP sent to the child alone is ignored.
 */
static void stop_with(pid_t child, int signal)
{
	if (signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU)
		return;
	waiting_clear();
	take_effect(signal);
	kill(child, SIGCONT);
}

/* The call that the signal interrupted is known. */
static int ended_by(const struct supervisor *supervisor, int signal)
{
	const struct shared *shared = supervisor->shared;
	bool in_call = atomic_load(&shared->in_call);
	bool is_error = is_crash(signal) || signal == SIGKILL;
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

static int judge(const struct supervisor *supervisor, int status)
{
	bool in_call = atomic_load(&supervisor->shared->in_call);
	char what[64];

	if (WIFEXITED(status))
		return exited(supervisor, WEXITSTATUS(status));
	snprintf(what, sizeof what, "crashed (%s)", strsignal(WTERMSIG(status)));
	if (in_call && is_crash(WTERMSIG(status)))
		return module_failed(supervisor, what);
	if (keeps_file(supervisor) && (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT))
		return EXIT_DONE;
	/* Modules have been seen to crash in their destructors. */
	int outcome;
	if (is_crash(WTERMSIG(status)) && was_done(supervisor, &outcome)) {
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

/* True if the child has been in one call for too long. */
static bool is_hung(const struct supervisor *supervisor, struct patience *patience)
{
	const struct shared *shared = supervisor->shared;
	unsigned long call = atomic_load(&shared->calls);

	if (!atomic_load(&shared->in_call) || call != patience->call ||
	    supervisor->options->module_timeout == 0) {
		*patience = (struct patience){call, now()};
		return false;
	}
	return now() - patience->since >= (time_t)supervisor->options->module_timeout;
}

/* In the child. */
static bool begin(struct supervisor *supervisor, pid_t parent)
{
	/* A process forked by a module reports nothing. */
	madvise(supervisor->shared, sizeof *supervisor->shared, MADV_DONTFORK);
	/* No process stays behind with a login, not even if the parent was killed before this
	 * took effect. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	cleanup_descriptor(&supervisor->signals);
	supervisor->signals = -1;
	return getppid() == parent && noise_move_standard_error(&supervisor->noise);
}

pid_t supervisor_fork(struct supervisor *supervisor)
{
	sigset_t signals;
	sigset_t before;
	pid_t parent = getpid();

	/* Blocked from here on in the parent, so that supervisor_wait misses none. */
	watched_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, &before);
	pid_t child = fork();
	if (child < 0)
		report_error("cannot start a process: %s", strerror(errno));
	if (child != 0) {
		noise_close_writer(&supervisor->noise);
		return child;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!begin(supervisor, parent))
		_exit(EXIT_OTHER);
	return 0;
}

/* In milliseconds; -1: nothing is to be drawn or looked at until a call wakes us. */
static int time_to_wait(const struct supervisor *supervisor, const struct patience *patience)
{
	struct shared *shared = supervisor->shared;
	int pause = (int)waiting_draw();

	if (pause != WAITING_REST_MS || supervisor->noise.line.length > 0)
		return pause;
	atomic_store(&shared->asleep, true);
	if (!atomic_load(&shared->in_call) && atomic_load(&shared->calls) == patience->call)
		return -1;
	atomic_store(&shared->asleep, false);
	return pause;
}

/* Draws what is waited for and reads what modules print, until a signal comes or there is to draw again (0). */
static int next_signal(struct supervisor *supervisor, const struct patience *patience,
		       struct signalfd_siginfo *info)
{
	struct pollfd ready[] = {{.fd = supervisor->signals, .events = POLLIN},
				 {.fd = supervisor->noise.reader, .events = POLLIN}};

	int count = poll(ready, 2, time_to_wait(supervisor, patience));
	if (count == 0)
		noise_end_line(&supervisor->noise);
	if (count <= 0)
		return 0;
	if (ready[1].revents != 0) {
		atomic_store(&supervisor->shared->reads_noise, true);
		noise_read(&supervisor->noise);
		atomic_store(&supervisor->shared->reads_noise, false);
	}
	if (ready[0].revents == 0 || read(supervisor->signals, info, sizeof *info) <= 0)
		return 0;
	return (int)info->ssi_signo;
}

/* `ended` is the child; 0 if it was hung; -1 if waitpid(2) has failed. */
static int verdict(const struct supervisor *supervisor, pid_t ended, int status)
{
	if (ended == 0)
		return module_failed(supervisor, "does not answer (--module-timeout)");
	return ended > 0 ? judge(supervisor, status) : unknown_end(supervisor);
}

/* What modules have printed stands before the verdict with --verbose, and without behind an error that
 * it may explain: a server's is none. */
static int finish(struct supervisor *supervisor, pid_t ended, int status)
{
	int reason = errno;

	waiting_clear();
	remove_file(supervisor);
	noise_end(&supervisor->noise);
	errno = reason;
	int left_with = verdict(supervisor, ended, status);
	bool explains_warning =
		WIFSIGNALED(status) && is_crash(WTERMSIG(status)) && !supervisor->options->quiet;
	if (left_with == EXIT_KEY || left_with == EXIT_OTHER || explains_warning)
		noise_tell(&supervisor->noise);
	return left_with;
}

/* A service manager sends SIGABRT to a service that its watchdog has not heard from. */
static int give_up(struct supervisor *supervisor)
{
	const struct shared *shared = supervisor->shared;
	CLEANUP(cleanup_text) char *module = printable(shared->module, sizeof shared->module);
	CLEANUP(cleanup_text) char *function = printable(shared->function, sizeof shared->function);

	waiting_clear();
	remove_file(supervisor);
	noise_end(&supervisor->noise);
	if (atomic_load(&shared->in_call))
		report_error("ended by SIGABRT while the PKCS#11 module '%s' was in %s", module,
			     function);
	warn(supervisor);
	noise_tell(&supervisor->noise);
	return end_by(SIGABRT);
}

int supervisor_wait(struct supervisor *supervisor, pid_t child)
{
	struct patience patience = {0, 0};
	int status = 0;

	for (;;) {
		struct signalfd_siginfo info;
		int signal = next_signal(supervisor, &patience, &info);

		pid_t ended = waitpid(child, &status, WNOHANG | WUNTRACED);
		if (ended == child && WIFSTOPPED(status)) {
			stop_with(child, WSTOPSIG(status));
			patience.since = now();
			continue;
		}
		if (ended != 0)
			return finish(supervisor, ended, status);
		/* Signals from the terminal have reached the child as well; those sent to this
		 * process are passed on. */
		if (signal > 0 && signal != SIGCHLD && info.ssi_code <= 0)
			kill(child, signal);
		if (signal == SIGABRT || is_hung(supervisor, &patience)) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return signal == SIGABRT ? give_up(supervisor)
						 : finish(supervisor, 0, status);
		}
	}
}
