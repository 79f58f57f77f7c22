/* Takes from a forked child what it got from its parent and does not need. */
#ifndef NETWORK_PROGRAM_ISOLATE_H
#define NETWORK_PROGRAM_ISOLATE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * For the child, right after the fork, with all signals blocked: ties its life to the parent's,
 * gives up dumps, privileges, the terminal, signal handlers, descriptors but standard error and
 * `*pipe` (which gets another number), and every environment variable but those for proxies,
 * certificates and name resolution, which are overwritten where they stand. What is left on the
 * stack of earlier calls is overwritten, too. False if the parent is gone or a step failed.
 */
bool isolate(pid_t parent, int *pipe);

#endif
