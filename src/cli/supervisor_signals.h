/* The signals of the supervisor: which it hears of, and what it does if it faults itself. For supervisor.c alone. */
#ifndef CLI_SUPERVISOR_SIGNALS_H
#define CLI_SUPERVISOR_SIGNALS_H

#include "cli/supervisor.h"

#include <signal.h>
#include <stdbool.h>

/* Those that it blocks, and those that it hears of: its faults besides, if a process sends them. */
void supervisor_signals_to_block(sigset_t *signals);
void supervisor_signals_to_hear(sigset_t *signals);

/* True if the signal means nothing but the end of a process, and is not one that a terminal or a service manager sends. */
bool supervisor_signal_ends(int signal);

/* In the parent: a fault of its own ends the child and removes the file, too. */
void supervisor_guard(const struct supervisor *supervisor, pid_t child);

#endif
