/* Signals: dispositions at the start, and the mask of the one thread. */
#include "cli/interrupts.h"

#include <signal.h>
#include <stddef.h>

static const int interrupts[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

enum { INTERRUPTS = sizeof interrupts / sizeof interrupts[0] };

static void change_mask(int how)
{
	sigset_t signals;

	sigemptyset(&signals);
	for (int i = 0; i < INTERRUPTS; i++)
		sigaddset(&signals, interrupts[i]);
	sigprocmask(how, &signals, NULL);
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

void interrupts_hold(void)
{
	change_mask(SIG_BLOCK);
}

bool interrupts_wait(struct chronosign_error **error)
{
	sigset_t pending;

	sigpending(&pending);
	for (int i = 0; i < INTERRUPTS; i++)
		if (sigismember(&pending, interrupts[i]) == 1) {
			chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
					     "interrupted; what was made is taken back");
			return true;
		}
	return false;
}

void interrupts_release(void)
{
	change_mask(SIG_UNBLOCK);
}
