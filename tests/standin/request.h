/* What the two halves of the HTTP server share: MHD's callbacks (server.c) and the answers
 * (answers.c). */
#ifndef STANDIN_REQUEST_H
#define STANDIN_REQUEST_H

#include "later.h"
#include "server.h"

#include <microhttpd.h>
#include <stdbool.h>

struct server {
	struct server_settings settings;
	struct MHD_Daemon *daemon;
	struct later *later;
	struct store *store; /* used by MHD's one thread only */
	char *cert, *key;    /* PEM */
	bool replaced;       /* the nonce has been replaced, as the mode does once */
};

/* A request under way. MHD calls with one of these from one thread at a time. */
struct request {
	struct server *server;
	struct MHD_Connection *connection;
	const char *method, *version;
	const char *url; /* decoded, without the query */
	char *path;      /* as it came, with the query */
	char *body;      /* what was uploaded; NULL: nothing */
	size_t body_length;
	bool begun;   /* MHD's first call comes when only the headers are there */
	bool delayed; /* has waited for --delay */
	int number;   /* of the server below the base path */
	int prefix;   /* length of that server's base path */
};

/* Queues the answer; MHD_NO closes the connection instead. */
enum MHD_Result answer(struct request *request);

#endif
