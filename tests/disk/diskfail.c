/*
 * A disk that fails on demand: stands in front of the C library's open, fchown, fchmod, write, fsync, linkat,
 * close and renameat2, by LD_PRELOAD, for files that are made with O_EXCL or without a name, and for directories.
 *
 *     DISK_FAIL=fsync:2   the second fsync answers EIO; a write that fails has written half
 *     DISK_LOG=FILE       a line a call: the function's name
 *     DISK_NAMES=FILE     a line a renameat2: the name that was
 *     DISK_WITHOUT_TMPFILE=1   no file without a name
 *     DISK_WITHOUT_MODES=1     fchmod answers EPERM, and a new file is open to all
 *     DISK_WITHOUT_FLAGS=1     no flags of renameat2
 *     DISK_ABORT=1             fsync ends the parent by SIGABRT, and does not return
 *     DISK_SLOW=fsync:FILE     fsync, or the renameat2 of a successor, returns when FILE is gone
 *     DISK_READ_ONLY=FILE      while FILE is there, renameat2 and unlinkat answer EROFS
 *     DISK_FAULT=FILE          waitpid faults once, if FILE is there; it takes FILE away
 *     DISK_MOVE=FILE DISK_MOVE_TO=NAME   the first fsync moves FILE there; with DISK_LATE=1 the first call
 *                         that would take NAME away
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024 };

static bool watched[DESCRIPTORS];

static bool is_watched(int descriptor)
{
	return descriptor >= 0 && descriptor < DESCRIPTORS && watched[descriptor];
}

static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (function == NULL)
		abort();
	return function;
}

static int next_open(const char *path, int flags, mode_t mode)
{
	int (*function)(const char *, int, ...) = (int (*)(const char *, int, ...))next("open");

	return function(path, flags, mode);
}

static void note(const char *variable, const char *name)
{
	const char *path = getenv(variable);
	ssize_t (*function)(int, const void *, size_t) =
		(ssize_t(*)(int, const void *, size_t))next("write");
	int (*close_it)(int) = (int (*)(int))next("close");
	char line[256];

	if (path == NULL)
		return;
	int log = next_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int length = snprintf(line, sizeof line, "%s\n", name);
	if (log < 0 || function(log, line, (size_t)length) != length)
		abort();
	close_it(log);
}

/* Counts the call, and tells whether it is the one that is to fail. */
static bool is_to_fail(const char *name, unsigned *calls)
{
	const char *wish = getenv("DISK_FAIL");
	size_t length = strlen(name);

	note("DISK_LOG", name);
	(*calls)++;
	if (wish == NULL || strncmp(wish, name, length) != 0 || wish[length] != ':' ||
	    strtoul(wish + length + 1, NULL, 10) != *calls)
		return false;
	errno = EIO;
	return true;
}

static int open_watched(const char *path, int flags, mode_t mode)
{
	static unsigned calls;
	/* A folder that is opened as a place (O_PATH) cannot be synced. */
	bool ours = (flags & O_EXCL) != 0 ||
		    ((flags & O_DIRECTORY) == O_DIRECTORY && (flags & O_PATH) == 0);

	if (ours && is_to_fail("open", &calls))
		return -1;
	int descriptor = next_open(path, flags, mode);
	if (ours && descriptor >= 0 && descriptor < DESCRIPTORS)
		watched[descriptor] = true;
	return descriptor;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return open_watched(path, flags, mode);
}

/* What open(2) without a mode is by <bits/fcntl2.h>, for clang since glibc 2.40. */
int __open_2(const char *path, int flags);

int __open_2(const char *path, int flags)
{
	return open_watched(path, flags, 0);
}

int openat(int folder, const char *path, int flags, ...)
{
	static unsigned calls;
	int (*function)(int, const char *, int, ...) =
		(int (*)(int, const char *, int, ...))next("openat");
	va_list arguments;

	va_start(arguments, flags);
	mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	bool unnamed = (flags & O_TMPFILE) == O_TMPFILE;
	if (unnamed && getenv("DISK_WITHOUT_TMPFILE") != NULL) {
		errno = EOPNOTSUPP;
		return -1;
	}
	bool ours = unnamed || (flags & O_EXCL) != 0;
	if (ours && is_to_fail("open", &calls))
		return -1;
	int descriptor = function(folder, path, flags, mode);
	if (ours && descriptor >= 0 && descriptor < DESCRIPTORS)
		watched[descriptor] = true;
	return descriptor;
}

