/* Replaces a file by renameat2(2). token_output decides which files are ours. */
#include "cli/out_file.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/token/token_output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

/* musl has no renameat2(3). */
#ifndef __GLIBC__
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>
#define renameat2(...) syscall(SYS_renameat2, __VA_ARGS__)
#endif

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

static int open_folder(const char *path, const char *name, struct chronosign_error **error)
{
	CLEANUP(cleanup_text)
	char *folder = name == path ? strdup(".") : strndup(path, (size_t)(name - path));
	int descriptor =
		folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY);

	if (descriptor < 0)
		failed("open the folder of", path, error);
	return descriptor;
}

/* A name that nobody can guess and block in a sticky folder. */
static void random_name(char name[static OUT_FILE_BESIDE])
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof random, 0) < 0)
		random = (uint64_t)(uintptr_t)name ^ (uint64_t)getpid();
	snprintf(name, OUT_FILE_BESIDE, ".chronoctl-%016" PRIx64, random);
}

bool out_file_open(struct out_file *file, const char *path, const struct out_rights *rights,
		   struct chronosign_error **error)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
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
	random_name(file->beside);
	file->folder = open_folder(path, name, error);
	if (file->folder < 0)
		return false;
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
		random_name(successor->name);
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
	int folder = successor->file->folder;

	return renameat2(folder, successor->name, folder, successor->file->name, flags) == 0;
}

/* What is not ours gets a name that nobody removes. */
static void set_aside(struct out_successor *successor)
{
	char name[OUT_FILE_BESIDE];
	int folder = successor->file->folder;

	random_name(name);
	renameat2(folder, successor->name, folder, name, RENAME_NOREPLACE);
	successor->name[0] = '\0';
}

/* What came out of the exchange is removed with the successor's name, but what is not ours gets its
 * place back, or is set aside if that is taken again. */
static bool accept_exchange(struct out_successor *successor, struct chronosign_error **error)
{
	if (check_name(successor->file, successor->name, error))
		return true;
	if (!rename_as(successor, RENAME_EXCHANGE))
		rename_as(successor, RENAME_NOREPLACE);
	if (!check_name(successor->file, successor->name, NULL))
		set_aside(successor);
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

/* Without the flags of renameat2(2), as on NFS, what gets the name after the look is lost. */
static bool remove_name(const struct out_file *file, struct chronosign_error **error)
{
	return unlinkat(file->folder, file->name, 0) == 0 || errno == ENOENT ||
	       failed("remove", file->path, error);
}

/* What has got the file's name since the last look is seen when it has another one, and gets its place back. */
static bool remove_seen(const struct out_file *file, struct chronosign_error **error)
{
	struct out_successor taken = {.file = file};

	memcpy(taken.name, file->beside, sizeof taken.name);
	if (renameat2(file->folder, file->name, file->folder, taken.name, RENAME_NOREPLACE) != 0)
		return remove_name(file, error);
	if (check_name(file, taken.name, error))
		return unlinkat(file->folder, taken.name, 0) == 0 ||
		       failed("remove", file->path, error);
	if (!rename_as(&taken, RENAME_NOREPLACE))
		set_aside(&taken);
	return false;
}

bool out_file_remove(const struct out_file *file, struct chronosign_error **error)
{
	unlinkat(file->folder, file->beside, 0);
	return check_file(file, error) && remove_seen(file, error);
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
