/* A key that is kept open for a long time: it may be lost and reopened, but without risk to its
 * PIN. */
#ifndef CLI_TOKEN_WATCHED_KEY_H
#define CLI_TOKEN_WATCHED_KEY_H

#include "cli/options.h"

#include <chronosign/signer.h>
#include <stdint.h>

struct watched_key {
	struct chronosign_key *key;
	struct chronosign_signer *signer; /* NULL: it is lost, or was never open */
	struct chronosign_secret *pin;    /* the entered PIN */
	struct supervisor *supervisor;
	bool sees_logins; /* they are Cryptoki calls that we watch */
	bool login_refused;
	unsigned failures;
	int64_t retry_at; /* in milliseconds; of a key that is lost */
};

/* Takes the PIN in, from where it may not be readable again; the key is not opened yet. */
bool watched_key_prepare(struct watched_key *watched, struct chronosign_key *key,
			 const struct options *options, struct chronosign_error **error);

/* Opens it, or opens it anew. On failure it is lost. */
bool watched_key_open(struct watched_key *watched, struct chronosign_error **error);

/*
 * It could not be opened, or could not sign: closes it. True if it may be tried again, at
 * `retry_at`: at once for the first time, then later each time. False if the token has refused a
 * login, or may have without our seeing it: a second try could be the one that locks the token.
 */
bool watched_key_lose(struct watched_key *watched, int64_t now);

void watched_key_release(struct watched_key *watched);

#endif
