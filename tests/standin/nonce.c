/* Making nonces, and the ticker: a replacement is due at start + k * life, and whoever asks first
 * after it carries it out, which nobody can tell from a thread that does it in time. One seed, the
 * base server's nonce, holds those of all the others. */
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
	int64_t start;
	int64_t ticks; /* since the start */
	char text[NONCE_LENGTH + 1];
	char old[NONCE_LENGTH + 1]; /* the one before the last tick */
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

/* Ten thousand servers cost no memory: a server's nonce is a hash of the seed and the server's
 * number. */
static void derive_nonce(char text[NONCE_LENGTH + 1], int server)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char seed[NONCE_LENGTH + 16];
	int length = snprintf(seed, sizeof(seed), "%s/s/%d", text, server);

	if (EVP_Digest(seed, (size_t)length, digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	format_uuid(digest, text);
}

/* The wall clock, since Expires is wall time. */
static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * NS_PER_S + time.tv_nsec;
}

/* Call with the lock held, as the next two. */
static void restart(struct nonces *nonces)
{
	random_nonce(nonces->text);
	nonces->start = now();
	nonces->ticks = 0;
}

static void tick(struct nonces *nonces, int64_t ticks)
{
	if (ticks == nonces->ticks + 1)
		memcpy(nonces->old, nonces->text, sizeof(nonces->old));
	else /* the one that nobody has asked for */
		random_nonce(nonces->old);
	random_nonce(nonces->text);
	nonces->ticks = ticks;
}

static struct nonce present(struct nonces *nonces)
{
	int64_t age = now() - nonces->start, ticks = age / nonces->life;
	struct nonce nonce;
	bool old;

	if (ticks > nonces->ticks)
		tick(nonces, ticks);
	nonce.expires = (time_t)((nonces->start + (nonces->ticks + 1) * nonces->life) / NS_PER_S);
	old = nonces->ticks > 0 && age % nonces->life < nonces->late;
	memcpy(nonce.text, old ? nonces->old : nonces->text, sizeof(nonce.text));
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
	restart(nonces);
	if (settings->first != NULL)
		memcpy(nonces->text, settings->first, NONCE_LENGTH);
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
	nonce = present(nonces);
	pthread_mutex_unlock(&nonces->lock);
	if (server != BASE_SERVER)
		derive_nonce(nonce.text, server);
	return nonce;
}

void nonces_restart(struct nonces *nonces)
{
	pthread_mutex_lock(&nonces->lock);
	restart(nonces);
	pthread_mutex_unlock(&nonces->lock);
}
