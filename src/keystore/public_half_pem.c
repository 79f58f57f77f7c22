/* The public half in PEM: for Chronograf, and in the standard form. */
#include "keystore/public_half_file.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

DEFINE_CLEANUP(encoder, OSSL_ENCODER_CTX *, OSSL_ENCODER_CTX_free)

static void free_der(unsigned char **der)
{
	OPENSSL_free(*der);
}

/* DER of the key: `structure` is "type-specific" for PKCS#1, "SubjectPublicKeyInfo" for SPKI. */
static bool encode(const EVP_PKEY *key, const char *structure, unsigned char **der, size_t *length)
{
	CLEANUP(cleanup_encoder)
	OSSL_ENCODER_CTX *encoder =
		OSSL_ENCODER_CTX_new_for_pkey(key, EVP_PKEY_PUBLIC_KEY, "DER", structure, NULL);

	return encoder != NULL && OSSL_ENCODER_to_data(encoder, der, length) == 1;
}

char *chronosign_public_half_pem(const EVP_PKEY *half, enum chronosign_public_half_form form,
				 struct chronosign_error **error)
{
	CLEANUP(free_der) unsigned char *der = NULL;
	CLEANUP(cleanup_bio) BIO *memory = BIO_new(BIO_s_mem());
	size_t length = 0;
	char *text = NULL;

	if (memory == NULL ||
	    !encode(half,
		    form == CHRONOSIGN_PUBLIC_HALF_CHRONOGRAF ? "type-specific"
							      : "SubjectPublicKeyInfo",
		    &der, &length) ||
	    PEM_write_bio(memory, PEM_STRING_PUBLIC, "", der, (long)length) <= 0) {
		ERR_clear_error();
		error_set(error, CHRONOSIGN_ERROR_KEY, "OpenSSL cannot encode the public key");
		return NULL;
	}
	long size = BIO_get_mem_data(memory, &text);
	char *pem = strndup(text, (size_t)size);
	if (pem == NULL)
		error_out_of_memory(error);
	return pem;
}

bool public_half_write(const EVP_PKEY *key, enum chronosign_public_half_form form, const char *path,
		       struct made_files *made, struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *pem = chronosign_public_half_pem(key, form, error);

	if (pem == NULL)
		return false;
	const struct new_file file = {path, 0644, pem, strlen(pem)};
	return new_files_write(&file, 1, made, error);
}
