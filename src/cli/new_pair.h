/* Shared by gen-keypair and import-key: a pair that is complete and reported, or removed. */
#ifndef CLI_NEW_PAIR_H
#define CLI_NEW_PAIR_H

#include "cli/options.h"
#include "keystore/key_pair.h"

struct new_pair_plan {
	const struct chronosign_key *where;
	const char *progress;    /* what is seen while it is made */
	const char *pub_key_out; /* a new file for the public half, or NULL */
	bool (*order)(struct key_pair *pair, const struct options *options, void *context,
		      struct chronosign_error **error);
	void *context;
};

/*
 * Prepares, orders, makes, writes the public half, and writes the reference of the private key to `output`.
 * On a failure or an interrupt everything is removed and *error says so. Returns the reference,
 * which the caller frees.
 */
char *new_pair_make(const struct new_pair_plan *plan, const struct options *options, int output,
		    struct chronosign_error **error);

/* A command that makes its pair by `make`, which tells what came of it: the exit status. */
int new_pair_run(struct options *options, bool (*make)(struct options *options, int output,
						       struct chronosign_error **error));

#endif
