/* Files that are new: never in the place of another, and either all of them whole on the disk, or
 * none. */
#ifndef BASE_NEW_FILE_H
#define BASE_NEW_FILE_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct new_file {
	const char *path;
	mode_t mode; /* of which the umask takes */
	const void *bytes;
	size_t length;
};

/* False with *error set if something has that name already, be it a dangling link. For a word
 * before long work; new_files_write asks again. */
bool new_file_is_free(const char *path, struct chronosign_error **error);

/*
 * Makes the files, writes them, and syncs them and their directories. False with *error set if any
 * of it fails: those that were made are removed again, or named in *error if they could not be.
 */
bool new_files_write(const struct new_file *files, size_t count, struct chronosign_error **error);

/* Removes files that new_files_write has made. Those that stay are named in *error, after what it
 * says already. */
bool new_files_remove(const struct new_file *files, size_t count, struct chronosign_error **error);

#endif
