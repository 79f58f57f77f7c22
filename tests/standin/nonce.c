/*
 * Makes nonces, and has the ticker. A nonce is a hash of the seed, the number of replacements since
 * the start, and the server: ten thousand servers take no memory, and a replacement needs neither a
 * request nor a thread.
 */
#include "nonce.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UUID_BYTES 16
#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS 1000000

struct nonces {
	pthread_mutex_t lock;
	int64_t life, late; /* nanoseconds */
	unsigned spread;
	int64_t start;
	char seed[NONCE_LENGTH + 1]; /* the base server's first nonce */
};

bool nonce_is_canonical(const char *text)
{
	for (size_t i = 0; i < NONCE_LENGTH; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (text[i] == '\0' || strchr(dash ? "-" : "0123456789abcdef", text[i]) == NULL)
			return false;
	}
	return text[NONCE_LENGTH] == '\0';
}

/* Sets version 4 and the variant (RFC 9562 §5.4), and writes the canonical form (§4). */
static void format_uuid(unsigned char bytes[UUID_BYTES], char text[NONCE_LENGTH + 1])
{
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < UUID_BYTES; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;

		text += sprintf(text, dash ? "-%02x" : "%02x", bytes[i]);
	}
}

static void random_nonce(char text[NONCE_LENGTH + 1])
{
	unsigned char bytes[UUID_BYTES];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		abort();
	format_uuid(bytes, text);
}

static void derive_nonce(char text[NONCE_LENGTH + 1], char what, long long number)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char seed[NONCE_LENGTH + 32];
	int length = snprintf(seed, sizeof(seed), "%s/%c/%lld", text, what, number);

	if (EVP_Digest(seed, (size_t)length, digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	format_uuid(digest, text);
}

/* The wall clock, because Expires is wall time. */
static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * NS_PER_S + time.tv_nsec;
}

/* Call this and the next one with the lock held. */
static void restart(struct nonces *nonces)
{
	random_nonce(nonces->seed);
	nonces->start = now();
}

static struct nonce present(const struct nonces *nonces, int server)
{
	bool in_turn = nonces->spread != 0 && server != BASE_SERVER;
	int64_t ahead = in_turn ? nonces->life * server / nonces->spread : 0;
	int64_t start = nonces->start - ahead, age = now() - start;
	int64_t ticks = age / nonces->life;
	struct nonce nonce = {
		.expires = (time_t)((start + (ticks + 1) * nonces->life) / NS_PER_S),
	};

	if (ticks > 0 && age % nonces->life < nonces->late)
		ticks--;
	memcpy(nonce.text, nonces->seed, sizeof(nonce.text));
	if (ticks > 0)
		derive_nonce(nonce.text, 't', ticks);
	if (server != BASE_SERVER)
		derive_nonce(nonce.text, 's', server);
	return nonce;
}

struct nonces *nonces_new(const struct nonce_settings *settings)
{
	struct nonces *nonces = calloc(1, sizeof(*nonces));

	if (nonces == NULL)
		return NULL;
	pthread_mutex_init(&nonces->lock, NULL);
	nonces->life = settings->life * NS_PER_S;
	nonces->late = (int64_t)settings->late * NS_PER_MS;
	nonces->spread = settings->spread;
	restart(nonces);
	if (settings->first != NULL)
		memcpy(nonces->seed, settings->first, NONCE_LENGTH);
	return nonces;
}

void nonces_free(struct nonces *nonces)
{
	if (nonces == NULL)
		return;
	pthread_mutex_destroy(&nonces->lock);
	free(nonces);
}

struct nonce nonces_of(struct nonces *nonces, int server)
{
	struct nonce nonce;

	pthread_mutex_lock(&nonces->lock);
	nonce = present(nonces, server);
	pthread_mutex_unlock(&nonces->lock);
	return nonce;
}

void nonces_restart(struct nonces *nonces)
{
	pthread_mutex_lock(&nonces->lock);
	restart(nonces);
	pthread_mutex_unlock(&nonces->lock);
}
