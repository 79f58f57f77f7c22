/* Making nonces and ending them. One seed, the base server's nonce, holds those of all the others.
 */
#include "nonce.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UUID_BYTES 16

struct nonces {
	pthread_mutex_t lock;
	unsigned life_seconds;
	struct nonce base;
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

static bool random_nonce(char text[NONCE_LENGTH + 1])
{
	unsigned char bytes[UUID_BYTES];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	format_uuid(bytes, text);
	return true;
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

/* Call with the lock held. */
static void replace(struct nonces *nonces)
{
	if (!random_nonce(nonces->base.text))
		abort();
	nonces->base.expires = time(NULL) + nonces->life_seconds;
}

struct nonces *nonces_new(const char *first, unsigned life_seconds)
{
	struct nonces *nonces = calloc(1, sizeof(*nonces));

	if (nonces == NULL)
		return NULL;
	pthread_mutex_init(&nonces->lock, NULL);
	nonces->life_seconds = life_seconds;
	replace(nonces);
	if (first != NULL)
		memcpy(nonces->base.text, first, NONCE_LENGTH);
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
	if (time(NULL) >= nonces->base.expires)
		replace(nonces);
	nonce = nonces->base;
	pthread_mutex_unlock(&nonces->lock);
	if (server != BASE_SERVER)
		derive_nonce(nonce.text, server);
	return nonce;
}

void nonces_replace(struct nonces *nonces)
{
	pthread_mutex_lock(&nonces->lock);
	replace(nonces);
	pthread_mutex_unlock(&nonces->lock);
}

static long hours_east_of_utc(const char *zone)
{
	static const struct {
		const char *abbreviation;
		long hours;
	} zones[] = {{"UTC", 0}, {"GMT", 0}, {"CET", 1}, {"EST", -5}};

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (strcmp(zone, zones[i].abbreviation) == 0)
			return zones[i].hours;
	return 0;
}

void nonce_format_expires(const struct nonce *nonce, const char *zone, char expires[EXPIRES_MAX])
{
	time_t local = nonce->expires + hours_east_of_utc(zone) * 3600;
	struct tm fields;
	size_t length;

	gmtime_r(&local, &fields);
	length = strftime(expires, EXPIRES_MAX, "%a, %d %b %Y %H:%M:%S ", &fields);
	snprintf(expires + length, EXPIRES_MAX - length, "%s", zone);
}
