/* Forks the command's process and waits for it, in one that no module can harm. */
#include "cli/supervisor.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/interrupts.h"
#include "cli/out_file.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/report.h"
#include "cli/supervisor_orphans.h"
#include "cli/supervisor_page.h"
#include "cli/supervisor_signals.h"
#include "cli/supervisor_verdict.h"
#include "cli/token/notify.h"
#include "cli/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct supervisor *supervisor_new(const struct options *options)
{
	struct supervisor *supervisor = calloc(1, sizeof *supervisor);
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigset_t signals;

	supervisor_signals_to_hear(&signals);
	if (supervisor == NULL || shared == MAP_FAILED) {
		report_error("cannot make a shared page: %s", strerror(errno));
		free(supervisor);
		return NULL;
	}
	atomic_init(&shared->file_ends, FILE_IS_CHILDS);
	if (options->kept_file != NULL)
		options->kept_file->record = &shared->file;
	*supervisor = (struct supervisor){.shared = shared,
					  .options = options,
					  .alarm = options->kept_file == NULL ? -1 : alarm_new(),
					  .signals = signalfd(-1, &signals, SFD_CLOEXEC),
					  .folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)};
	sigemptyset(&supervisor->heard);
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
	cleanup_descriptor(&supervisor->alarm);
	cleanup_descriptor(&supervisor->signals);
	cleanup_descriptor(&supervisor->folder);
	munmap(supervisor->shared, sizeof *supervisor->shared);
	free(supervisor);
}

/* The child no longer updates it, so it would become stale. False, and told once, if it stays. */
static bool remove_file(struct supervisor *supervisor)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	if (!supervisor_keeps_file(supervisor) ||
	    out_file_remove(supervisor->options->kept_file, &error))
		return true;
	if (!supervisor->file_stays)
		report_error(
			"%s\nIt holds tokens that may still be valid, and is not kept any longer: "
			"remove it.",
			chronosign_error_message(error));
	supervisor->file_stays = true;
	return false;
}

/* The child removes it in time, unless something keeps it waiting. */
enum { FILE_GRACE_MS = 1000 };

/* In milliseconds(); INT64_MAX: there is nothing to be removed. */
static int64_t time_of_removal(int64_t ends)
{
	if (ends < 0 && ends > FILE_IS_GONE)
		ends = -ends;
	return ends > FILE_IS_GONE && ends < INT64_MAX - FILE_GRACE_MS ? ends + FILE_GRACE_MS
								       : INT64_MAX;
}

/* The child that writes the file meanwhile waits until it is removed; one that writes it already, and hangs, learns
 * that it has to be written again. */
static void remove_ended_file(const struct supervisor *supervisor)
{
	int64_t ends = atomic_load(&supervisor->shared->file_ends);

	if (milliseconds() < time_of_removal(ends) ||
	    !atomic_compare_exchange_strong(&supervisor->shared->file_ends, &ends, FILE_IS_PARENTS))
		return;
	if (supervisor_keeps_file(supervisor))
		out_file_remove_ended(supervisor->options->kept_file);
	atomic_store(&supervisor->shared->file_ends, FILE_IS_GONE);
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
	signal_take_effect(signal);
	kill(child, SIGCONT);
}

/* Since when the call that is under way has lasted, as seen by looks a second apart. */
struct patience {
	unsigned long call;
	time_t since;
};

