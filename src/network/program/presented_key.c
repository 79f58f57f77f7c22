/* The server's certificate as libcurl keeps it, also of a handshake that failed, and its key's hash. */
#include "network/program/presented_key.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

DEFINE_CLEANUP(certificate, X509 *, X509_free)

/* libcurl has texts "NAME:CONTENT" of each certificate, the server's own first (CURLINFO_CERTINFO). */
static X509 *certificate(CURL *easy)
{
	static const char name[] = "Cert:";
	struct curl_certinfo *chain = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL ||
	    chain->num_of_certs == 0)
		return NULL;
	for (struct curl_slist *text = chain->certinfo[0]; text != NULL; text = text->next) {
		if (strncmp(text->data, name, strlen(name)) != 0)
			continue;
		CLEANUP(cleanup_bio) BIO *pem = BIO_new_mem_buf(text->data + strlen(name), -1);
		return pem == NULL ? NULL : PEM_read_bio_X509(pem, NULL, NULL, NULL);
	}
	return NULL;
}

char *presented_key(CURL *easy)
{
	CLEANUP(cleanup_certificate) X509 *peer = certificate(easy);
	unsigned char *der = NULL;
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned char base64[2 * EVP_MAX_MD_SIZE];
	unsigned length = 0;
	int size = peer == NULL ? -1 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(peer), &der);
	bool hashed =
		size > 0 && EVP_Digest(der, (size_t)size, hash, &length, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	if (!hashed)
		return NULL;
	EVP_EncodeBlock(base64, hash, (int)length);
	return text_format("sha256//%s", (char *)base64);
}
