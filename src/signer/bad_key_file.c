/* What is in a file that should hold a private key, by its PEM labels or its DER. */
#include "signer/bad_key_file.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "signer/pem.h"

#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

DEFINE_CLEANUP(certificate, X509 *, X509_free)
DEFINE_CLEANUP(pkcs12, PKCS12 *, PKCS12_free)

static bool begins(const struct chronosign_secret *file, const char *text)
{
	return secret_length(file) >= strlen(text) &&
	       memcmp(secret_bytes(file), text, strlen(text)) == 0;
}

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
	{"PuTTY-User-Key-File-",
	 "is in PuTTY's own format; make a PEM copy of it with: puttygen FILE -O private-openssh "
	 "-o COPY"},
	{"-----BEGIN EC PRIVATE KEY-----", "holds an EC key; Chronograf takes RSA keys only"},
	{"-----BEGIN DSA PRIVATE KEY-----", "holds a DSA key; Chronograf takes RSA keys only"},
	{"PRIVATE KEY-----", ""}, /* in OpenSSL's own words */
	{"-----BEGIN CERTIFICATE REQUEST-----", "holds a certificate request, not a private key"},
	{"-----BEGIN CERTIFICATE-----", "holds a certificate, not a private key"},
	{"PUBLIC KEY-----", "holds a public key; the private one is needed to sign"},
};

/* Of a PEM file with a block that is not whole, or where none stands in lines of its own. NULL: it is none such. */
static const char *what_is_wrong_with_pem(const struct chronosign_secret *file)
{
	struct pem_block block;
	size_t offset = 0;

	while (pem_next((const char *)secret_bytes(file), secret_length(file), &offset, &block))
		if (!block.ended)
			return memmem(block.text, block.length, "-----END ", 9) == NULL
				       ? "is cut short: its end is missing"
				       : "holds a PEM block without its own -----END line: "
					 "have its line ends been lost?";
	return offset == 0 && contains(file, "-----BEGIN ")
		       ? "holds a PEM block that is indented or quoted; each of its lines must "
			 "begin a line of the file"
		       : NULL;
}

/* A DER SEQUENCE (X.690 §8.1.3) longer than the file. */
static bool is_truncated_der(const struct chronosign_secret *file)
{
	const uint8_t *bytes = secret_bytes(file);
	size_t size = secret_length(file);

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
	bytes = secret_bytes(file);
	CLEANUP(cleanup_pkcs12) PKCS12 *pkcs12 = d2i_PKCS12(NULL, &bytes, length);
	if (pkcs12 != NULL)
		return "is in PKCS#12 format; make a PEM copy of its key with: openssl pkcs12 "
		       "-nocerts -in FILE -out COPY";
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
	if (begins(file, "\xff\xfe") || begins(file, "\xfe\xff"))
		return "is text in UTF-16; save it as UTF-8";
	const char *what = what_is_wrong_with_pem(file);
	if (what == NULL)
		what = what_pem_is(file);
	if (what == NULL && is_truncated_der(file))
		what = "is cut short: its end is missing";
	return what == NULL ? what_der_is(file) : what;
}

char *bad_key_file(const struct chronosign_secret *file, const char *reasons)
{
	const char *what = what_it_is(file);

	return what[0] == '\0'
		       ? text_format("holds a private key that OpenSSL cannot decode: %s", reasons)
		       : strdup(what);
}
