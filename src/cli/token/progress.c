/* The line of progress, on standard error. */
#include "cli/token/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { MILLISECONDS_A_STEP = 200 };

struct progress progress_for(bool wanted)
{
	return (struct progress){.wanted = wanted && isatty(STDERR_FILENO)};
}

void progress_show(struct progress *progress, size_t done, size_t count, size_t failed)
{
	struct timespec time;

	if (!progress->wanted)
		return;
	clock_gettime(CLOCK_MONOTONIC, &time);
	int64_t now = (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
	if (now - progress->last < MILLISECONDS_A_STEP)
		return;
	progress->last = now;
	progress->shown = true;
	dprintf(STDERR_FILENO, "\r\033[K%zu of %zu servers, %zu failed", done, count, failed);
}

void progress_clear(struct progress *progress)
{
	if (progress->shown)
		dprintf(STDERR_FILENO, "\r\033[K");
	progress->shown = false;
}
