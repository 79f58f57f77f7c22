/* The backend `file`: a private RSA key in a PEM or DER file. */
#include "base/cleanup.h"
#include "signer/backend.h"
#include "signer/key_file.h"
#include "signer/openssl_key.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>

/* Lets OpenSSL fetch and seed what a first signature needs while the nonce is being fetched;
 * errors show up again at the signature. */
static void prepare(EVP_PKEY *pkey)
{
	CLEANUP(cleanup_digest) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	unsigned char byte;

	if (digest != NULL)
		EVP_DigestSignInit_ex(digest, NULL, "SHA256", NULL, NULL, pkey, NULL);
	RAND_priv_bytes(&byte, sizeof byte);
	ERR_clear_error();
}

static bool file_open(const struct chronosign_key *key, void **state, EVP_PKEY **public_key,
		      struct chronosign_error **error)
{
	CLEANUP(cleanup_pkey) EVP_PKEY *pkey = key_file_read(key, error);

	if (pkey == NULL)
		return false;
	prepare(pkey);
	EVP_PKEY_up_ref(pkey);
	*public_key = pkey;
	*state = TAKE(pkey);
	return true;
}

static bool file_sign(void *state, struct signing *signing, struct chronosign_error **error)
{
	return openssl_key_sign(state, NULL, signing, error);
}

static void file_close(void *state)
{
	EVP_PKEY_free(state);
}

static const char *file_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

const struct backend backend_file = {
	.name = "file",
	.library = file_library,
	.open = file_open,
	.sign = file_sign,
	.close = file_close,
	.shows_logins = true,
};
