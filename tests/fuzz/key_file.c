/* Fuzzes key files, PEM and DER, encrypted or not: each gives a token or an error. */
#include "fuzz.h"

#include "base/cleanup.h"

#include <chronosign/signer.h>
#include <openssl/rand.h>
#include <string.h>

static const char passphrase[] = "fuzz";
static const char nonce[] = "7d9f2c1e-5b3a-4c6d-8e9f-0a1b2c3d4e5f";

static void sign(struct chronosign_signer *signer)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_text) char *token = chronosign_token_make(signer, nonce, &error);

	fuzz_promise_outcome(token != NULL, error);
	PROMISE(token == NULL || strlen(token) % 4 == 0);
}

/* Started here, OpenSSL's random generator stays out of the locked heap, where LeakSanitizer would
 * take it for a leak. */
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	unsigned char byte;

	(void)count, (void)arguments;
	PROMISE(RAND_bytes(&byte, 1) == 1 && RAND_priv_bytes(&byte, 1) == 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	char reference[] = "file:///key.pem";
	struct chronosign_key *key = chronosign_key_new(reference, &error);

	PROMISE(key != NULL);
	chronosign_key_set_pin(key, chronosign_secret_new(passphrase, strlen(passphrase), NULL));
	fuzz_set_file(data, size);
	struct chronosign_signer *signer = chronosign_signer_open(key, &error);
	fuzz_set_file(NULL, 0);
	fuzz_promise_outcome(signer != NULL, error);
	if (signer != NULL)
		sign(signer);
	chronosign_signer_close(signer);
	chronosign_key_free(key);
	return 0;
}
