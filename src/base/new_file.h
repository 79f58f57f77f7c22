/* New files that never replace another; either all of them are complete on disk, or none exists. */
#ifndef BASE_NEW_FILE_H
#define BASE_NEW_FILE_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct new_file {
	const char *path;
	mode_t mode; /* whatever the umask */
	const void *bytes;
	size_t length;
};

/* False with *error set if something has that name already, even a dangling link. A check before
 * long work; new_files_write checks again. */
bool new_file_is_free(const char *path, struct chronosign_error **error);

enum { MADE_FILES = 2 };

/* Files that were made. They stay open, so that no other file gets their numbers (inode(7)). */
struct made_files {
	struct made_file {
		const char *path; /* borrowed */
		int descriptor;
	} list[MADE_FILES];
	size_t count;
};

/*
 * Makes the files, MADE_FILES at most, writes them, and syncs them and their directories. False with *error set if any
 * of it fails: those already made are removed, or named in *error if that fails. The caller closes *made.
 */
bool new_files_write(const struct new_file *files, size_t count, struct made_files *made,
		     struct chronosign_error **error);

/* Removes them. Those that cannot be removed, and other files that have got their names, are added to *error. */
bool made_files_remove(const struct made_files *made, struct chronosign_error **error);

/* Lets go of them, and they stay. */
void made_files_close(struct made_files *made);

#endif
