/* The spinner: a process with a pipe, and one line of standard error. */
#include "cli/spinner.h"

#include "base/coverage.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MILLISECONDS_A_STEP = 200 };

/* Shows what comes by the pipe, until it ends. */
static void spin(int pipe)
{
	char text[128];
	ssize_t length = read(pipe, text, sizeof text - 1);
	time_t start = time(NULL);
	struct pollfd end = {.fd = pipe, .events = POLLIN};

	if (length <= 0)
		return;
	text[length] = '\0';
	for (unsigned step = 0; poll(&end, 1, MILLISECONDS_A_STEP) == 0; step++)
		dprintf(STDERR_FILENO, "\r%c %s (%ld s)", "|/-\\"[step % 4], text,
			(long)(time(NULL) - start));
}

struct spinner spinner_start(void)
{
	struct spinner spinner = {-1, -1};
	int ends[2];

	if (!isatty(STDERR_FILENO) || pipe2(ends, O_CLOEXEC) != 0)
		return spinner;
	spinner.process = fork();
	if (spinner.process == 0) {
		close(ends[1]); /* or its own end would keep the pipe open */
		spin(ends[0]);
		coverage_write();
		_exit(0);
	}
	close(ends[0]);
	spinner.control = ends[1];
	return spinner;
}

void spinner_show(const struct spinner *spinner, const char *text)
{
	if (spinner->process > 0 && write(spinner->control, text, strlen(text)) < 0)
		return; /* It is gone; nothing depends on it. */
}

void spinner_end(struct spinner *spinner)
{
	if (spinner->control >= 0)
		close(spinner->control);
	if (spinner->process > 0) {
		waitpid(spinner->process, NULL, 0);
		dprintf(STDERR_FILENO, "\r\033[K");
	}
	*spinner = (struct spinner){-1, -1};
}
