/* Replaces a file by renameat2(2). out_check decides which files may be replaced, and removed. */
#include "cli/out_file.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/folder.h"
#include "base/text.h"
#include "cli/out_check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { NAME_TRIES = 100 };

/* How long another chronoctl that keeps the file may take to end, and how often it is looked at. */
enum { OTHER_ENDS_MS = 5000, LOOK_NS = 50000000 };

static bool check_file(const struct out_file *file, struct chronosign_error **error)
{
	return out_check_name(file, file->name, error);
}

bool out_file_look(const struct out_file *file, struct stat *status)
{
	return fstatat(file->folder, file->name, status, 0) == 0;
}

/* A restart may overlap with the end of the run before. */
static void await_other(const struct out_file *file)
{
	int64_t until = milliseconds() + OTHER_ENDS_MS;
	bool is_kept;

	do {
		CLEANUP(cleanup_descriptor) int descriptor = out_open_to_look(file, file->name);
		is_kept = descriptor >= 0 && out_is_locked(descriptor);
		if (is_kept)
			nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
	} while (is_kept && milliseconds() < until);
}

bool out_file_open(struct out_file *file, const char *path, const struct out_rights *rights,
		   struct chronosign_error **error)
{
	const char *name = folder_name_in(path);
	struct out_successor successor;

	*file = (struct out_file){
		.path = path,
		.start = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.folder = -1,
		.rights = *rights,
		.lock = -1,
	};
	if (name[0] == '\0')
		return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
					    "'%s' is not a file's name", path);
	if (strlen(name) > NAME_MAX) {
		errno = ENAMETOOLONG;
		return out_failed("make", path, error);
	}
	memcpy(file->name, name, strlen(name) + 1);
	folder_hidden_name(file->beside);
	file->folder = folder_open_at(file->start, path, O_RDONLY);
	if (file->folder < 0)
		return out_failed("open the folder of", path, error);
	await_other(file);
	if (!out_file_begin(file, &successor, error)) {
		cleanup_descriptor(&file->folder);
		file->folder = -1;
		return false;
	}
	out_file_abandon(&successor);
	return true;
}

/* ---- The successor ---- */

/* The supervisor knows the first one; others have to be drawn if somebody has seen and blocked that. */
static void choose_name(struct out_successor *successor, int turn)
{
	if (turn == 0)
		memcpy(successor->name, successor->file->beside, sizeof successor->name);
	else
		folder_hidden_name(successor->name);
}

/* Without a name, nothing is left behind in any case. Not every file system supports that, and
 * naming it later needs /proc. */
static int open_unnamed(int folder)
{
#ifdef O_TMPFILE
	if (access("/proc/self/fd", X_OK) == 0)
		return openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
#else
	(void)folder;
#endif
	return -1;
}

