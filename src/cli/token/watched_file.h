/* The file of --watch: the tokens that are fit now, a line each, and no file where there are none. */
#ifndef CLI_TOKEN_WATCHED_FILE_H
#define CLI_TOKEN_WATCHED_FILE_H

#include "cli/token/order.h"
#include "cli/token/watched_servers.h"

/* While there is other work, writing it takes at most one part in so many of the time, but it waits
 * no longer than that; while it cannot be written, it is tried so often. */
enum { WATCHED_FILE_PART = 10, WATCHED_FILE_EVERY_MS = 1000 };

struct watched_file {
	const struct token_order *order;
	int64_t written_at; /* or tried to; CLOCK_MONOTONIC, in milliseconds */
	int64_t took;       /* the last time it was written, in milliseconds */
	size_t tokens;      /* in it */
	bool unwritable;    /* the last try has failed */
};

/*
 * Writes the file anew, in one stroke, or removes it if no token is fit or it cannot be written.
 * Failures are told on standard error, those to write it once in a row.
 */
void watched_file_write(struct watched_file *file, const struct watched_servers *servers,
			int64_t now);

/* True if it may be written while there is other work. */
bool watched_file_may_write(const struct watched_file *file, int64_t now);

#endif
