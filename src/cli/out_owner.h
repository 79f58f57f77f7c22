/* Whose a file of tokens is: ours, by its inode, or that of another chronoctl, by its lock. */
#ifndef CLI_OUT_OWNER_H
#define CLI_OUT_OWNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

/*
 * The files that this run has put in place, in memory that both processes share: the last one, and one that is being
 * put there. Written by the process that does so alone; zero at first.
 */
struct out_record {
	struct out_inode {
		atomic_ullong device;
		atomic_ullong number; /* 0: there is none */
	} files[2];
	atomic_uint last;
};

/* Before the file with this status gets its name, and afterwards. */
void out_record_begin(struct out_record *record, const struct stat *status);
void out_record_end(struct out_record *record, bool in_place);

/* It has been removed. */
void out_record_forget(struct out_record *record);

bool out_record_has(const struct out_record *record, const struct stat *status);

/*
 * Locks a file until the descriptor is closed, that is, until the process ends at the latest. -1 if it has gone. On a
 * file system without locks there is none.
 */
int out_lock(int folder, const char *name);

/* True if another descriptor has locked the file. */
bool out_is_locked(int descriptor);

#endif
