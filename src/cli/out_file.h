/* A file that others read while it is updated: always complete, and readable by its owner and
 * optionally a group only. Files of others are neither replaced nor removed. */
#ifndef CLI_OUT_FILE_H
#define CLI_OUT_FILE_H

#include "base/folder.h"
#include "cli/out_owner.h"
#include "cli/out_rights.h"

#include <chronosign/error.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

/* The file, by its folder, and that by the one that the command was started in: a module may call chdir(2). */
struct out_file {
	const char *path;        /* borrowed; for messages */
	char name[NAME_MAX + 1]; /* in the folder; a copy, since arguments are overwritten */
	char beside[FOLDER_HIDDEN_NAME]; /* a random name in the folder, for what is not complete */
	int start;                       /* the folder of a relative path */
	int folder;                      /* -1: there is no file */
	struct out_rights rights;
	struct out_record *record; /* borrowed; NULL at first: nothing of ours is in place */
	int lock;                  /* held while a file of ours is in place; -1: none is */
};

/* The next version of the file, not yet in its place. */
struct out_successor {
	struct out_file *file;
	FILE *stream;                  /* to write it by */
	char name[FOLDER_HIDDEN_NAME]; /* in the folder; empty: it has none yet */
};

/*
 * Opens the folder, and makes sure that a file with these rights can be made in it. False with *error set
 * if not, or if what has the file's name is not ours. If another chronoctl keeps it, some seconds are given to that
 * one, which may be ending.
 */
bool out_file_open(struct out_file *file, const char *path, const struct out_rights *rights,
		   struct chronosign_error **error);

/* Why others may be able to replace the file, for a warning; NULL: they cannot. The caller frees
 * it. */
char *out_file_weakness(const struct out_file *file);

/* The status of what has the file's name; false if nothing has. */
bool out_file_look(const struct out_file *file, struct stat *status);

/* Begins a successor in the same folder, which has its rights before it has a name. */
bool out_file_begin(struct out_file *file, struct out_successor *successor,
		    struct chronosign_error **error);

/* Syncs the new file to disk and then atomically replaces the old one. On failure the old one
 * stays, and the new one is removed. */
bool out_file_commit(struct out_successor *successor, struct chronosign_error **error);

/* Discards a new version. */
void out_file_abandon(struct out_successor *successor);

/* True if the file that this run has written last is where its path leads. */
bool out_file_is_in_place(const struct out_file *file);

/* Opens the folder anew if another has its path, and takes the file away from the old one. False with *error set if none
 * has. */
bool out_file_follow(struct out_file *file, struct chronosign_error **error);

/* Removes the file of an earlier run, and a successor that a process did not complete. */
bool out_file_remove_old(const struct out_file *file, struct chronosign_error **error);

/* Removes the file that this run has written, and no other, and a successor that a process did not complete. */
bool out_file_remove(struct out_file *file, struct chronosign_error **error);

/* The same for the file alone, while another process may be writing its successor. */
void out_file_remove_ended(const struct out_file *file);

#endif
