/* What `chronoctl token` needs to sign once (issue.h) or as long as it runs (watch.h). */
#ifndef CLI_TOKEN_ORDER_H
#define CLI_TOKEN_ORDER_H

#include "cli/options.h"
#include "cli/servers.h"
#include "network/network.h"

struct token_order {
	struct options *options;
	const struct servers *servers;
	struct chronosign_key *key;
	struct network *network;
	int64_t started_at; /* the network program, or a little earlier */
	int output;         /* where the lines go, unless they go to --out-file */
};

#endif
