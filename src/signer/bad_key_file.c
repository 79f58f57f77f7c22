/* What is in a file that should hold a private key, by its PEM labels or its DER. */
#include "signer/bad_key_file.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "signer/pem.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

DEFINE_CLEANUP(certificate, X509 *, X509_free)

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
	{"PRIVATE KEY-----", ""}, /* in OpenSSL's own words */
	{"-----BEGIN CERTIFICATE REQUEST-----", "holds a certificate request, not a private key"},
	{"-----BEGIN CERTIFICATE-----", "holds a certificate, not a private key"},
	{"PUBLIC KEY-----", "holds a public key; the private one is needed to sign"},
};

/* True if a block of a PEM file lacks its END line. */
static bool lacks_an_end(const struct chronosign_secret *file)
{
	struct pem_block block;
	size_t offset = 0;

	while (pem_next((const char *)secret_bytes(file), secret_length(file), &offset, &block))
		if (!block.ended)
			return true;
	return false;
}

/* A PEM block without its END line, or a DER SEQUENCE (X.690 §8.1.3) longer than the file. */
static bool is_truncated(const struct chronosign_secret *file)
{
	const uint8_t *bytes = secret_bytes(file);
	size_t size = secret_length(file);

	if (contains(file, "-----BEGIN "))
		return lacks_an_end(file);
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

/* Of a PEM file: what its blocks hold, a private key before all else. NULL: it is no PEM file. */
static const char *what_pem_is(const struct chronosign_secret *file)
{
	for (size_t i = 0; i < sizeof pem_blocks / sizeof pem_blocks[0]; i++)
		if (contains(file, pem_blocks[i].begin))
			return pem_blocks[i].what;
	return NULL;
}

static const char *what_it_is(const struct chronosign_secret *file)
{
	if (secret_length(file) == 0)
		return "is empty";
	if (is_truncated(file))
		return "is cut short: its end is missing";
	const char *what = what_pem_is(file);
	return what == NULL ? what_der_is(file) : what;
}

char *bad_key_file(const struct chronosign_secret *file, const char *reasons)
{
	const char *what = what_it_is(file);

	return what[0] == '\0'
		       ? text_format("holds a private key that OpenSSL cannot decode: %s", reasons)
		       : strdup(what);
}
