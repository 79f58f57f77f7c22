/* The backend `file`: a private RSA key in a PEM or DER file, by OpenSSL's decoders. */
#include "signer/file.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/locked_heap.h"
#include "base/secret.h"
#include "base/text.h"
#include "key/pin.h"
#include "signer/backend.h"
#include "signer/openssl_key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>

/* A key of 16,384 bits is 13 KiB in PEM; nobody's key file is longer than this. */
static const size_t key_file_max = 65536;

/* Room for the private numbers of the largest key (16,384 bits), with what OpenSSL calculates to sign;
 * one of 4,096 bits takes 4 KiB. */
static const size_t locked_heap_size = 32768;

DEFINE_CLEANUP(decoder, OSSL_DECODER_CTX *, OSSL_DECODER_CTX_free)
DEFINE_CLEANUP(certificate, X509 *, X509_free)

static bool key_error(struct chronosign_error **error, const struct chronosign_key *key,
		      const char *what)
{
	return error_set(error, CHRONOSIGN_ERROR_KEY, "the key file '%s' %s", key->name, what);
}

static bool check_file(const struct chronosign_key *key, int descriptor,
		       struct chronosign_error **error)
{
	struct stat status;

	if (fstat(descriptor, &status) != 0)
		return error_set(error, CHRONOSIGN_ERROR_KEY, "the key file '%s': %s", key->name,
				 strerror(errno));
	if (S_ISDIR(status.st_mode))
		return key_error(error, key, "is a directory; name the file in it");
	if (S_ISREG(status.st_mode) && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
		key_notice(key, CHRONOSIGN_NOTICE_WARNING,
			   "the key file '%s' can be read by others (mode %04o); whoever reads it "
			   "is a superadmin: chmod 600",
			   key->name, (unsigned)(status.st_mode & 07777));
	return true;
}

static struct chronosign_secret *read_key_file(const struct chronosign_key *key,
					       struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *what = text_format("the key file '%s'", key->name);
	CLEANUP(cleanup_descriptor)
	int descriptor = open(key->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (what == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (descriptor < 0) {
		error_set(error, CHRONOSIGN_ERROR_KEY, "cannot open %s: %s", what, strerror(errno));
		return NULL;
	}
	return check_file(key, descriptor, error)
		       ? secret_read(descriptor, key_file_max, what, error)
		       : NULL;
}

/* The passphrase, asked for once however often a decoder wants it, and what came of it. */
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

static EVP_PKEY *decode(const struct chronosign_secret *file, struct passphrase *passphrase)
{
	EVP_PKEY *pkey = NULL;
	const unsigned char *bytes = secret_bytes(file);
	size_t length = secret_length(file);
	CLEANUP(cleanup_decoder)
	OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&pkey, NULL, NULL, NULL,
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

/* ---- What it is, if it is no private key ---- */

static bool contains(const struct chronosign_secret *file, const char *text)
{
	return memmem(secret_bytes(file), secret_length(file), text, strlen(text)) != NULL;
}

static const struct {
	const char *begin;
	const char *what;
} pem_blocks[] = {
	{"-----BEGIN OPENSSH PRIVATE KEY-----",
	 "is in OpenSSH's own format; make a PEM copy of it with: ssh-keygen -p -m PEM -f COPY"},
	{"-----BEGIN EC PRIVATE KEY-----", "holds an EC key; Chronograf takes RSA keys only"},
	{"-----BEGIN DSA PRIVATE KEY-----", "holds a DSA key; Chronograf takes RSA keys only"},
	{"PRIVATE KEY-----", "holds a private key that cannot be decoded; it is damaged"},
	{"-----BEGIN CERTIFICATE REQUEST-----", "holds a certificate request, not a private key"},
	{"-----BEGIN CERTIFICATE-----", "holds a certificate, not a private key"},
	{"PUBLIC KEY-----", "holds a public key; the private one is needed to sign"},
};

/* A PEM block that ends before its END line, or a DER SEQUENCE (X.690 §8.1.3) longer than the file.
 */
static bool is_truncated(const struct chronosign_secret *file)
{
	const uint8_t *bytes = secret_bytes(file);
	size_t size = secret_length(file);

	if (contains(file, "-----BEGIN "))
		return !contains(file, "-----END ");
	if (size < 2 || bytes[0] != 0x30)
		return false;
	size_t length = bytes[1];
	size_t header = 2;
	if (length > 0x80 && length <= 0x84) {
		header += length & 0x7f;
		if (size < header)
			return true;
		length = 0;
		for (size_t i = 2; i < header; i++)
			length = length << 8 | bytes[i];
	}
	return header + length > size;
}

static const char *what_der_is(const struct chronosign_secret *file)
{
	const unsigned char *bytes = secret_bytes(file);
	long length = (long)secret_length(file);
	CLEANUP(cleanup_certificate) X509 *certificate = d2i_X509(NULL, &bytes, length);

	if (certificate != NULL)
		return "holds a certificate, not a private key";
	bytes = secret_bytes(file);
	CLEANUP(cleanup_pkey) EVP_PKEY *public_key = d2i_PUBKEY(NULL, &bytes, length);
	bytes = secret_bytes(file);
	CLEANUP(cleanup_pkey)
	EVP_PKEY *rsa_public_key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &bytes, length);
	if (public_key != NULL || rsa_public_key != NULL)
		return "holds a public key; the private one is needed to sign";
	return "holds no private key in PEM or DER that OpenSSL knows";
}

static const char *what_it_is(const struct chronosign_secret *file)
{
	if (secret_length(file) == 0)
		return "is empty";
	if (is_truncated(file))
		return "is cut short: its end is missing";
	for (size_t i = 0; i < sizeof pem_blocks / sizeof pem_blocks[0]; i++)
		if (contains(file, pem_blocks[i].begin))
			return pem_blocks[i].what;
	return what_der_is(file);
}

static bool cannot_decode(const struct chronosign_key *key, const struct chronosign_secret *file,
			  struct passphrase *passphrase, struct chronosign_error **error)
{
	ERR_clear_error();
	if (passphrase->error != NULL) {
		error_move(error, &passphrase->error);
		return error_prefix(error, "the key file '%s' is encrypted", key->name);
	}
	if (passphrase->wanted)
		return key_error(error, key,
				 "is encrypted, and the passphrase given does not open it");
	return key_error(error, key, what_it_is(file));
}

static EVP_PKEY *load(const struct chronosign_key *key, struct chronosign_error **error)
{
	CLEANUP(cleanup_secret) struct chronosign_secret *file = read_key_file(key, error);
	struct passphrase passphrase = {.key = key};

	if (file == NULL)
		return NULL;
	EVP_PKEY *pkey = decode(file, &passphrase);
	if (pkey == NULL)
		cannot_decode(key, file, &passphrase, error);
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

static bool file_open(const struct chronosign_key *key, void **state, EVP_PKEY **public_key,
		      struct chronosign_error **error)
{
	CLEANUP(cleanup_pkey) EVP_PKEY *pkey = key_file_read(key, error);

	if (pkey == NULL)
		return false;
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
};
