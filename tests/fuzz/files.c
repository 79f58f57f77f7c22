/* Files in memory, by the linker's --wrap: the library opens and reads the input, and starts
 * nothing. */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static const uint8_t *unread;
static size_t unread_size;
static bool in_memory;

int __real_open(const char *path, int flags, ...);
ssize_t __real_read(int descriptor, void *buffer, size_t size);
int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_read(int descriptor, void *buffer, size_t size);
int __wrap_posix_spawn(pid_t *child, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const arguments[],
		       char *const environment[]);

void fuzz_set_file(const uint8_t *bytes, size_t size)
{
	unread = bytes;
	unread_size = size;
	in_memory = bytes != NULL;
}

/* The null device stands for the file, because the library closes what it has opened. */
int __wrap_open(const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	return in_memory ? __real_open("/dev/null", O_RDONLY | O_CLOEXEC)
			 : __real_open(path, flags, mode);
}

ssize_t __wrap_read(int descriptor, void *buffer, size_t size)
{
	if (!in_memory)
		return __real_read(descriptor, buffer, size);
	size_t given = size < unread_size ? size : unread_size;
	memcpy(buffer, unread, given);
	unread += given;
	unread_size -= given;
	return (ssize_t)given;
}

int __wrap_posix_spawn(pid_t *child, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const arguments[],
		       char *const environment[])
{
	(void)child, (void)path, (void)actions, (void)attributes, (void)arguments,
		(void)environment;
	return ENOSYS;
}
