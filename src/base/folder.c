/* Names in a folder by openat(2) and its relatives. What is in the files is the callers'. */
#include "base/folder.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* musl has no renameat2(3). */
#ifndef __GLIBC__
#include <sys/syscall.h>
#define renameat2(...) syscall(SYS_renameat2, __VA_ARGS__)
#endif

const char *folder_name_in(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* NULL: no memory. The caller frees it. */
static char *folder_of(const char *path)
{
	size_t length = (size_t)(folder_name_in(path) - path);

	return length == 0 ? strdup(".") : strndup(path, length);
}

int folder_open(const char *path, int flags)
{
	CLEANUP(cleanup_text) char *folder = folder_of(path);

	return folder == NULL ? -1 : open(folder, flags | O_DIRECTORY | O_CLOEXEC | O_NOCTTY);
}

int folder_open_at(int start, const char *path, int flags)
{
	CLEANUP(cleanup_text) char *folder = folder_of(path);

	return folder == NULL ? -1
			      : openat(start, folder, flags | O_DIRECTORY | O_CLOEXEC | O_NOCTTY);
}

void folder_hidden_name(char name[static FOLDER_HIDDEN_NAME])
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof random, 0) < 0)
		random = (uint64_t)(uintptr_t)name ^ (uint64_t)getpid();
	snprintf(name, FOLDER_HIDDEN_NAME, ".chronoctl-%016" PRIx64, random);
}

int folder_rename(int folder, const char *from, const char *to, unsigned flags)
{
	return (int)renameat2(folder, from, folder, to, flags);
}

void folder_set_aside(int folder, const char *name)
{
	char aside[FOLDER_HIDDEN_NAME];

	folder_hidden_name(aside);
	folder_rename(folder, name, aside, RENAME_NOREPLACE);
}

static enum folder_removal remove_name(int folder, const char *name)
{
	return unlinkat(folder, name, 0) == 0 || errno == ENOENT ? FOLDER_REMOVED : FOLDER_FAILED;
}

/* What cannot be removed gets its name back, by which it is reported. */
static enum folder_removal remove_hidden(const struct folder_name *entry)
{
	enum folder_removal removal = remove_name(entry->folder, entry->hidden);
	int reason = errno;

	if (removal == FOLDER_FAILED)
		folder_rename(entry->folder, entry->hidden, entry->name, RENAME_NOREPLACE);
	errno = reason;
	return removal;
}

/* What has gone was removed by others, and what has the name since is theirs. */
static enum folder_removal remove_unrenamed(const struct folder_name *entry)
{
	if (errno == ENOENT)
		return FOLDER_REMOVED;
	return errno == EINVAL || errno == ENOSYS ? remove_name(entry->folder, entry->name)
						  : FOLDER_FAILED;
}

enum folder_removal folder_remove(const struct folder_name *entry)
{
	if (!entry->is_ours(entry->context, entry->name))
		return FOLDER_NOT_OURS;
	if (folder_rename(entry->folder, entry->name, entry->hidden, RENAME_NOREPLACE) != 0)
		return remove_unrenamed(entry);
	if (entry->is_ours(entry->context, entry->hidden))
		return remove_hidden(entry);
	if (folder_rename(entry->folder, entry->hidden, entry->name, RENAME_NOREPLACE) != 0)
		folder_set_aside(entry->folder, entry->hidden);
	return FOLDER_NOT_OURS;
}
