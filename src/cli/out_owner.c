/* The lock is one of an open file description (F_OFD_SETLK, fcntl(2)): no close of another descriptor gives it up, and
 * the kernel does when the process has ended, however that came. */
#include "cli/out_owner.h"

#include <fcntl.h>
#include <unistd.h>

/* A reader that meets a half of it finds no file. */
static void set(struct out_inode *file, const struct stat *status)
{
	atomic_store(&file->number, 0);
	if (status == NULL)
		return;
	atomic_store(&file->device, (unsigned long long)status->st_dev);
	atomic_store(&file->number, (unsigned long long)status->st_ino);
}

static unsigned other(const struct out_record *record)
{
	return 1 - (atomic_load(&record->last) & 1);
}

void out_record_begin(struct out_record *record, const struct stat *status)
{
	set(&record->files[other(record)], status);
}

void out_record_end(struct out_record *record, bool in_place)
{
	if (in_place)
		atomic_store(&record->last, other(record));
	set(&record->files[other(record)], NULL);
}

void out_record_forget(struct out_record *record)
{
	set(&record->files[0], NULL);
	set(&record->files[1], NULL);
}

bool out_record_has(const struct out_record *record, const struct stat *status)
{
	for (int i = 0; i < 2; i++)
		if (atomic_load(&record->files[i].number) == (unsigned long long)status->st_ino &&
		    atomic_load(&record->files[i].device) == (unsigned long long)status->st_dev)
			return true;
	return false;
}

/* For reading: a descriptor that can write keeps a file system from being mounted read-only. */
int out_lock(int folder, const char *name)
{
	struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	int descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (descriptor >= 0)
		(void)fcntl(descriptor, F_OFD_SETLK, &whole);
	return descriptor;
}

bool out_is_locked(int descriptor)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(descriptor, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}
