/* `chronoctl token --watch`: keeps running, and keeps a file with valid tokens. */
#ifndef CLI_TOKEN_WATCH_H
#define CLI_TOKEN_WATCH_H

#include "cli/out_file.h"
#include "cli/token/order.h"

#include <chronosign/signer.h>

/*
 * Removes what an earlier run has left: nobody knows how old that is, and this one may have to wait for a PIN, or fail.
 * False with *error set if the key or its PIN is read from that file, or if it is not ours.
 */
bool watch_clear_file(const struct out_file *file, const struct chronosign_key *key,
		      struct chronosign_error **error);

/*
 * Opens the key and keeps --out-file until SIGTERM or SIGINT. SIGHUP reopens the key and signs
 * everything again. Failures are reported on standard error. Returns the exit status. The
 * supervisor removes the file, however this process ends (supervisor.h).
 */
int watch_servers(const struct token_order *order);

#endif
