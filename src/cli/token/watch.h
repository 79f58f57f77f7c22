/* `chronoctl token --watch`: stays, and keeps a file with valid tokens. */
#ifndef CLI_TOKEN_WATCH_H
#define CLI_TOKEN_WATCH_H

#include "cli/options.h"
#include "cli/servers.h"
#include "cli/token/token_output.h"

#include "network/network.h"
#include <chronosign/signer.h>

struct watch_order {
	struct options *options;
	const struct servers *servers;
	enum output_form form;
	struct chronosign_key *key;
	struct network *network;
	int64_t started_at; /* the network program, or a little earlier */
};

/*
 * Opens the key and keeps --out-file until SIGTERM or SIGINT. SIGHUP opens the key anew and signs
 * everything again. Whatever fails is told on standard error. Returns the exit status; the file is
 * removed by the process above (supervisor.h), however this one ends.
 */
int watch_servers(const struct watch_order *order);

#endif
