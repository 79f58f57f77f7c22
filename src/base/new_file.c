/* New files: O_EXCL, fsync of file and directory, and removal on failure. */
#include "base/new_file.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

static bool exists(const char *path, struct chronosign_error **error)
{
	return error_set(error, CHRONOSIGN_ERROR_KEY,
			 "'%s' exists already, and nothing is overwritten; choose another name, or "
			 "move it away",
			 path);
}

static bool failed(const char *what, const char *path, int reason, struct chronosign_error **error)
{
	return error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot %s '%s': %s", what, path,
			 text_open_error(path, reason));
}

bool new_file_is_free(const char *path, struct chronosign_error **error)
{
	struct stat status;

	if (lstat(path, &status) == 0)
		return exists(path, error);
	return errno == ENOENT || failed("make", path, errno, error);
}

static bool write_all(int descriptor, const struct new_file *file)
{
	for (size_t done = 0; done < file->length;) {
		ssize_t written =
			write(descriptor, (const char *)file->bytes + done, file->length - done);

		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0)
			done += (size_t)written;
	}
	return true;
}

/* The umask has no say: it would take the public half away from the server. What the file system has no modes for stays as that
 * makes it. */
static bool give_mode(int descriptor, const struct new_file *file)
{
	return fchmod(descriptor, file->mode) == 0 || errno == EPERM || errno == ENOSYS ||
	       errno == EOPNOTSUPP;
}

/* Fills the new file and syncs it to disk. Errors of a delayed write may only be reported by
 * close(2). */
static bool fill(int descriptor, const struct new_file *file, struct chronosign_error **error)
{
	bool written = give_mode(descriptor, file) && write_all(descriptor, file) &&
		       fsync(descriptor) == 0;
	int reason = errno;

	if (close(descriptor) != 0 && written) {
		written = false;
		reason = errno;
	}
	return written || failed("write", file->path, reason, error);
}

/* The name of a new file is on disk once its directory is synced (fsync(2), NOTES). */
static bool sync_directory(const char *path, struct chronosign_error **error)
{
	CLEANUP(cleanup_descriptor) int directory = folder_open(path, O_RDONLY);

	/* Some network file systems do not support fsync of a directory, and do not need it. */
	if (directory >= 0 && (fsync(directory) == 0 || errno == EINVAL))
		return true;
	return failed("sync the directory of", path, errno, error);
}

/* ---- Removal ---- */

/* What is looked at, and where. */
struct look {
	int folder;
	int descriptor;
};

/* Nothing at all may be removed, too. */
static bool is_ours(void *context, const char *name)
{
	const struct look *at = context;
	struct stat named;
	struct stat made;

	if (fstatat(at->folder, name, &named, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT;
	return fstat(at->descriptor, &made) == 0 && named.st_dev == made.st_dev &&
	       named.st_ino == made.st_ino;
}

static enum folder_removal remove_made(const struct made_file *file)
{
	CLEANUP(cleanup_descriptor) int folder = folder_open(file->path, O_PATH);
	char hidden[FOLDER_HIDDEN_NAME];
	struct look at = {folder, file->descriptor};
	const struct folder_name name = {folder, folder_name_in(file->path), hidden, is_ours, &at};

	folder_hidden_name(hidden);
	if (folder < 0)
		return errno == ENOENT ? FOLDER_REMOVED : FOLDER_FAILED;
	return folder_remove(&name);
}

__attribute__((format(printf, 2, 3))) static void tell(struct chronosign_error **error,
						       const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	CLEANUP(cleanup_text) char *text = text_format_list(format, arguments);
	va_end(arguments);

	if (text != NULL && error != NULL && *error != NULL)
		error_append(error, "%s", text);
	else if (text != NULL)
		error_set(error, CHRONOSIGN_ERROR_OTHER, "%s", text);
}

bool made_files_remove(const struct made_files *made, struct chronosign_error **error)
{
	bool removed = true;

	for (size_t i = 0; i < made->count; i++) {
		const struct made_file *file = &made->list[i];
		enum folder_removal removal = remove_made(file);

		removed = removed && removal == FOLDER_REMOVED;
		if (removal == FOLDER_FAILED)
			tell(error, "'%s' is left behind, since it cannot be removed: %s",
			     file->path, strerror(errno));
		else if (removal == FOLDER_NOT_OURS)
			tell(error, "'%s' is another file now, and stays", file->path);
	}
	return removed;
}

void made_files_close(struct made_files *made)
{
	while (made->count > 0)
		close(made->list[--made->count].descriptor);
}

/* ---- Making them ---- */

static bool make(const struct new_file *file, struct made_files *made,
		 struct chronosign_error **error)
{
	int descriptor = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file->mode);

	if (descriptor < 0)
		return errno == EEXIST ? exists(file->path, error)
				       : failed("make", file->path, errno, error);
	struct made_file *own = &made->list[made->count++];
	*own = (struct made_file){file->path, fcntl(descriptor, F_DUPFD_CLOEXEC, 0)};
	if (own->descriptor >= 0)
		return fill(descriptor, file, error);
	int reason = errno;
	own->descriptor = descriptor;
	return failed("write", file->path, reason, error);
}

bool new_files_write(const struct new_file *files, size_t count, struct made_files *made,
		     struct chronosign_error **error)
{
	bool good = true;

	made->count = 0;
	for (size_t i = 0; good && i < count; i++)
		good = make(&files[i], made, error);
	for (size_t i = 0; good && i < count; i++)
		good = sync_directory(files[i].path, error);
	if (!good)
		made_files_remove(made, error);
	return good;
}
