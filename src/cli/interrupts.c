/* Signals: dispositions at the start, and the mask of our one thread. */
#include "cli/interrupts.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int interrupts[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

enum { INTERRUPTS = sizeof interrupts / sizeof interrupts[0] };

static sigset_t interrupting_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	for (int i = 0; i < INTERRUPTS; i++)
		sigaddset(&signals, interrupts[i]);
	return signals;
}

void interrupts_begin(void)
{
	sigset_t none;

	/* waitpid(2) would answer ECHILD. */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	/* A limit on the size of files. */
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

bool interrupts_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/*
 * In a thread that a module has made, on that thread's stack for signals. The code goes as a value, since a thread may
 * send the kernel's own codes to itself alone (rt_tgsigqueueinfo(2)).
 */
static void pass_on(int signal, siginfo_t *info, void *context)
{
	int before = errno;
	siginfo_t passed = {.si_signo = signal, .si_code = SI_QUEUE};

	(void)context;
	passed.si_pid = getpid();
	passed.si_value.sival_int = info->si_code;
	syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), signal, &passed);
	errno = before;
}

static void set_passing(const sigset_t *signals, bool on)
{
	const struct sigaction passing = {.sa_sigaction = pass_on,
					  .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
	const struct sigaction usual = {.sa_handler = SIG_DFL};

	for (int signal = 1; signal < NSIG; signal++)
		if (sigismember(signals, signal) == 1 && !interrupts_ignored(signal))
			sigaction(signal, on ? &passing : &usual, NULL);
}

/* Our own thread never runs the handler, which would call it again for ever. */
void interrupts_block(const sigset_t *signals, sigset_t *changed)
{
	sigset_t before;

	sigprocmask(SIG_BLOCK, signals, &before);
	sigemptyset(changed);
	for (int signal = 1; signal < NSIG; signal++)
		if (sigismember(signals, signal) == 1 && sigismember(&before, signal) == 0)
			sigaddset(changed, signal);
	set_passing(signals, true);
}

void interrupts_unblock(const sigset_t *signals)
{
	set_passing(signals, false);
	sigprocmask(SIG_UNBLOCK, signals, NULL);
}

int interrupts_code(const struct signalfd_siginfo *info)
{
	bool passed = info->ssi_code == SI_QUEUE && info->ssi_pid == (uint32_t)getpid();

	return passed ? info->ssi_int : info->ssi_code;
}

void interrupts_hold(void)
{
	const sigset_t signals = interrupting_signals();
	sigset_t changed;

	interrupts_block(&signals, &changed);
}

/* An ignored signal waits, too, while it is blocked. */
bool interrupts_pending(void)
{
	sigset_t pending;

	sigpending(&pending);
	for (int i = 0; i < INTERRUPTS; i++)
		if (sigismember(&pending, interrupts[i]) == 1 && !interrupts_ignored(interrupts[i]))
			return true;
	return false;
}

bool interrupts_wait(struct chronosign_error **error)
{
	if (!interrupts_pending())
		return false;
	chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
			     "interrupted; what was made is taken back");
	return true;
}

void interrupts_release(void)
{
	const sigset_t signals = interrupting_signals();

	interrupts_unblock(&signals);
}
