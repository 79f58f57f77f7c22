/* `chronoctl token --watch`: stays, and keeps a file with valid tokens. */
#ifndef CLI_TOKEN_WATCH_H
#define CLI_TOKEN_WATCH_H

#include "cli/token/order.h"

#include <chronosign/signer.h>

/*
 * Opens the key and keeps --out-file until SIGTERM or SIGINT. SIGHUP opens the key anew and signs
 * everything again. Failures are reported on standard error. Returns the exit status; the file is
 * removed by the process above (supervisor.h), however this one ends.
 */
int watch_servers(const struct token_order *order);

#endif
