/* The network program of --watch: started anew when it died, when it is to be, and ever later when that
 * does not help. */
#ifndef CLI_TOKEN_WATCHED_NETWORK_H
#define CLI_TOKEN_WATCHED_NETWORK_H

#include "network/network.h"

/* Times are CLOCK_MONOTONIC's, in milliseconds. */
struct watched_network {
	struct network *network;
	unsigned failures;  /* in a row */
	bool told;          /* of the first of them */
	int64_t started_at; /* the last time */
	int64_t restart_at; /* INT64_MAX: it runs as it is to */
	int64_t silent_at;  /* unless it says something before; INT64_MAX: it does not run */
};

void watched_network_begin(struct watched_network *watched, struct network *network, int64_t now);

/* It died, or did not start, for this reason, which is told once in a row. */
void watched_network_lose(struct watched_network *watched, int64_t now,
			  const struct chronosign_error *reason);

/* It is to be started anew, though nothing is wrong with it. */
void watched_network_renew(struct watched_network *watched, int64_t now);

bool watched_network_is_due(const struct watched_network *watched, int64_t now);

/* Starts it anew. True if that went well so far: all servers are asked again. */
bool watched_network_restart(struct watched_network *watched, int64_t now);

/* A message has come. */
void watched_network_answered(struct watched_network *watched, int64_t now);

/* Gives it up if it has been silent for too long. To be called when nothing of it waits to be heard. */
void watched_network_check(struct watched_network *watched, int64_t now);

#endif
