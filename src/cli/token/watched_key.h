/*
 * A key that stays open for a long time: it may be lost and reopened, but its PIN is never at risk.
 */
#ifndef CLI_TOKEN_WATCHED_KEY_H
#define CLI_TOKEN_WATCHED_KEY_H

#include "cli/options.h"

#include <chronosign/signer.h>
#include <stdint.h>

struct watched_key {
	struct chronosign_key *key;
	struct chronosign_signer *signer; /* NULL: it is lost, or was never open */
	struct chronosign_secret *pin;    /* the entered PIN */
	unsigned failures;
	int64_t retry_at; /* in milliseconds; of a key that is lost */
};

/* Reads the PIN from its source, which may not be readable later. Does not open the key yet. */
bool watched_key_prepare(struct watched_key *watched, struct chronosign_key *key,
			 const struct options *options, struct chronosign_error **error);

/* Opens or reopens the key. If that fails, it is lost. */
bool watched_key_open(struct watched_key *watched, struct chronosign_error **error);

/*
 * Closes a key that could not be opened or could not sign. True if it may be tried again, at
 * `retry_at`: the first time at once, then after a longer pause each time. False if the token has
 * refused a login, or may have refused one unseen: the next try could lock the token.
 */
bool watched_key_lose(struct watched_key *watched, int64_t now);

void watched_key_release(struct watched_key *watched);

#endif
