/* A hash table of chains, with a fixed number of places for each server. */
#include "chronograf/given_nonces.h"

#include "base/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One at hand, and those of as many replicas behind one URL as anybody has. */
enum { NONCES_OF_ONE = 4 };

#define NO_NONCE UINT32_MAX

struct given_nonce {
	int64_t until; /* INT64_MAX: it is at hand */
	uint32_t came; /* in this order; 0: the place is free */
	uint32_t next;
	char nonce[UUID_LENGTH + 1];
};

bool given_nonces_begin(struct given_nonces *given, size_t servers)
{
	*given = (struct given_nonces){.servers = servers};
	if (servers >= NO_NONCE / NONCES_OF_ONE)
		return false;
	given->nonces = calloc(servers * NONCES_OF_ONE, sizeof *given->nonces);
	given->heads = malloc(servers * sizeof *given->heads);
	if (given->nonces == NULL || given->heads == NULL)
		return false;
	for (size_t i = 0; i < servers; i++)
		given->heads[i] = NO_NONCE;
	return true;
}

void given_nonces_end(struct given_nonces *given)
{
	free(given->nonces);
	free(given->heads);
	*given = (struct given_nonces){0};
}

/* FNV-1a. An attacker who picks nonces with equal hashes only makes this run slow. */
static uint32_t *chain_of(const struct given_nonces *given, const char *nonce)
{
	uint32_t hash = 2166136261u;

	for (; *nonce != '\0'; nonce++)
		hash = (hash ^ (unsigned char)*nonce) * 16777619u;
	return &given->heads[hash % given->servers];
}

static void unchain(struct given_nonces *given, uint32_t place)
{
	uint32_t *link = chain_of(given, given->nonces[place].nonce);

	while (*link != place)
		link = &given->nonces[*link].next;
	*link = given->nonces[place].next;
}

/* The one with that nonce, or else a free one, or else the oldest. */
static uint32_t place_for(const struct given_nonces *given, size_t server, const char *nonce)
{
	uint32_t first = (uint32_t)server * NONCES_OF_ONE;
	uint32_t place = first;

	for (uint32_t i = first; i < first + NONCES_OF_ONE; i++) {
		if (strcmp(given->nonces[i].nonce, nonce) == 0)
			return i;
		if (given->nonces[i].came < given->nonces[place].came)
			place = i;
	}
	return place;
}

void given_nonces_replace(struct given_nonces *given, size_t server, const char *nonce,
			  int64_t former_until)
{
	struct given_nonce *first = &given->nonces[server * NONCES_OF_ONE];

	for (size_t i = 0; i < NONCES_OF_ONE; i++)
		if (first[i].until == INT64_MAX)
			first[i].until = former_until;
	if (nonce[0] == '\0')
		return;
	uint32_t place = place_for(given, server, nonce);
	struct given_nonce *given_nonce = &given->nonces[place];
	if (given_nonce->came > 0)
		unchain(given, place);
	snprintf(given_nonce->nonce, sizeof given_nonce->nonce, "%s", nonce);
	given_nonce->until = INT64_MAX;
	given_nonce->came = ++given->came;
	given_nonce->next = *chain_of(given, nonce);
	*chain_of(given, nonce) = place;
}

uint32_t given_nonces_find(const struct given_nonces *given, const char *nonce, size_t server,
			   int64_t now)
{
	int64_t best_until = now;
	uint32_t best = GIVEN_BY_NONE;

	/* The first one in time is the last in the chain. */
	for (uint32_t i = *chain_of(given, nonce); i != NO_NONCE; i = given->nonces[i].next) {
		const struct given_nonce *given_nonce = &given->nonces[i];

		if (i / NONCES_OF_ONE != server && given_nonce->until > now &&
		    given_nonce->until >= best_until && strcmp(given_nonce->nonce, nonce) == 0) {
			best_until = given_nonce->until;
			best = i / NONCES_OF_ONE;
		}
	}
	return best;
}
