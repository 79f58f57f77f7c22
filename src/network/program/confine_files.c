/* Landlock's rules for the file system: the program may read its inputs, and write nothing. */
#include "network/program/confine.h"

#include <stdlib.h>

#if defined(WITH_LANDLOCK) && __has_include(<linux/landlock.h>)

#include "base/cleanup.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In the newest kernel's form; an older one accepts the zeros at its end (landlock(7)). */
struct landlock_rights {
	uint64_t files;
	uint64_t network;
	uint64_t scopes;
};

/* Rights that the headers of Debian 12 do not name yet. */
#define FILE_TRUNCATE (UINT64_C(1) << 14)
#define FILE_IOCTL_DEVICE (UINT64_C(1) << 15)
#define NETWORK_BIND_TCP (UINT64_C(1) << 0)
#define SCOPE_ABSTRACT_SOCKETS (UINT64_C(1) << 0)
#define SCOPE_SIGNALS (UINT64_C(1) << 1)

static const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

/* The rights to remove, as far as this version of Landlock knows them. */
static struct landlock_rights all_rights(long version)
{
	struct landlock_rights rights = {.files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};

	if (version >= 2)
		rights.files |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		rights.files |= FILE_TRUNCATE;
	if (version >= 4)
		rights.network = NETWORK_BIND_TCP;
	if (version >= 5)
		rights.files |= FILE_IOCTL_DEVICE;
	if (version >= 6)
		rights.scopes = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS;
	return rights;
}

/* Allows to read a file, or a directory and everything below it. A missing one needs no rule. */
static void allow(int ruleset, const char *path)
{
	struct stat status;

	if (path[0] == '\0')
		return;
	CLEANUP(cleanup_descriptor) int file = open(path, O_PATH | O_CLOEXEC);
	if (file < 0 || fstat(file, &status) != 0)
		return;
	const struct landlock_path_beneath_attr rule = {
		.allowed_access =
			S_ISDIR(status.st_mode) ? reading : (uint64_t)LANDLOCK_ACCESS_FS_READ_FILE,
		.parent_fd = file,
	};
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

bool confine_files(const struct inputs *inputs)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	const struct landlock_rights rights = all_rights(version);

	if (version < 1)
		return false;
	CLEANUP(cleanup_descriptor)
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0);
	if (ruleset < 0)
		return false;
	for (size_t i = 0; i < inputs->count; i++)
		if (!inputs->list[i].was_read)
			allow(ruleset, inputs->list[i].path);
	return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}

#else

bool confine_files(const struct inputs *inputs)
{
	(void)inputs;
	return false;
}

#endif
