/* Reading a key file: the one private key in it, by OpenSSL's decoders. */
#include "signer/key_file.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/locked_heap.h"
#include "base/secret.h"
#include "base/text.h"
#include "key/files.h"
#include "key/pin.h"
#include "signer/bad_key_file.h"
#include "signer/openssl_key.h"
#include "signer/openssl_reasons.h"
#include "signer/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>

/* A key of 16,384 bits is 13 KiB in PEM; no key file is longer than this. */
static const size_t key_file_max = 65536;

/* Room for the private numbers of the largest key (16,384 bits), with what OpenSSL calculates to sign;
 * one of 4,096 bits takes 4 KiB. */
static const size_t locked_heap_size = 32768;

DEFINE_CLEANUP(decoder, OSSL_DECODER_CTX *, OSSL_DECODER_CTX_free)

static bool key_error(struct chronosign_error **error, const struct chronosign_key *key,
		      const char *what)
{
	return error_set(error, CHRONOSIGN_ERROR_KEY, "the key file '%s' %s", key->name, what);
}

static bool check_file(const struct chronosign_key *key, int descriptor, struct stat *status,
		       struct chronosign_error **error)
{
	if (fstat(descriptor, status) != 0)
		return error_set(error, CHRONOSIGN_ERROR_KEY, "the key file '%s': %s", key->name,
				 strerror(errno));
	return !S_ISDIR(status->st_mode) ||
	       key_error(error, key, "is a directory; name the file in it");
}

/* Only for private keys: a public one may be readable. */
static void warn_of_readers(const struct chronosign_key *key, const struct stat *status)
{
	CLEANUP(cleanup_text) char *what = text_format("the key file '%s'", key->name);

	if (what != NULL)
		key_warn_of_readers(key, what, ", and anyone who reads it is a superadmin", status);
}

