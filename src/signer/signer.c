/* The signer: chooses a backend, checks what gets signed, and verifies the signature. Knows no
 * details of a backend. */
#include <chronosign/signer.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "base/uuid.h"
#include "base/wipe_stack.h"
#include "pkcs11/module.h"
#include "signer/backend.h"

#include <string.h>

struct chronosign_signer {
	const struct backend *backend;
	void *state;
	EVP_PKEY *public_key;
	EVP_MD_CTX *verification; /* with that key; NULL: OpenSSL cannot */
};

DEFINE_CLEANUP(signer, struct chronosign_signer *, chronosign_signer_close)

enum {
	FILES = 1u << KEY_IN_FILE,
	TOKENS = 1u << KEY_IN_TOKEN,
	STORES = 1u << KEY_IN_STORE,
};

/* The built-in backends, the kinds of references that each accepts, and those for which "auto"
 * chooses it. */
static const struct {
	const struct backend *backend;
	unsigned takes;
	unsigned auto_for;
} backends[] = {
	{&backend_file, FILES, FILES},
	{&backend_pkcs11, TOKENS, TOKENS},
#ifdef WITH_LIBP11
	{&backend_libp11, TOKENS, 0},
#endif
#ifdef WITH_ENGINE
	{&backend_engine, FILES | TOKENS | STORES, 0},
#endif
#ifdef WITH_PROVIDER
	{&backend_provider, FILES | TOKENS | STORES, STORES},
#endif
};

static const size_t backend_count = sizeof backends / sizeof backends[0];

bool backend_describe(size_t index, const char **name, const char **library)
{
	if (index >= backend_count)
		return false;
	*name = backends[index].backend->name;
	*library = backends[index].backend->library();
	return true;
}

static bool no_backend(const struct chronosign_key *key, const char *name,
		       struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *built = NULL;

	for (size_t i = 0; i < backend_count; i++)
		text_append(&built, " %s", backends[i].backend->name);
	if (name == NULL)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "no signer here takes the key '%s'; it is neither a file nor a "
				 "pkcs11: URI, and the signer provider is not built in",
				 key->name);
	return error_set(error, CHRONOSIGN_ERROR_USAGE,
			 "there is no signer '%s' in this build; there are:%s", name, built);
}

static const struct backend *choose_backend(const struct chronosign_key *key,
					    struct chronosign_error **error)
{
	const char *name =
		key->backend != NULL && strcmp(key->backend, "auto") != 0 ? key->backend : NULL;

	for (size_t i = 0; i < backend_count; i++) {
		const struct backend *backend = backends[i].backend;
		unsigned takes = name == NULL ? backends[i].auto_for : backends[i].takes;

		if (name != NULL && strcmp(name, backend->name) != 0)
			continue;
		if ((takes & 1u << key->kind) != 0)
			return backend;
		if (name == NULL)
			continue;
		error_set(error, CHRONOSIGN_ERROR_USAGE,
			  "the signer '%s' takes no %s such as '%s'; leave out --signer", name,
			  key->kind == KEY_IN_FILE    ? "file"
			  : key->kind == KEY_IN_TOKEN ? "pkcs11: URI"
						      : "URI",
			  key->name);
		return NULL;
	}
	no_backend(key, name, error);
	return NULL;
}

bool backend_shows_logins(const struct chronosign_key *key)
{
	const struct backend *backend = choose_backend(key, NULL);

	return backend != NULL && backend->shows_logins;
}

static bool check_public_key(const EVP_PKEY *public_key, struct chronosign_error **error)
{
	int size = EVP_PKEY_get_size(public_key);

	return (size > 0 && size <= SIGNATURE_MAX) ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the key has %d bits; at most %d are supported",
			 EVP_PKEY_get_bits(public_key), SIGNATURE_MAX * 8);
}

DEFINE_CLEANUP(digest, EVP_MD_CTX *, EVP_MD_CTX_free)

/* Lets OpenSSL fetch its algorithms now, while the nonce is being fetched. */
static EVP_MD_CTX *new_verification(EVP_PKEY *public_key)
{
	CLEANUP(cleanup_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();

	return context != NULL && EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL,
							  public_key, NULL) == 1
		       ? TAKE(context)
		       : NULL;
}

struct chronosign_signer *chronosign_signer_open(const struct chronosign_key *key,
						 struct chronosign_error **error)
{
	CLEANUP(cleanup_signer) struct chronosign_signer *signer = calloc(1, sizeof *signer);
	const struct backend *backend = choose_backend(key, error);

	if (backend == NULL)
		return NULL;
	if (signer == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	bool opened = backend->open(key, &signer->state, &signer->public_key, error);
	wipe_stack();
	if (!opened)
		return NULL;
	signer->backend = backend;
	if (!check_public_key(signer->public_key, error))
		return NULL;
	signer->verification = new_verification(signer->public_key);
	key_notice(key, CHRONOSIGN_NOTICE_DETAIL, "key: %s, RSA of %d bits, by the signer '%s'",
		   key->name, EVP_PKEY_get_bits(signer->public_key), backend->name);
	key_warn_of_length(key, EVP_PKEY_get_bits(signer->public_key));
	return TAKE(signer);
}

void chronosign_signer_close(struct chronosign_signer *signer)
{
	if (signer == NULL)
		return;
	if (signer->backend != NULL)
		signer->backend->close(signer->state);
	EVP_MD_CTX_free(signer->verification);
	EVP_PKEY_free(signer->public_key);
	free(signer);
}

const EVP_PKEY *chronosign_signer_public_key(const struct chronosign_signer *signer)
{
	return signer->public_key;
}

static bool verifies(const struct chronosign_signer *signer, const struct signing *signing)
{
	CLEANUP(cleanup_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();

	return context != NULL && signer->verification != NULL &&
	       EVP_MD_CTX_copy_ex(context, signer->verification) == 1 &&
	       EVP_DigestVerify(context, signing->signature, signing->length, signing->message,
				signing->message_length) == 1;
}

char *chronosign_token_make(struct chronosign_signer *signer, const char *nonce,
			    struct chronosign_error **error)
{
	struct signing signing = {
		.message = (const uint8_t *)nonce,
		.message_length = UUID_LENGTH,
		.modulus_length = (size_t)EVP_PKEY_get_size(signer->public_key),
	};

	/* RS256 of a JWT is the same signature scheme: anything else signed here could be valid
	 * elsewhere. */
	if (!uuid_is_version_4(nonce, strlen(nonce))) {
		error_set(error, CHRONOSIGN_ERROR_SERVER,
			  "this is not a Chronograf nonce, so it is not signed");
		return NULL;
	}
	bool signed_it = signer->backend->sign(signer->state, &signing, error);
	/* A token may have asked for its PIN again. */
	wipe_stack();
	if (!signed_it)
		return NULL;
	if (!verifies(signer, &signing)) {
		error_set(error, CHRONOSIGN_ERROR_KEY,
			  "the signature does not verify with the public half of the key, so there "
			  "is no token; "
			  "the token or its module computes wrongly, or its public key is not that "
			  "of the private key");
		return NULL;
	}
	char *token = malloc((signing.length + 2) / 3 * 4 + 1);
	if (token == NULL)
		error_out_of_memory(error);
	else
		EVP_EncodeBlock((uint8_t *)token, signing.signature, (int)signing.length);
	return token;
}

void chronosign_finalize(const struct chronosign_watch *watch, void *context)
{
	struct chronosign_key watcher = {.watch_context = context};

	if (watch != NULL)
		watcher.watch = *watch;
	pkcs11_modules_finalize(&watcher);
}