static int open_named(struct out_successor *successor)
{
	int descriptor = -1;

	for (int i = 0; descriptor < 0 && (i == 0 || errno == EEXIST) && i < NAME_TRIES; i++) {
		choose_name(successor, i);
		descriptor = openat(successor->file->folder, successor->name,
				    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	if (descriptor < 0)
		successor->name[0] = '\0';
	return descriptor;
}

static bool give_name(struct out_successor *successor)
{
	char link[64];
	int result = successor->name[0] == '\0' ? -1 : 0;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fileno(successor->stream));
	for (int i = 0; result != 0 && (i == 0 || errno == EEXIST) && i < NAME_TRIES; i++) {
		choose_name(successor, i);
		result = linkat(AT_FDCWD, link, successor->file->folder, successor->name,
				AT_SYMLINK_FOLLOW);
	}
	if (result != 0)
		successor->name[0] = '\0';
	return result == 0;
}

bool out_file_begin(struct out_file *file, struct out_successor *successor,
		    struct chronosign_error **error)
{
	*successor = (struct out_successor){.file = file};
	if (!check_file(file, error))
		return false;
	int descriptor = open_unnamed(file->folder);
	if (descriptor < 0)
		descriptor = open_named(successor);
	if (descriptor >= 0)
		successor->stream = fdopen(descriptor, "w");
	bool good = successor->stream == NULL
			    ? out_failed("make a file in the folder of", file->path, error)
			    : out_rights_give(&file->rights, descriptor, file->path, error);
	if (successor->stream == NULL && descriptor >= 0)
		close(descriptor);
	if (!good)
		out_file_abandon(successor);
	return good;
}

static bool rename_as(const struct out_successor *successor, unsigned flags)
{
	const struct out_file *file = successor->file;

	return folder_rename(file->folder, successor->name, file->name, flags) == 0;
}

/* What came out of the exchange is removed with the successor's name, but what is not ours gets its
 * place back, or is set aside if that is taken again. */
static bool accept_exchange(struct out_successor *successor, struct chronosign_error **error)
{
	if (out_check_name(successor->file, successor->name, error))
		return true;
	if (!rename_as(successor, RENAME_EXCHANGE))
		rename_as(successor, RENAME_NOREPLACE);
	if (!out_check_name(successor->file, successor->name, NULL)) {
		folder_set_aside(successor->file->folder, successor->name);
		successor->name[0] = '\0';
	}
	return false;
}

/* Without the flags of renameat2(2), as on NFS, what gets the name after the last look is lost. */
static bool replace_unseen(struct out_successor *successor, struct chronosign_error **error)
{
	return check_file(successor->file, error) &&
	       (rename_as(successor, 0) || out_failed("replace", successor->file->path, error));
}

/* What gets the file's name at any moment is either seen to be ours or stays. */
static bool take_place(struct out_successor *successor, struct chronosign_error **error)
{
	for (int i = 0; i < NAME_TRIES; i++) {
		if (rename_as(successor, RENAME_NOREPLACE))
			return true;
		if (errno == EEXIST && rename_as(successor, RENAME_EXCHANGE))
			return accept_exchange(successor, error);
		if (errno == EINVAL || errno == ENOSYS)
			return replace_unseen(successor, error);
		if (errno != ENOENT)
			break;
	}
	return out_failed("replace", successor->file->path, error);
}

/* From before it has the file's name, both processes know it. */
static bool take_place_as_ours(struct out_successor *successor, struct chronosign_error **error)
{
	struct out_file *file = successor->file;
	CLEANUP(cleanup_descriptor) int lock = out_lock(file->folder, successor->name);
	struct stat status;

	if (lock < 0 || fstat(lock, &status) != 0)
		return out_failed("read", file->path, error);
	out_record_begin(file->record, &status);
	bool done = take_place(successor, error);
	out_record_end(file->record, done);
	if (done) {
		cleanup_descriptor(&file->lock);
		file->lock = lock;
		lock = -1;
	}
	return done;
}

static bool put_in_place(struct out_successor *successor, struct chronosign_error **error)
{
	const struct out_file *file = successor->file;

	if (fflush(successor->stream) != 0 || fsync(fileno(successor->stream)) != 0)
		return out_failed("write", file->path, error);
	if (!give_name(successor))
		return out_failed("make a file in the folder of", file->path, error);
	if (fclose(TAKE(successor->stream)) != 0)
		return out_failed("write", file->path, error);
	return take_place_as_ours(successor, error);
}

bool out_file_commit(struct out_successor *successor, struct chronosign_error **error)
{
	bool done = put_in_place(successor, error);

	out_file_abandon(successor);
	return done;
}

void out_file_abandon(struct out_successor *successor)
{
	if (successor->stream != NULL)
		fclose(TAKE(successor->stream));
	if (successor->name[0] != '\0')
		unlinkat(successor->file->folder, successor->name, 0);
	successor->name[0] = '\0';
}

/* ---- The look ---- */

static bool is_same_folder(int one, int other)
{
	struct stat first;
	struct stat second;

	return fstat(one, &first) == 0 && fstat(other, &second) == 0 &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool out_file_is_in_place(const struct out_file *file)
{
	CLEANUP(cleanup_descriptor) int folder = folder_open_at(file->start, file->path, O_PATH);
	struct stat status;

	return folder >= 0 && is_same_folder(folder, file->folder) &&
	       fstatat(folder, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       out_is_of_this_run(file, &status);
}

bool out_file_follow(struct out_file *file, struct chronosign_error **error)
{
	CLEANUP(cleanup_descriptor) int folder = folder_open_at(file->start, file->path, O_RDONLY);

	if (folder < 0)
		return out_failed("open the folder of", file->path, error);
	if (is_same_folder(folder, file->folder))
		return true;
	if (!out_file_remove(file, error))
		return false;
	cleanup_descriptor(&file->folder);
	file->folder = folder;
	folder = -1;
	return true;
}

/* ---- The end ---- */

struct look {
	const struct out_file *file;
	struct chronosign_error **error;
};

static bool is_old(void *context, const char *name)
{
	const struct look *at = context;

	return out_check_name(at->file, name, at->error);
}

static bool is_written(void *context, const char *name)
{
	const struct look *at = context;
	struct stat status;

	return fstatat(at->file->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       out_is_of_this_run(at->file, &status) && out_check_name(at->file, name, NULL);
}

static bool remove_as(const struct look *at, const char *hidden,
		      bool (*is_ours)(void *context, const char *name))
{
	const struct out_file *file = at->file;
	struct look look = *at;
	const struct folder_name name = {file->folder, file->name, hidden, is_ours, &look};
	enum folder_removal removal = folder_remove(&name);

	return removal == FOLDER_REMOVED || (removal == FOLDER_NOT_OURS && is_ours == is_written) ||
	       (removal == FOLDER_FAILED && out_failed("remove", file->path, at->error));
}

bool out_file_remove_old(const struct out_file *file, struct chronosign_error **error)
{
	unlinkat(file->folder, file->beside, 0);
	return remove_as(&(struct look){file, error}, file->beside, is_old);
}

static bool remove_written(const struct out_file *file, struct chronosign_error **error)
{
	unlinkat(file->folder, file->beside, 0);
	return remove_as(&(struct look){file, error}, file->beside, is_written);
}

static bool is_there(const struct out_file *file)
{
	struct stat status;

	return fstatat(file->folder, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       out_is_of_this_run(file, &status);
}

/* The process that has followed the path to another folder may be the other one. */
bool out_file_remove(struct out_file *file, struct chronosign_error **error)
{
	CLEANUP(cleanup_descriptor) int folder = folder_open_at(file->start, file->path, O_RDONLY);
	struct out_file there = *file;

	there.folder = folder;
	bool done = remove_written(file, error) &&
		    (folder < 0 || is_same_folder(folder, file->folder) ||
		     remove_written(&there, error));
	/* The supervisor, which has no lock, looks again if the other process could still write it. */
	if (done && file->lock >= 0) {
		cleanup_descriptor(&file->lock);
		file->lock = -1;
		/* Without a descriptor to look at what it holds, it is the supervisor's to remove. */
		if (!is_there(file))
			out_record_forget(file->record);
	}
	return done;
}

void out_file_remove_ended(const struct out_file *file)
{
	CLEANUP(cleanup_descriptor) int folder = folder_open_at(file->start, file->path, O_RDONLY);
	struct out_file there = *file;
	char hidden[FOLDER_HIDDEN_NAME];

	/* The other name may be the successor's. */
	folder_hidden_name(hidden);
	remove_as(&(struct look){file, NULL}, hidden, is_written);
	there.folder = folder;
	if (folder >= 0 && !is_same_folder(folder, file->folder))
		remove_as(&(struct look){&there, NULL}, hidden, is_written);
}

char *out_file_weakness(const struct out_file *file)
{
	struct stat status;

	if (fstat(file->folder, &status) != 0)
		return NULL;
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return text_format(
			"the folder of '%s' belongs to another user, who can replace the "
			"file",
			file->path);
	/* In a sticky folder nobody else removes or renames our file. */
	if ((status.st_mode & S_ISVTX) == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return text_format("others can write to the folder of '%s' (mode %04o), and so "
				   "replace the file",
				   file->path, (unsigned)(status.st_mode & 07777));
	return NULL;
}
