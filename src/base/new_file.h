/* New files that never replace another; either all of them are complete on disk, or none exists. */
#ifndef BASE_NEW_FILE_H
#define BASE_NEW_FILE_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct new_file {
	const char *path;
	mode_t mode; /* limited by the umask */
	const void *bytes;
	size_t length;
};

/* False with *error set if something has that name already, even a dangling link. A check before
 * long work; new_files_write checks again. */
bool new_file_is_free(const char *path, struct chronosign_error **error);

/*
 * Makes the files, writes them, and syncs them and their directories. False with *error set if any
 * of it fails: those already made are removed, or named in *error if that fails.
 */
bool new_files_write(const struct new_file *files, size_t count, struct chronosign_error **error);

/* Removes files that new_files_write has made. Those that cannot be removed are added to *error. */
bool new_files_remove(const struct new_file *files, size_t count, struct chronosign_error **error);

#endif
