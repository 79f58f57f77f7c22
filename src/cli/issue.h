/* A token for each server, once: printed in the order of the servers. */
#ifndef CLI_ISSUE_H
#define CLI_ISSUE_H

#include "cli/options.h"
#include "cli/servers.h"
#include "cli/token_output.h"

#include "network/network.h"
#include <chronosign/signer.h>

struct issue_order {
	const struct options *options;
	const struct servers *servers;
	enum output_form form;
	const chronosign_key *key;
	struct network *fetch;
	int output; /* where the lines go */
};

/*
 * Signs the nonces as they come, and prints the lines as far as no earlier server's is missing. Whatever fails is told on standard error. Returns the exit
 * status.
 */
int issue_tokens(const struct issue_order *order, chronosign_signer *signer);

#endif
