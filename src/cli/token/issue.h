/* A token for each server, once: printed in the order of the servers. */
#ifndef CLI_TOKEN_ISSUE_H
#define CLI_TOKEN_ISSUE_H

#include "cli/token/order.h"

#include <chronosign/signer.h>

/*
 * Signs the nonces as they come and, when all have come, prints the lines. Failures are reported on
 * standard error. Returns the exit status.
 */
int issue_tokens(const struct token_order *order, struct chronosign_signer *signer);

#endif
