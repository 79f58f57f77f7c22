/* Where the result goes, separate from what is printed on descriptor 1. */
#include "cli/output.h"

#include "cli/command.h"
#include "cli/report.h"
#include "cli/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

void output_fill_standard_descriptors(void)
{
	/* open(2) takes the lowest number that is free. */
	for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++)
		if (fcntl(number, F_GETFD) < 0)
			open("/dev/null", number == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

/* A handler of pthread_atfork(3) has no context. */
static int result = -1;

static void close_result(void)
{
	if (result >= 0)
		close(result);
}

int output_set_aside(void)
{
	int descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (descriptor < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		report_error("cannot move standard output aside: %s", strerror(errno));
		return -1;
	}
	/* Output of libraries by stdio comes line by line, not in the middle of a message. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* A process forked by a module may live on, and $(chronoctl …) would wait for it. */
	result = descriptor;
	pthread_atfork(NULL, NULL, close_result);
	return descriptor;
}

int output_flush(void)
{
	/* Anything beyond the buffer's size has been written, or has failed, before. */
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return EXIT_DONE;
	report_error("cannot write to standard output: %s", strerror(errno));
	return EXIT_OTHER;
}

static bool write_line(int descriptor, const char *text)
{
	struct iovec pieces[] = {{(char *)text, strlen(text)}, {(char *)"\n", 1}};

	for (int piece = 0; piece < 2;) {
		ssize_t written = writev(descriptor, pieces + piece, 2 - piece);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		for (; piece < 2 && (size_t)written >= pieces[piece].iov_len; piece++)
			written -= (ssize_t)pieces[piece].iov_len;
		if (piece < 2) {
			pieces[piece].iov_base = (char *)pieces[piece].iov_base + written;
			pieces[piece].iov_len -= (size_t)written;
		}
	}
	return true;
}

bool output_write_line(int descriptor, const char *text)
{
	waiting_step_aside();
	bool written = write_line(descriptor, text);
	int reason = errno;
	waiting_step_back();
	if (!written)
		report_error("cannot write the result: %s", strerror(reason));
	return written;
}
