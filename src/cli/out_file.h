/* A file that others read while it is kept: always whole, and for its owner only. */
#ifndef CLI_OUT_FILE_H
#define CLI_OUT_FILE_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stdio.h>

/* A successor of the file, not yet in its place. */
struct out_file {
	const char *path; /* borrowed */
	char *temporary;
	FILE *stream; /* to write it by */
};

/* True if the path is free, or a regular file: nothing else is ever replaced. */
bool out_file_check(const char *path, chronosign_error **error);

/* Begins a successor in the same directory, with mode 0600 whatever the umask. */
bool out_file_begin(const char *path, struct out_file *file, chronosign_error **error);

/* Puts what was written on the disk and then, at one stroke, in the place of the old file. On
 * failure the old one stays, and the successor goes. */
bool out_file_commit(struct out_file *file, chronosign_error **error);

/* Gives a successor up. */
void out_file_abandon(struct out_file *file);

/* Removes the file, if it is there. */
bool out_file_remove(const char *path, chronosign_error **error);

#endif
