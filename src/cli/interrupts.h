/* What signals do: as the command begins, and while something must be finished or taken back. */
#ifndef CLI_INTERRUPTS_H
#define CLI_INTERRUPTS_H

#include <chronosign/error.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

/*
 * Makes the process independent of what its parent did with signals: none is blocked, children are
 * waited for, SIGTERM ends it; failed writes are reported as errors. SIGINT, SIGQUIT and SIGHUP
 * stay ignored if they are (nohup, a shell's background job).
 */
void interrupts_begin(void);

/* True if the parent wants this signal ignored, when a terminal sends it. */
bool interrupts_ignored(int signal);

/*
 * As sigprocmask(2), for a process that may have threads of a module: these have masks of their own, and pass what
 * they get on to ours, where it waits. `*changed`: those that did not wait already.
 */
void interrupts_block(const sigset_t *signals, sigset_t *changed);
void interrupts_unblock(const sigset_t *signals);

/* Where a signal came from (sigaction(2), si_code), passed on or not. */
int interrupts_code(const struct signalfd_siginfo *info);

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT. */
void interrupts_hold(void);

/* True if one of them is blocked, not ignored, and has come. */
bool interrupts_pending(void);

/* The same, and then *error says so. */
bool interrupts_wait(struct chronosign_error **error);

/* Unblocks them; pending ones take effect. */
void interrupts_release(void);

#endif
