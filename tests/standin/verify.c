/*
 * Chronograf's own check. Its public key file is PKCS#1 DER in a `PUBLIC KEY` block; it looks at
 * the first PEM block only, and refuses any other label and the SubjectPublicKeyInfo that this
 * label promises elsewhere.
 */
#include "verify.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL "PUBLIC KEY"
#define SIGNATURE_MAX 2048 /* bytes: RSA with 16,384 bits */

/* What Go's x509.ParsePKCS1PublicKey accepts: a RSAPublicKey (RFC 8017 A.1.1) with nothing behind
 * it. */
static EVP_PKEY *parse_pkcs1(const unsigned char *der, long length)
{
	const unsigned char *end = der;
	EVP_PKEY *key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &end, length);

	if (key != NULL && end != der + length) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static bool is_subject_public_key_info(const unsigned char *der, long length)
{
	EVP_PKEY *key = d2i_PUBKEY(NULL, &der, length);

	EVP_PKEY_free(key);
	return key != NULL;
}

static EVP_PKEY *parse_block(const char *path, const char *label, const unsigned char *der,
			     long length)
{
	EVP_PKEY *key;

	if (strcmp(label, LABEL) != 0) {
		fprintf(stderr,
			"standin: %s: unsupported key type \"%s\", \"" LABEL "\" is needed\n", path,
			label);
		return NULL;
	}
	key = parse_pkcs1(der, length);
	if (key == NULL && is_subject_public_key_info(der, length))
		fprintf(stderr,
			"level=error msg=\"Unable to set public key x509: failed to parse public "
			"key (use ParsePKIXPublicKey instead for this key format)\"\n"
			"standin: %s: this " LABEL
			" block holds a SubjectPublicKeyInfo; Chronograf wants"
			" PKCS#1 (RSAPublicKey) in it\n",
			path);
	else if (key == NULL)
		fprintf(stderr, "standin: %s: this " LABEL " block holds no PKCS#1 RSAPublicKey\n",
			path);
	return key;
}

EVP_PKEY *public_key_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char *label = NULL, *headers = NULL;
	unsigned char *der = NULL;
	EVP_PKEY *key = NULL;
	long length;

	if (file == NULL) {
		fprintf(stderr, "standin: %s: %m\n", path);
		return NULL;
	}
	if (PEM_read(file, &label, &headers, &der, &length) == 1)
		key = parse_block(path, label, der, length);
	else
		fprintf(stderr, "standin: %s: no key found (no PEM block)\n", path);
	OPENSSL_free(label);
	OPENSSL_free(headers);
	OPENSSL_free(der);
	fclose(file);
	return key;
}

/* Standard base64 with padding (RFC 4648 §4), and nothing else. -1: it is not. */
static int decode_base64(const char *text, size_t length, unsigned char bytes[SIGNATURE_MAX])
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t digits = strspn(text, alphabet);
	size_t padding = length - digits;

	if (length == 0 || length % 4 != 0 || length / 4 * 3 > SIGNATURE_MAX || padding > 2 ||
	    strncmp(text + digits, "==", padding) != 0)
		return -1;
	if (EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length) < 0)
		return -1;
	return (int)(length / 4 * 3 - padding);
}

/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2.2), the default padding of an RSA key. */
static bool verify_signature(EVP_PKEY *key, const unsigned char *signature, size_t length,
			     const char *message)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context != NULL &&
		    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, length, (const unsigned char *)message,
				     strlen(message)) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

bool token_is_good(EVP_PKEY *key, const char *authorization, const char *nonce)
{
	unsigned char signature[SIGNATURE_MAX];
	const char *token;
	int length;

	if (key == NULL || authorization == NULL)
		return false;
	token = authorization;
	if (strncmp(token, TOKEN_SCHEME, strlen(TOKEN_SCHEME)) == 0)
		token += strlen(TOKEN_SCHEME);
	token += strspn(token, " \t");
	length = decode_base64(token, strcspn(token, " \t"), signature);
	return length > 0 && verify_signature(key, signature, (size_t)length, nonce);
}
