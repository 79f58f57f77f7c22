/* The HTTP server: from a request to its answer. */
#ifndef STANDIN_SERVER_H
#define STANDIN_SERVER_H

#include "nonce.h"
#include "options.h"

#include <openssl/evp.h>
#include <stdint.h>

struct server;

/*
 * What the server needs. All but the descriptors belong to the caller and must outlive the server.
 */
struct server_settings {
	const struct options *options;
	struct nonces *nonces;
	EVP_PKEY *key; /* NULL: no token is good */
	int listener;  /* closed by server_end */
	uint16_t port;
	int log; /* -1: none */
};

/* Serves in threads of its own. NULL: it failed, and the reason is on standard error. */
struct server *server_start(const struct server_settings *settings);

void server_end(struct server *server);

#endif