static time_t now(void)
{
	return (time_t)(milliseconds_awake() / 1000);
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

/* In seconds, for a child that was asked to end: a module may ignore the signal, or take the descriptors away. */
enum { GRACE = 3 };

/* True if the child was asked to end, and does not. One that changes something ends when it has taken that back. */
static bool is_deaf(struct supervisor *supervisor)
{
	if (supervisor->shared->warning[0] != '\0')
		supervisor->asked_at = now();
	return supervisor->asked != 0 && now() - supervisor->asked_at >= GRACE;
}

/* In the child. */
static bool begin(struct supervisor *supervisor, pid_t parent)
{
	/* A process forked by a module reports nothing. */
	madvise(supervisor->shared, sizeof *supervisor->shared, MADV_DONTFORK);
	/* No process stays behind with a login, not even if the parent was killed before this
	 * took effect. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	cleanup_descriptor(&supervisor->alarm);
	cleanup_descriptor(&supervisor->signals);
	supervisor->alarm = -1;
	supervisor->signals = -1;
	return getppid() == parent && noise_move_standard_error(&supervisor->noise);
}

pid_t supervisor_fork(struct supervisor *supervisor)
{
	sigset_t signals;
	sigset_t before;
	pid_t parent = getpid();

	/* Blocked from here on in the parent, so that supervisor_wait misses none. */
	supervisor_signals_to_block(&signals);
	sigprocmask(SIG_BLOCK, &signals, &before);
	pid_t child = fork();
	if (child < 0)
		report_error("cannot start a process: %s", strerror(errno));
	if (child != 0) {
		supervisor_guard(supervisor, child);
		noise_close_writer(&supervisor->noise);
		return child;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!begin(supervisor, parent))
		_exit(EXIT_OTHER);
	return 0;
}

/* In milliseconds, until the file's tokens have ended; -1: it is not known when, or there is none. */
static int time_to_remove(const struct supervisor *supervisor)
{
	int64_t then = time_of_removal(atomic_load(&supervisor->shared->file_ends));
	int64_t left = then - milliseconds();

	alarm_set(supervisor->alarm, then);
	if (then == INT64_MAX)
		return -1;
	return left < 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}

/* In milliseconds; -1: nothing is to be drawn or looked at until a call, or a new file, wakes us. */
static int time_to_wait(const struct supervisor *supervisor, const struct patience *patience)
{
	struct shared *shared = supervisor->shared;
	int pause = (int)waiting_draw();

	if (pause != WAITING_REST_MS || supervisor->noise.line.length > 0 || supervisor->asked != 0)
		return pause;
	atomic_store(&shared->asleep, true);
	if (!atomic_load(&shared->in_call) && atomic_load(&shared->calls) == patience->call)
		return time_to_remove(supervisor);
	atomic_store(&shared->asleep, false);
	return pause;
}

/* Draws what is waited for and reads what modules print, until a signal comes or there is to draw again (0). */
static int next_signal(struct supervisor *supervisor, const struct patience *patience,
		       struct signalfd_siginfo *info)
{
	struct pollfd ready[] = {{.fd = supervisor->signals, .events = POLLIN},
				 {.fd = supervisor->noise.reader, .events = POLLIN},
				 {.fd = supervisor->alarm, .events = POLLIN}};

	int count = poll(ready, 3, time_to_wait(supervisor, patience));
	if (ready[2].revents != 0)
		alarm_set(supervisor->alarm, INT64_MAX);
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

/* The child cannot, when a signal ends it. */
static void tell_stopping(struct supervisor *supervisor)
{
	if (!supervisor_keeps_file(supervisor) || supervisor->stopping)
		return;
	supervisor->stopping = true;
	notify("STOPPING=1");
}

/* What the command's process may have left. False: the file stays. */
static bool clean_up(struct supervisor *supervisor)
{
	tell_stopping(supervisor);
	supervisor_end_orphans(supervisor);
	waiting_clear();
	prompt_restore_echo();
	output_drop();
	bool file_is_gone = remove_file(supervisor);
	noise_end(&supervisor->noise);
	return file_is_gone;
}

/* What modules have printed stands before the verdict with --verbose, and without behind an error that
 * it may explain: a server's is none. */
static int finish(struct supervisor *supervisor, pid_t ended, int status)
{
	int reason = errno;

	bool file_is_gone = clean_up(supervisor);
	errno = reason;
	int left_with = supervisor_signal_ends(supervisor->asked)
				? supervisor_end_by(supervisor, supervisor->asked)
				: supervisor_verdict(supervisor, ended, status);
	bool explains_warning = WIFSIGNALED(status) && signal_is_crash(WTERMSIG(status)) &&
				!supervisor->options->quiet;
	if (left_with == EXIT_KEY || left_with == EXIT_OTHER || explains_warning)
		noise_tell(&supervisor->noise);
	return left_with == EXIT_DONE && !file_is_gone ? EXIT_OTHER : left_with;
}

/* A service manager sends SIGABRT to a service that its watchdog has not heard from. */
static int give_up(struct supervisor *supervisor, pid_t child)
{
	supervisor_adopt(supervisor);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	clean_up(supervisor);
	supervisor_tell_abort(supervisor);
	noise_tell(&supervisor->noise);
	signal_take_effect(SIGABRT);
	return EXIT_OTHER;
}

/* It ends as by the signal that it was asked to end by. */
static int end_deaf(struct supervisor *supervisor, pid_t child)
{
	kill(child, SIGKILL);
	/* It may hang in the kernel. */
	remove_file(supervisor);
	waitpid(child, NULL, 0);
	waiting_clear();
	supervisor_tell_deaf(supervisor);
	return finish(supervisor, child, supervisor->asked);
}

/* An ignored signal asks for nothing, and SIGHUP has --watch read the key again. */
static void note_end(struct supervisor *supervisor, int signal)
{
	if ((signal != SIGTERM && signal != SIGINT && signal != SIGQUIT &&
	     !supervisor_signal_ends(signal)) ||
	    supervisor->asked != 0 || interrupts_ignored(signal))
		return;
	supervisor->asked = signal;
	supervisor->asked_at = now();
	tell_stopping(supervisor);
}

/* Signals from the terminal have reached the child as well; those sent to this process are passed on. Of those that only
 * end a process a module may make something else, or they look like its crash: the child gets SIGTERM. One that was
 * stopped on its own would not hear that it is to end. */
static void pass_on(struct supervisor *supervisor, pid_t child, const struct signalfd_siginfo *info)
{
	int signal = (int)info->ssi_signo;
	bool ends = supervisor_signal_ends(signal);

	if (ends && interrupts_ignored(signal))
		return;
	sigaddset(&supervisor->heard, signal);
	note_end(supervisor, signal);
	if (ends)
		signal = SIGTERM;
	if (supervisor->asked != 0 || (signal == SIGHUP && !supervisor->options->watch))
		supervisor_adopt(supervisor);
	if (info->ssi_code <= 0 || ends)
		kill(child, signal);
	if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT)
		kill(child, SIGCONT);
}

int supervisor_wait(struct supervisor *supervisor, pid_t child)
{
	struct patience patience = {0, 0};
	int status = 0;

	for (;;) {
		struct signalfd_siginfo info;
		int signal = next_signal(supervisor, &patience, &info);

		/* Not passed on: a child that it ends at once would be taken for one that crashed. */
		if (signal == SIGABRT)
			return give_up(supervisor, child);
		if (signal > 0 && signal != SIGCHLD)
			pass_on(supervisor, child, &info);
		remove_ended_file(supervisor);
		pid_t ended = waitpid(child, &status, WNOHANG | WUNTRACED);
		if (ended == child && WIFSTOPPED(status)) {
			stop_with(child, WSTOPSIG(status));
			patience.since = now();
			continue;
		}
		if (ended != 0)
			return finish(supervisor, ended, status);
		if (is_deaf(supervisor))
			return end_deaf(supervisor, child);
		if (is_hung(supervisor, &patience)) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return finish(supervisor, 0, status);
		}
	}
}
