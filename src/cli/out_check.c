/* What has the name of --out-file, or a name beside it: token_output decides which files are of tokens, and out_owner whose
 * they are. */
#include "cli/out_check.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/token/token_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* A line of JSON with the longest signature, a key's URI and a server's, is shorter. */
enum { LINE_MAX_LENGTH = 16384 };

bool out_failed(const char *what, const char *path, struct chronosign_error **error)
{
	return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot %s '%s': %s", what, path,
				    text_open_error(path, errno));
}

/* False: the line is longer than any of ours, or has a NUL in it, behind which anything may stand. */
static bool read_line(FILE *stream, char line[static LINE_MAX_LENGTH])
{
	size_t length = 0;

	for (int c = getc(stream); c != EOF && c != '\n'; c = getc(stream)) {
		if (c == '\0' || length == LINE_MAX_LENGTH - 1)
			return false;
		line[length++] = (char)c;
	}
	line[length] = '\0';
	return true;
}

/* All lines have one form, and there is only one if it does not name its server. */
static bool all_lines_are_ours(FILE *stream)
{
	char line[LINE_MAX_LENGTH];
	struct token_line_kind kind = {0};
	struct token_line_kind before = {0};
	bool is_first = true;

	for (int c = getc(stream); c != EOF; c = getc(stream)) {
		ungetc(c, stream);
		if (!read_line(stream, line) || !token_line_is_ours(line, &kind))
			return false;
		if (!is_first &&
		    (kind.form != before.form || !kind.names_server || !before.names_server))
			return false;
		before = kind;
		is_first = false;
	}
	return ferror(stream) == 0;
}

static bool holds_tokens(int descriptor)
{
	int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
	CLEANUP(cleanup_stream) FILE *stream = copy < 0 ? NULL : fdopen(copy, "r");

	if (stream == NULL && copy >= 0)
		close(copy);
	return stream != NULL && all_lines_are_ours(stream);
}

int out_open_to_look(const struct out_file *file, const char *name)
{
	return openat(file->folder, name,
		      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

bool out_is_of_this_run(const struct out_file *file, const struct stat *status)
{
	return file->record != NULL && out_record_has(file->record, status);
}

/* By its mode: a line of base64 that somebody else has written there may look like a token. */
static bool check_origin(const struct out_file *file, int descriptor, const struct stat *status,
			 struct chronosign_error **error)
{
	if (status->st_size > 0 && !out_rights_may_be(status->st_mode))
		return chronosign_error_set(
			error, CHRONOSIGN_ERROR_USAGE,
			"'%s' exists with mode %04o, which --out-file never gives a file, so "
			"it may be somebody else's: name another file, or remove this one",
			file->path, (unsigned)(status->st_mode & 07777));
	return !out_is_locked(descriptor) ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "another chronoctl keeps '%s': name another file, or end that "
				    "one first",
				    file->path);
}

static bool check_open(const struct out_file *file, int descriptor, struct chronosign_error **error)
{
	struct stat status;

	if (fstat(descriptor, &status) != 0)
		return out_failed("look at", file->path, error);
	if (!holds_tokens(descriptor))
		return chronosign_error_set(
			error, CHRONOSIGN_ERROR_USAGE,
			"'%s' exists and holds something other than tokens: --out-file would "
			"replace it; name another file, or remove this one",
			file->path);
	return out_is_of_this_run(file, &status) || check_origin(file, descriptor, &status, error);
}

bool out_check_name(const struct out_file *file, const char *name, struct chronosign_error **error)
{
	struct stat status;

	/* A link to a device, such as /dev/stdout, would be replaced by a file. */
	if (fstatat(file->folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || out_failed("look at", file->path, error);
	if (!S_ISREG(status.st_mode))
		return chronosign_error_set(
			error, CHRONOSIGN_ERROR_USAGE,
			"'%s' is not a regular file: --out-file replaces it as a whole",
			file->path);
	CLEANUP(cleanup_descriptor) int descriptor = out_open_to_look(file, name);
	if (descriptor < 0)
		return errno == ENOENT || out_failed("read", file->path, error);
	return check_open(file, descriptor, error);
}
