/* Names in a folder that stays open, and how what has one is removed only if it is ours. */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include <stdbool.h>
#include <stdio.h>

/* The flags of renameat2(2), which musl has only here. */
#ifndef __GLIBC__
#include <linux/fs.h>
#endif

/* Of a name that nobody can guess and block in a sticky folder. */
enum { FOLDER_HIDDEN_NAME = 32 };

/* The name in its folder, which is a part of the path. */
const char *folder_name_in(const char *path);

/* The folder, opened with these flags of open(2). -1 with errno if it cannot be opened. */
int folder_open(const char *path, int flags);

/* The same for a path that is relative to this folder. */
int folder_open_at(int start, const char *path, int flags);

void folder_hidden_name(char name[static FOLDER_HIDDEN_NAME]);

/* renameat2(2) within the folder. */
int folder_rename(int folder, const char *from, const char *to, unsigned flags);

/* Gives what has the name another one, random and hidden, that nobody removes. */
void folder_set_aside(int folder, const char *name);

struct folder_name {
	int folder;
	const char *name;
	const char *hidden; /* a free name in the folder, for a moment */
	/* A look at what has a name in the folder, this one or the hidden one. */
	bool (*is_ours)(void *context, const char *name);
	void *context;
};

enum folder_removal {
	FOLDER_REMOVED, /* or nothing had the name */
	FOLDER_NOT_OURS,
	FOLDER_FAILED, /* with errno */
};

/*
 * Removes what has the name if it is ours. What gets it at any moment is either seen to be ours or stays, or is set
 * aside if its name is taken again: it is looked at once more under the hidden name. On a file system that cannot
 * rename in this way (RENAME_NOREPLACE), as on NFS, what gets the name after the first look is lost.
 */
enum folder_removal folder_remove(const struct folder_name *entry);

#endif
