/* `chronoctl token --nonce` and `--nonce-from`: a nonce that was fetched elsewhere, because the
 * machine with the key has no way to the server. No network program, no socket. */
#ifndef CLI_TOKEN_NONCE_BY_HAND_H
#define CLI_TOKEN_NONCE_BY_HAND_H

#include "cli/options.h"

#include <chronosign/error.h>
#include <stdbool.h>

/* True if the options give a nonce, so that no server is to be asked. */
bool nonce_by_hand_is_given(const struct options *options);

/*
 * Signs it, and writes the token to the descriptor `output`. Returns the exit status; with *error
 * set, that of the error holds.
 */
int nonce_by_hand_sign(struct options *options, int output, struct chronosign_error **error);

#endif
