/* What the supervisor says of a child that has ended, and with which status it leaves itself. */
#ifndef CLI_SUPERVISOR_VERDICT_H
#define CLI_SUPERVISOR_VERDICT_H

#include "cli/supervisor_page.h"

#include <stdbool.h>
#include <sys/types.h>

/* Reports what has to be reported, and returns the exit status. `ended` is the child, with its status; 0 if it was hung;
 * -1 if waitpid(2) has failed, with errno. A signal that ended the child from outside ends this process as well. */
int supervisor_verdict(const struct supervisor *supervisor, pid_t ended, int status);

/* The same for a child that this signal was to end, however it has ended: the signal ends this process. */
int supervisor_end_by(const struct supervisor *supervisor, int signal);

/* Which module was in the way when SIGABRT came. */
void supervisor_tell_abort(const struct supervisor *supervisor);

/* That the child had to be killed, because it did not end by a signal. */
void supervisor_tell_deaf(const struct supervisor *supervisor);

/* True if --out-file is ours: the child has said so. */
bool supervisor_keeps_file(const struct supervisor *supervisor);

bool signal_is_crash(int signal);

/* Performs the signal's default action; only once if another one is pending. */
void signal_take_effect(int signal);

#endif
