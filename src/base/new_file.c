/* New files: O_EXCL, fsync of file and directory, and unlink on failure. */
#include "base/new_file.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
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

/* Fills the new file and syncs it to disk. Errors of a delayed write may only be reported by
 * close(2). */
static bool fill(int descriptor, const struct new_file *file, struct chronosign_error **error)
{
	bool written = write_all(descriptor, file) && fsync(descriptor) == 0;
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
	const char *slash = strrchr(path, '/');
	CLEANUP(cleanup_text)
	char *name = slash == NULL   ? strdup(".")
		     : slash == path ? strdup("/")
				     : strndup(path, (size_t)(slash - path));

	if (name == NULL)
		return error_out_of_memory(error);
	CLEANUP(cleanup_descriptor) int directory = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some network file systems do not support fsync of a directory, and do not need it. */
	if (directory >= 0 && (fsync(directory) == 0 || errno == EINVAL))
		return true;
	return failed("sync the directory of", path, errno, error);
}

bool new_files_remove(const struct new_file *files, size_t count, struct chronosign_error **error)
{
	bool removed = true;

	for (size_t i = 0; i < count; i++) {
		if (unlink(files[i].path) == 0 || errno == ENOENT)
			continue;
		int reason = errno;
		removed = false;
		if (error != NULL && *error != NULL)
			error_append(error, "'%s' is left behind, since it cannot be removed: %s",
				     files[i].path, strerror(reason));
		else
			failed("remove", files[i].path, reason, error);
	}
	return removed;
}

bool new_files_write(const struct new_file *files, size_t count, struct chronosign_error **error)
{
	bool good = true;
	size_t made = 0;

	while (good && made < count) {
		int descriptor = open(files[made].path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				      files[made].mode);

		if (descriptor < 0) {
			good = errno == EEXIST ? exists(files[made].path, error)
					       : failed("make", files[made].path, errno, error);
			break;
		}
		good = fill(descriptor, &files[made++], error);
	}
	for (size_t i = 0; good && i < count; i++)
		good = sync_directory(files[i].path, error);
	if (!good)
		new_files_remove(files, made, error);
	return good;
}
