/* What the command's process tells its supervisor by the shared page. */
#include "cli/command.h"
#include "cli/report.h"
#include "cli/supervisor_page.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Milliseconds, at most, that a line of --verbose waits for those of modules. */
enum { NOISE_TURNS = 200 };

static void wake(struct shared *shared)
{
	if (atomic_exchange(&shared->asleep, false))
		kill(getppid(), SIGCHLD);
}

static void pause_a_little(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void begin_call(void *context, const char *module, const char *function)
{
	struct shared *shared = ((struct supervisor *)context)->shared;

	snprintf(shared->module, sizeof shared->module, "%s", module);
	snprintf(shared->function, sizeof shared->function, "%s", function);
	atomic_fetch_add(&shared->calls, 1);
	atomic_store(&shared->in_call, true);
	wake(shared);
}

static void end_call(void *context, const char *module, const char *function, unsigned long result)
{
	struct supervisor *supervisor = context;

	(void)module, (void)function, (void)result;
	atomic_store(&supervisor->shared->in_call, false);
	/* A module may have called chdir(2), and the user's paths are relative to this one. If it
	 * is gone, so are they. */
	if (fchdir(supervisor->folder) != 0)
		return;
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

/* The parent may be removing it at this moment, and would remove a new one. */
static int64_t wait_for_parent(const atomic_int_least64_t *ends)
{
	int64_t seen;

	while ((seen = atomic_load(ends)) == FILE_IS_PARENTS)
		pause_a_little();
	return seen;
}

bool supervisor_begin_file(struct supervisor *supervisor)
{
	atomic_int_least64_t *ends = &supervisor->shared->file_ends;
	int64_t seen;

	do {
		seen = wait_for_parent(ends);
		supervisor->claim =
			seen == FILE_IS_GONE || seen == FILE_IS_CHILDS ? FILE_IS_CHILDS : -seen;
	} while (!atomic_compare_exchange_strong(ends, &seen, supervisor->claim));
	return seen != FILE_IS_GONE;
}

bool supervisor_end_file(struct supervisor *supervisor, int64_t ends)
{
	int64_t seen = supervisor->claim;
	bool undisturbed =
		atomic_compare_exchange_strong(&supervisor->shared->file_ends, &seen, ends);

	if (!undisturbed) {
		wait_for_parent(&supervisor->shared->file_ends);
		atomic_store(&supervisor->shared->file_ends, ends);
	}
	wake(supervisor->shared);
	return undisturbed;
}

void supervisor_set_lent(struct supervisor *supervisor, bool lent)
{
	atomic_store(&supervisor->shared->lent, lent);
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
		pause_a_little();
	}
}

void supervisor_set_outcome(struct supervisor *supervisor, int status)
{
	/* Nobody has heard why: the supervisor tells that the process has ended. */
	if (status != EXIT_DONE && !report_is_open())
		return;
	atomic_store(&supervisor->shared->outcome, OUTCOME_DECIDED | ((unsigned)status & 0xff));
}
