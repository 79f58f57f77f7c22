/* The file of --watch: the tokens that are valid now, one per line; no file if there are none. */
#ifndef CLI_TOKEN_WATCHED_FILE_H
#define CLI_TOKEN_WATCHED_FILE_H

#include "cli/token/order.h"
#include "cli/token/watched_servers.h"

/* While there is other work, writing takes at most this fraction of the time, and is delayed at
 * most this long; after a failure it is retried at this interval. */
enum { WATCHED_FILE_PART = 10, WATCHED_FILE_EVERY_MS = 1000 };

struct watched_file {
	const struct token_order *order;
	int64_t written_at; /* or tried to; milliseconds() */
	int64_t took;       /* the last time it was written, in milliseconds */
	int64_t ends;    /* when the last token in it does, as far as it is known; INT64_MAX: not */
	size_t tokens;   /* in it */
	bool unwritable; /* the last try has failed */
	int64_t looked_at;
	bool lost;        /* what was written is no longer in its place */
	struct told told; /* that it was removed */
	struct told told_lost;
};

/*
 * Atomically writes the new file, or removes it if no token is valid or it cannot be written.
 * Failures are reported on standard error, repeated write failures only once. False: it took so long that the
 * supervisor has removed what it took for the old file; it has to be written again.
 */
bool watched_file_write(struct watched_file *file, const struct watched_servers *servers,
			int64_t now);

/* At the time of `ends`, unless the file was written: the servers may have given its tokens more time. False: the
 * supervisor has removed the file, because this came too late; it has to be written again. */
bool watched_file_lives_on(struct watched_file *file, const struct watched_servers *servers,
			   int64_t now);

/* Looks whether what was written is in its place, now and then. False: it is not, and has to be written again. */
bool watched_file_look(struct watched_file *file, int64_t now);

/* True if it may be written while there is other work. */
bool watched_file_may_write(const struct watched_file *file, int64_t now);

#endif
