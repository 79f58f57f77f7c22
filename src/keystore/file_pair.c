/* Key pairs in files: made by OpenSSL, encoded in locked memory, written by base/new_file. */
#include "keystore/file_pair.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/locked_heap.h"
#include "base/secret.h"

#include <chronosign/public_half.h>
#include <openssl/crypto.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

/* PBKDF2 with HMAC-SHA-256: some tenths of a second per try, for us once per use and for an
 * attacker once per guess. */
enum { PASSPHRASE_ITERATIONS = 600000, SALT_LENGTH = 16 };

DEFINE_CLEANUP(encoder, OSSL_ENCODER_CTX *, OSSL_ENCODER_CTX_free)
DEFINE_CLEANUP(pkey_context, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(algorithm, X509_ALGOR *, X509_ALGOR_free)
DEFINE_CLEANUP(plain, PKCS8_PRIV_KEY_INFO *, PKCS8_PRIV_KEY_INFO_free)
DEFINE_CLEANUP(encrypted, X509_SIG *, X509_SIG_free)

static bool openssl_failed(const char *what, struct chronosign_error **error)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	error_set(error, CHRONOSIGN_ERROR_OTHER, "OpenSSL cannot %s: %s", what,
		  reason == NULL ? "no reason given" : reason);
	ERR_clear_error();
	return false;
}

/*
 * Memory to generate and encode a key of so many bits: 4 bytes per bit as measured, doubled to be
 * safe.
 */
static size_t locked_heap_size(unsigned bits)
{
	size_t size = 16384;

	while (size < 8 * (size_t)bits)
		size *= 2;
	return size;
}

EVP_PKEY *file_pair_generate(unsigned bits, struct chronosign_error **error)
{
	EVP_PKEY *key = NULL;

	if (!locked_heap_make(locked_heap_size(bits), error))
		return NULL;
	CLEANUP(cleanup_pkey_context)
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (context == NULL || EVP_PKEY_keygen_init(context) != 1 ||
	    EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits) != 1 ||
	    EVP_PKEY_generate(context, &key) != 1)
		openssl_failed("make an RSA key", error);
	return key;
}

/* RSAPrivateKey (RFC 8017 A.1.2) in a block `RSA PRIVATE KEY`, as InfluxData's chronoctl writes
 * it. */
static bool encode_plain(BIO *pem, EVP_PKEY *key)
{
	CLEANUP(cleanup_encoder)
	OSSL_ENCODER_CTX *encoder =
		OSSL_ENCODER_CTX_new_for_pkey(key, EVP_PKEY_KEYPAIR, "PEM", "type-specific", NULL);

	return encoder != NULL && OSSL_ENCODER_to_bio(encoder, pem) == 1;
}

/*
 * EncryptedPrivateKeyInfo (RFC 5958 §3) by PBES2 with AES-256-CBC. Not by OpenSSL's encoder, which
 * always uses 2,048 iterations.
 */
static bool encode_encrypted(BIO *pem, EVP_PKEY *key, const struct chronosign_secret *passphrase)
{
	CLEANUP(cleanup_plain) PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
	CLEANUP(cleanup_algorithm)
	X509_ALGOR *algorithm = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), PASSPHRASE_ITERATIONS, NULL,
						  SALT_LENGTH, NULL, NID_hmacWithSHA256);

	if (plain == NULL || algorithm == NULL)
		return false;
	CLEANUP(cleanup_encrypted)
	X509_SIG *encrypted = PKCS8_set0_pbe((const char *)secret_bytes(passphrase),
					     (int)secret_length(passphrase), plain, algorithm);
	if (encrypted == NULL)
		return false;
	algorithm = NULL;
	return PEM_write_bio_PKCS8(pem, encrypted) == 1;
}

bool file_pair_write(struct file_pair *pair, EVP_PKEY *key,
		     const struct chronosign_secret *passphrase, struct chronosign_error **error)
{
	CLEANUP(cleanup_bio) BIO *pem = BIO_new(BIO_s_secmem());
	CLEANUP(cleanup_text)
	char *public_pem =
		chronosign_public_half_pem(key, CHRONOSIGN_PUBLIC_HALF_CHRONOGRAF, error);
	char *bytes = NULL;

	if (public_pem == NULL)
		return false;
	if (pem == NULL ||
	    !(passphrase == NULL ? encode_plain(pem, key) : encode_encrypted(pem, key, passphrase)))
		return openssl_failed("encode the private key", error);
	size_t length = (size_t)BIO_get_mem_data(pem, &bytes);
	const struct new_file files[] = {
		{pair->path, 0600, bytes, length},
		{pair->public_path, 0644, public_pem, strlen(public_pem)},
	};
	return new_files_write(files, 2, &pair->made, error);
}
