/* A token for each server, once: printed in the order of the servers. */
#ifndef CLI_TOKEN_ISSUE_H
#define CLI_TOKEN_ISSUE_H

#include "cli/options.h"
#include "cli/servers.h"
#include "cli/token/token_output.h"

#include "network/network.h"
#include <chronosign/signer.h>

struct issue_order {
	const struct options *options;
	const struct servers *servers;
	enum output_form form;
	const struct chronosign_key *key;
	struct network *network;
	int64_t started_at; /* the network program, or a little earlier */
	int output;         /* where the lines go */
};

/*
 * Signs the nonces as they come and, when all have come, prints the lines. Whatever fails is told on
 * standard error. Returns the exit status.
 */
int issue_tokens(const struct issue_order *order, struct chronosign_signer *signer);

#endif
