/* Everything that ends a process ends the supervisor with its work done. SIGKILL cannot. */
#include "cli/supervisor_signals.h"

#include "cli/interrupts.h"
#include "cli/out_file.h"
#include "cli/prompt.h"
#include "cli/supervisor_page.h"
#include "cli/supervisor_verdict.h"

#include <stddef.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

/* In seconds: what faulted may hold a lock. */
enum { FAULT_SECONDS = 2 };

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};

enum { FAULTS = sizeof faults / sizeof faults[0] };

void supervisor_signals_to_hear(sigset_t *signals)
{
	/* These stop a process, let it go on, or are ignored. */
	static const int others[] = {SIGCONT, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH, SIGPIPE, SIGXFSZ};

	sigfillset(signals);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		sigdelset(signals, others[i]);
}

/* A fault that is blocked ends the process at once. */
void supervisor_signals_to_block(sigset_t *signals)
{
	supervisor_signals_to_hear(signals);
	for (int i = 0; i < FAULTS; i++)
		sigdelset(signals, faults[i]);
}

bool supervisor_signal_ends(int signal)
{
	static const int others[] = {SIGCHLD, SIGTSTP, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT};

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (signal == others[i])
			return false;
	return signal > 0;
}

/* A handler has no context. */
static const struct supervisor *guarded;
static pid_t guarded_child;

static void remove_file(void)
{
	if (supervisor_keeps_file(guarded))
		out_file_remove(guarded->options->kept_file, NULL);
}

/* Not all that is called here is safe in a handler (signal-safety(7)), but nothing is left to lose: a second fault or the
 * alarm ends the process. */
static void end_by_fault(int signal)
{
	sigset_t alarm_only;

	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
	alarm(FAULT_SECONDS);
	kill(guarded_child, SIGKILL);
	prompt_restore_echo();
	/* The child may hang in the kernel, or have written it at this moment. */
	remove_file();
	waitpid(guarded_child, NULL, 0);
	remove_file();
	signal_take_effect(signal);
}

/* What a process has sent is heard with the other signals, once it is blocked. SIGABRT is blocked until abort(3). */
static void take_fault(int signal, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	if (info->si_code > 0 || signal == SIGABRT) {
		end_by_fault(signal);
		return;
	}
	sigaddset(&interrupted->uc_sigmask, signal);
	kill(getpid(), signal);
}

void supervisor_guard(const struct supervisor *supervisor, pid_t child)
{
	const struct sigaction taking = {.sa_sigaction = take_fault,
					 .sa_flags = SA_SIGINFO | SA_RESTART};

	guarded = supervisor;
	guarded_child = child;
	for (int i = 0; i < FAULTS; i++)
		if (!interrupts_ignored(faults[i]))
			sigaction(faults[i], &taking, NULL);
	sigaction(SIGABRT, &taking, NULL);
}
