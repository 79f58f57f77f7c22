/* Replacing a file by rename(2). */
#include "cli/out_file.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static bool failed(const char *what, const char *path, chronosign_error **error)
{
	return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot %s '%s': %s", what, path,
				    strerror(errno));
}

bool out_file_check(const char *path, chronosign_error **error)
{
	struct stat status;

	/* A link to a device, such as /dev/stdout, would be replaced by a file. */
	if (lstat(path, &status) != 0)
		return errno == ENOENT || failed("look at", path, error);
	return S_ISREG(status.st_mode) ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "'%s' is no regular file: --out-file replaces it as a whole",
				    path);
}

/* A name of its own, but always the same one, so that nothing piles up after crashes. */
static char *temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	char *temporary = NULL;

	if (asprintf(&temporary, "%.*s.%s.new", (int)(name - path), path, name) < 0)
		return NULL;
	return temporary;
}

bool out_file_begin(const char *path, struct out_file *file, chronosign_error **error)
{
	*file = (struct out_file){.path = path, .temporary = temporary_name(path)};
	if (file->temporary == NULL)
		return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "out of memory");
	if (!out_file_check(path, error)) {
		free(TAKE(file->temporary));
		return false;
	}
	unlink(file->temporary);
	int descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (descriptor >= 0 && fchmod(descriptor, 0600) == 0)
		file->stream = fdopen(descriptor, "w");
	if (file->stream != NULL)
		return true;
	failed("make", file->temporary, error);
	if (descriptor >= 0)
		close(descriptor);
	out_file_abandon(file);
	return false;
}

bool out_file_commit(struct out_file *file, chronosign_error **error)
{
	bool written = fflush(file->stream) == 0 && fsync(fileno(file->stream)) == 0;

	if (!written)
		failed("write", file->temporary, error);
	if (fclose(TAKE(file->stream)) != 0 && written)
		written = failed("write", file->temporary, error);
	if (written && rename(file->temporary, file->path) != 0)
		written = failed("replace", file->path, error);
	if (written) {
		free(TAKE(file->temporary));
		return true;
	}
	out_file_abandon(file);
	return false;
}

void out_file_abandon(struct out_file *file)
{
	if (file->stream != NULL)
		fclose(TAKE(file->stream));
	if (file->temporary != NULL)
		unlink(file->temporary);
	free(TAKE(file->temporary));
}

bool out_file_remove(const char *path, chronosign_error **error)
{
	return unlink(path) == 0 || errno == ENOENT || failed("remove", path, error);
}