static struct chronosign_secret *read_key_file(const struct chronosign_key *key,
					       struct stat *status, struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *what = text_format("the key file '%s'", key->name);
	CLEANUP(cleanup_descriptor)
	int descriptor = open(key->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (what == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (descriptor < 0) {
		error_set(error, CHRONOSIGN_ERROR_KEY, "cannot open %s: %s", what,
			  text_open_error(key->path, errno));
		return NULL;
	}
	return check_file(key, descriptor, status, error)
		       ? secret_read(descriptor, key_file_max, what, error)
		       : NULL;
}

/* The passphrase, obtained once however often decoders ask, and the result. */
struct passphrase {
	const struct chronosign_key *key;
	struct chronosign_secret *secret;
	struct chronosign_error *error;
	bool wanted;
};

static int give_passphrase(char *buffer, size_t size, size_t *length, const OSSL_PARAM parameters[],
			   void *context)
{
	struct passphrase *passphrase = context;

	(void)parameters;
	if (!passphrase->wanted)
		passphrase->secret = pin_obtain(passphrase->key, NULL, &passphrase->error);
	passphrase->wanted = true;
	if (passphrase->secret == NULL || secret_length(passphrase->secret) > size)
		return 0;
	*length = secret_length(passphrase->secret);
	memcpy(buffer, secret_bytes(passphrase->secret), *length);
	return 1;
}

static EVP_PKEY *decode_as(const char *type, const struct pem_block *block,
			   struct passphrase *passphrase)
{
	EVP_PKEY *pkey = NULL;
	const unsigned char *bytes = (const unsigned char *)block->text;
	size_t length = block->length;
	CLEANUP(cleanup_decoder)
	OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&pkey, NULL, NULL, type,
								  EVP_PKEY_KEYPAIR, NULL, NULL);

	if (decoder == NULL ||
	    OSSL_DECODER_CTX_set_passphrase_cb(decoder, give_passphrase, passphrase) != 1)
		return NULL;
	if (OSSL_DECODER_from_data(decoder, &bytes, &length) != 1) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

/* As an RSA key first: with its decoders alone it is done sooner. What else it is, or lacks, all of them tell. */
static EVP_PKEY *decode(const struct pem_block *block, struct passphrase *passphrase)
{
	EVP_PKEY *pkey = decode_as("RSA", block, passphrase);

	if (pkey != NULL)
		return pkey;
	ERR_clear_error();
	return decode_as(NULL, block, passphrase);
}

/* The one private key among the blocks of a PEM file; *block is the whole file if there is none, which
 * may be DER. */
static bool find_private_key(const struct chronosign_key *key, const struct chronosign_secret *file,
			     struct pem_block *block, struct chronosign_error **error)
{
	const char *text = (const char *)secret_bytes(file);
	struct pem_block next;
	size_t offset = 0;
	size_t count = 0;

	*block = (struct pem_block){.text = text, .length = secret_length(file)};
	while (pem_next(text, secret_length(file), &offset, &next))
		if (pem_is(&next, " PRIVATE KEY")) {
			*block = next;
			count++;
		}
	return count <= 1 ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the key file '%s' holds %zu private keys; put the one that signs into a "
			 "file of its own",
			 key->name, count);
}

/* An encrypted key that could not be opened. */
static bool cannot_decrypt(const struct chronosign_key *key, const struct openssl_cause *cause,
			   const char *reasons, struct chronosign_error **error)
{
	if (cause->unsupported)
		return error_set(
			error, CHRONOSIGN_ERROR_KEY,
			"the key file '%s' is encrypted in a way that this OpenSSL does not "
			"offer: %s; convert it where it can be read: openssl pkcs8 -topk8 "
			"-provider legacy -provider default -in OLD -out NEW",
			key->name, reasons);
	if (cause->bad_decrypt)
		return key_error(error, key,
				 "is encrypted, and the passphrase given does not open it") ||
		       error_mark_login(error);
	return error_set(
		error, CHRONOSIGN_ERROR_KEY,
		"the key file '%s' is encrypted, and what the passphrase makes of it is no "
		"key: %s",
		key->name, reasons);
}

static bool cannot_decode(const struct chronosign_key *key, const struct chronosign_secret *file,
			  struct passphrase *passphrase, struct chronosign_error **error)
{
	struct openssl_cause cause;
	CLEANUP(cleanup_text) char *reasons = openssl_reasons_with_cause(&cause);

	if (reasons == NULL)
		return error_out_of_memory(error);
	if (passphrase->error != NULL)
		return error_move(error, &passphrase->error) || error_mark_login(error);
	if (passphrase->wanted)
		return cannot_decrypt(key, &cause, reasons, error);
	CLEANUP(cleanup_text) char *what = bad_key_file(file, reasons);
	return what == NULL ? error_out_of_memory(error) : key_error(error, key, what);
}

static EVP_PKEY *load(const struct chronosign_key *key, struct chronosign_error **error)
{
	struct stat status;
	CLEANUP(cleanup_secret)
	struct chronosign_secret *file = read_key_file(key, &status, error);
	struct passphrase passphrase = {.key = key};
	struct pem_block block;

	if (file == NULL || !find_private_key(key, file, &block, error))
		return NULL;
	EVP_PKEY *pkey = decode(&block, &passphrase);
	if (pkey == NULL)
		cannot_decode(key, file, &passphrase, error);
	else
		warn_of_readers(key, &status);
	chronosign_secret_free(passphrase.secret);
	chronosign_error_free(passphrase.error);
	return pkey;
}

EVP_PKEY *key_file_read(const struct chronosign_key *key, struct chronosign_error **error)
{
	if (!locked_heap_make(locked_heap_size, error))
		return NULL;
	CLEANUP(cleanup_pkey) EVP_PKEY *pkey = load(key, error);
	CLEANUP(cleanup_text) char *what = text_format("the key file '%s'", key->name);

	if (pkey == NULL || what == NULL || !openssl_key_check_rsa(pkey, what, error))
		return NULL;
	return TAKE(pkey);
}
