/* Replaces a file by renameat2(2). token_output decides which files are ours. */
#include "cli/out_file.h"

#include "base/cleanup.h"
#include "base/folder.h"
#include "base/text.h"
#include "cli/token/token_output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* A line of JSON with the longest signature, a key's URI and a server's, is shorter. */
enum { LINE_MAX_LENGTH = 16384, NAME_TRIES = 100 };

static bool failed(const char *what, const char *path, struct chronosign_error **error)
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

static bool is_ours(int descriptor)
{
	CLEANUP(cleanup_stream) FILE *stream = fdopen(descriptor, "r");

	if (stream == NULL) {
		close(descriptor);
		return false;
	}
	return all_lines_are_ours(stream);
}

/* True if nothing has the name in the file's folder, or a regular file has it in which every line is
 * a token, in any form that token_output.c writes. */
static bool check_name(const struct out_file *file, const char *name,
		       struct chronosign_error **error)
{
	struct stat status;

	/* A link to a device, such as /dev/stdout, would be replaced by a file. */
	if (fstatat(file->folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || failed("look at", file->path, error);
	if (!S_ISREG(status.st_mode))
		return chronosign_error_set(
			error, CHRONOSIGN_ERROR_USAGE,
			"'%s' is not a regular file: --out-file replaces it as a whole",
			file->path);
	int descriptor = openat(file->folder, name,
				O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (descriptor < 0)
		return errno == ENOENT || failed("read", file->path, error);
	return is_ours(descriptor) ||
	       chronosign_error_set(
		       error, CHRONOSIGN_ERROR_USAGE,
		       "'%s' exists and holds something other than tokens: --out-file would "
		       "replace it; name another file, or remove this one",
		       file->path);
}

static bool check_file(const struct out_file *file, struct chronosign_error **error)
{
	return check_name(file, file->name, error);
}

bool out_file_look(const struct out_file *file, struct stat *status)
{
	return fstatat(file->folder, file->name, status, 0) == 0;
}

bool out_file_open(struct out_file *file, const char *path, const struct out_rights *rights,
		   struct chronosign_error **error)
{
	const char *name = folder_name_in(path);
	struct out_successor successor;

	*file = (struct out_file){
		.path = path,
		.folder = -1,
		.rights = *rights,
	};
	if (name[0] == '\0')
		return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
					    "'%s' is not a file's name", path);
	if (strlen(name) > NAME_MAX) {
		errno = ENAMETOOLONG;
		return failed("make", path, error);
	}
	memcpy(file->name, name, strlen(name) + 1);
	folder_hidden_name(file->beside);
	file->folder = folder_open(path, O_RDONLY);
	if (file->folder < 0)
		return failed("open the folder of", path, error);
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

bool out_file_begin(const struct out_file *file, struct out_successor *successor,
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
			    ? failed("make a file in the folder of", file->path, error)
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
	if (check_name(successor->file, successor->name, error))
		return true;
	if (!rename_as(successor, RENAME_EXCHANGE))
		rename_as(successor, RENAME_NOREPLACE);
	if (!check_name(successor->file, successor->name, NULL)) {
		folder_set_aside(successor->file->folder, successor->name);
		successor->name[0] = '\0';
	}
	return false;
}

/* Without the flags of renameat2(2), as on NFS, what gets the name after the last look is lost. */
static bool replace_unseen(struct out_successor *successor, struct chronosign_error **error)
{
	return check_file(successor->file, error) &&
	       (rename_as(successor, 0) || failed("replace", successor->file->path, error));
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
	return failed("replace", successor->file->path, error);
}

static bool put_in_place(struct out_successor *successor, struct chronosign_error **error)
{
	const struct out_file *file = successor->file;

	if (fflush(successor->stream) != 0 || fsync(fileno(successor->stream)) != 0)
		return failed("write", file->path, error);
	if (!give_name(successor))
		return failed("make a file in the folder of", file->path, error);
	if (fclose(TAKE(successor->stream)) != 0)
		return failed("write", file->path, error);
	return take_place(successor, error);
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

/* ---- The end ---- */

struct look {
	const struct out_file *file;
	struct chronosign_error **error;
};

static bool is_replaceable(void *context, const char *name)
{
	const struct look *at = context;

	return check_name(at->file, name, at->error);
}

static bool remove_as(const struct out_file *file, const char *hidden,
		      struct chronosign_error **error)
{
	struct look at = {file, error};
	const struct folder_name name = {file->folder, file->name, hidden, is_replaceable, &at};
	enum folder_removal removal = folder_remove(&name);

	return removal == FOLDER_REMOVED ||
	       (removal == FOLDER_FAILED && failed("remove", file->path, error));
}

bool out_file_remove(const struct out_file *file, struct chronosign_error **error)
{
	unlinkat(file->folder, file->beside, 0);
	return remove_as(file, file->beside, error);
}

void out_file_remove_ended(const struct out_file *file)
{
	char hidden[FOLDER_HIDDEN_NAME];

	/* The other name may be the successor's. */
	folder_hidden_name(hidden);
	remove_as(file, hidden, NULL);
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
