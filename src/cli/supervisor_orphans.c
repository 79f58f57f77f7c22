/* A PIN command that went on would ask for the PIN on a terminal that the shell has got back, and $(… 2>&1) would wait for it. */
#include "cli/supervisor_orphans.h"

#include "base/cleanup.h"
#include "cli/supervisor_page.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What ignores SIGTERM is waited for half a second in all. */
enum { TURNS = 50, PAUSE_MS = 10 };

/* Only now: what a module has left behind on purpose stays init's. */
void supervisor_adopt(const struct supervisor *supervisor)
{
	if (atomic_load(&supervisor->shared->lent))
		prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* False: there are none. Those of one that has ended become children in their turn. One that was stopped does not end
 * otherwise. */
static bool end_children(void)
{
	CLEANUP(cleanup_stream) FILE *list = fopen("/proc/thread-self/children", "re");
	bool any = false;
	int child;

	while (list != NULL && fscanf(list, "%d", &child) == 1)
		if (getpgid(child) == getpgrp()) {
			any = true;
			kill(child, SIGTERM);
			kill(child, SIGCONT);
		}
	return any;
}

void supervisor_end_orphans(const struct supervisor *supervisor)
{
	if (!atomic_load(&supervisor->shared->lent))
		return;
	for (int turn = 0; turn < TURNS && end_children(); turn++) {
		poll(NULL, 0, PAUSE_MS);
		while (waitpid(-1, NULL, WNOHANG) > 0) {
		}
	}
}