ssize_t write(int descriptor, const void *bytes, size_t length)
{
	static unsigned calls;
	ssize_t (*function)(int, const void *, size_t) =
		(ssize_t(*)(int, const void *, size_t))next("write");

	if (is_watched(descriptor) && is_to_fail("write", &calls)) {
		if (function(descriptor, bytes, length / 2) < 0)
			abort();
		errno = EIO;
		return -1;
	}
	return function(descriptor, bytes, length);
}

static void take_long(const char *name)
{
	const char *wish = getenv("DISK_SLOW");
	size_t length = strlen(name);

	if (wish == NULL || strncmp(wish, name, length) != 0 || wish[length] != ':')
		return;
	while (access(wish + length + 1, F_OK) == 0)
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

pid_t waitpid(pid_t process, int *status, int options)
{
	const char *fault = getenv("DISK_FAULT");
	pid_t (*function)(pid_t, int *, int) = (pid_t(*)(pid_t, int *, int))next("waitpid");

	if (fault != NULL && unlink(fault) == 0)
		__builtin_trap();
	return function(process, status, options);
}

/* Once, since FILE is gone then. */
static void move_file(bool late)
{
	const char *from = getenv("DISK_MOVE");
	const char *to = getenv("DISK_MOVE_TO");

	if (from != NULL && to != NULL && (getenv("DISK_LATE") != NULL) == late)
		rename(from, to);
}

static void move_before_loss_of(const char *name)
{
	const char *to = getenv("DISK_MOVE_TO");

	if (to != NULL && strcmp(strrchr(to, '/') + 1, name) == 0 && access(to, F_OK) == 0)
		move_file(true);
}

static bool is_read_only(void)
{
	const char *wish = getenv("DISK_READ_ONLY");

	if (wish == NULL || access(wish, F_OK) != 0)
		return false;
	errno = EROFS;
	return true;
}

int unlinkat(int folder, const char *name, int flags)
{
	int (*function)(int, const char *, int) = (int (*)(int, const char *, int))next("unlinkat");

	if (is_read_only())
		return -1;
	move_before_loss_of(name);
	return function(folder, name, flags);
}

int fsync(int descriptor)
{
	static unsigned calls;
	int (*function)(int) = (int (*)(int))next("fsync");

	if (is_watched(descriptor))
		move_file(false);
	if (is_watched(descriptor))
		take_long("fsync");
	if (is_watched(descriptor) && getenv("DISK_ABORT") != NULL) {
		kill(getppid(), SIGABRT);
		for (;;)
			pause();
	}
	return is_watched(descriptor) && is_to_fail("fsync", &calls) ? -1 : function(descriptor);
}

int close(int descriptor)
{
	static unsigned calls;
	int (*function)(int) = (int (*)(int))next("close");
	bool ours = is_watched(descriptor);

	if (ours)
		watched[descriptor] = false;
	bool failed = ours && is_to_fail("close", &calls);
	int result = function(descriptor);
	if (failed)
		errno = EIO;
	return failed ? -1 : result;
}

int fchown(int descriptor, uid_t owner, gid_t group)
{
	static unsigned calls;
	int (*function)(int, uid_t, gid_t) = (int (*)(int, uid_t, gid_t))next("fchown");

	return is_watched(descriptor) && is_to_fail("fchown", &calls)
		       ? -1
		       : function(descriptor, owner, group);
}

int fchmod(int descriptor, mode_t mode)
{
	static unsigned calls;
	int (*function)(int, mode_t) = (int (*)(int, mode_t))next("fchmod");

	if (is_watched(descriptor) && is_to_fail("fchmod", &calls))
		return -1;
	if (!is_watched(descriptor) || getenv("DISK_WITHOUT_MODES") == NULL)
		return function(descriptor, mode);
	if (function(descriptor, 0666) != 0)
		abort();
	errno = EPERM;
	return -1;
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
	static unsigned calls;
	int (*function)(int, const char *, int, const char *, int) =
		(int (*)(int, const char *, int, const char *, int))next("linkat");

	return is_to_fail("linkat", &calls) ? -1
					    : function(from_folder, from, to_folder, to, flags);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	static unsigned calls;
	int (*function)(int, const char *, int, const char *, unsigned) =
		(int (*)(int, const char *, int, const char *, unsigned))next("renameat2");

	note("DISK_NAMES", from);
	if (from[0] == '.')
		take_long("renameat2");
	if (is_to_fail("renameat2", &calls) || is_read_only())
		return -1;
	if (flags != 0 && getenv("DISK_WITHOUT_FLAGS") != NULL) {
		errno = EINVAL;
		return -1;
	}
	move_before_loss_of(from);
	return function(from_folder, from, to_folder, to, flags);
}
