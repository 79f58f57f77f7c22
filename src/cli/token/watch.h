/* `chronoctl token --watch`: keeps running, and keeps a file with valid tokens. */
#ifndef CLI_TOKEN_WATCH_H
#define CLI_TOKEN_WATCH_H

#include "cli/token/order.h"

#include <chronosign/signer.h>

/*
 * Opens the key and keeps --out-file until SIGTERM or SIGINT. SIGHUP reopens the key and signs
 * everything again. Failures are reported on standard error. Returns the exit status. The
 * supervisor removes the file, however this process ends (supervisor.h).
 */
int watch_servers(const struct token_order *order);

#endif
