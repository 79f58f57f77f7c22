/* Writing for a reader who may have stopped reading. */
#include "cli/patient_write.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/interrupts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BRIEF_MS = 500, PAUSE_MS = 10 };

/* A message has no context, and there is one standard error. */
static bool brief;
static bool stuck;

void patient_write_be_brief(bool is_brief)
{
	brief = is_brief;
}

/* O_NONBLOCK is set for all who share an open file, so that a pipe or a terminal is opened once more.
 * -1: it cannot be, as if it is another user's, or would get a right that the descriptor lacks. */
static int open_without_waiting(int descriptor, mode_t kind)
{
	char path[sizeof "/proc/self/fd/-2147483648"];

	if ((kind != S_IFIFO && kind != S_IFCHR) ||
	    (fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* EAGAIN: there is no room. A pipe that is ready for poll(2) has room for PIPE_BUF bytes. */
static ssize_t write_piece(int descriptor, const char *text, size_t length)
{
	struct pollfd reader = {.fd = descriptor, .events = POLLOUT};
	struct stat status;
	mode_t kind = fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0;

	if (kind == S_IFSOCK)
		return send(descriptor, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (poll(&reader, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	/* In one piece where it can be: lines of several programs in one file stay whole. */
	CLEANUP(cleanup_descriptor) int own = open_without_waiting(descriptor, kind);
	bool fits = own >= 0 || kind == S_IFREG || length < PIPE_BUF;
	return write(own >= 0 ? own : descriptor, text, fits ? length : PIPE_BUF);
}

/* The pauses are short, since a signal that is held back does not end one. */
static bool may_wait(int64_t until)
{
	if (milliseconds() >= until || interrupts_pending())
		return false;
	poll(NULL, 0, PAUSE_MS);
	return true;
}

/* False with errno, which is EAGAIN if nobody read. */
static bool write_all(int descriptor, const char *text, int64_t until)
{
	for (size_t left = strlen(text); left > 0;) {
		ssize_t written = write_piece(descriptor, text, left);

		if (written < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (written < 0 && !may_wait(until)) {
			errno = EAGAIN;
			return false;
		}
		text += written < 0 ? 0 : written;
		left -= written < 0 ? 0 : (size_t)written;
	}
	return true;
}

bool patient_write(int descriptor, const char *text)
{
	int64_t until = stuck ? 0 : brief ? milliseconds() + BRIEF_MS : INT64_MAX;
	bool whole = write_all(descriptor, text, until);

	if (!whole && errno != EAGAIN)
		return true;
	stuck = !whole;
	return whole;
}

bool patient_write_whole(int descriptor, const char *text)
{
	return write_all(descriptor, text, INT64_MAX);
}
