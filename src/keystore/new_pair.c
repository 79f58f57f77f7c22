/* New key pairs, wherever the reference says: in two files or in a token. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/new_file.h"
#include "base/text.h"
#include "key/pin.h"
#include "keystore/file_pair.h"
#include "keystore/token_pair.h"
#include "pkcs11/public_key.h"
#include "signer/file.h"

#include <chronosign/keystore.h>
#include <string.h>

struct chronosign_new_pair {
	const chronosign_key *where;
	struct pkcs11_new_pair *in_token; /* NULL: in files */
	char *public_path;                /* in files: FILE.pub */
	EVP_PKEY *public_half;            /* in files */
	bool written;
	char *reference; /* once it is complete */
	bool kept;
};

static void free_pair(chronosign_new_pair *pair)
{
	pkcs11_new_pair_close(pair->in_token);
	EVP_PKEY_free(pair->public_half);
	free(pair->public_path);
	free(pair->reference);
	free(pair);
}

DEFINE_CLEANUP(new_pair, chronosign_new_pair *, free_pair)

static bool prepare_files(chronosign_new_pair *pair, chronosign_error **error)
{
	pair->public_path = text_format("%s.pub", pair->where->path);
	if (pair->public_path == NULL)
		return error_out_of_memory(error);
	return new_file_is_free(pair->where->path, error) &&
	       new_file_is_free(pair->public_path, error);
}

static bool prepare(chronosign_new_pair *pair, chronosign_error **error)
{
	switch (pair->where->kind) {
	case REFERENCE_FILE:
		return prepare_files(pair, error);
	case REFERENCE_PKCS11:
		pair->in_token = pkcs11_new_pair_open(pair->where, error);
		return pair->in_token != NULL;
	case REFERENCE_STORE:
		break;
	}
	return error_set(error, CHRONOSIGN_ERROR_USAGE,
			 "a new key goes into a file or a token (a pkcs11: URI); '%s' is neither",
			 pair->where->name);
}

chronosign_new_pair *chronosign_new_pair_prepare(const chronosign_key *where,
						 chronosign_error **error)
{
	CLEANUP(cleanup_new_pair) chronosign_new_pair *pair = calloc(1, sizeof *pair);

	if (pair == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	pair->where = where;
	return prepare(pair, error) ? TAKE(pair) : NULL;
}

static bool generate_files(chronosign_new_pair *pair, unsigned bits, bool encrypt,
			   chronosign_error **error)
{
	CLEANUP(cleanup_secret) chronosign_secret *passphrase = NULL;

	/* First: nobody should wait for a key to learn that there is no passphrase for it. */
	if (encrypt && (passphrase = pin_obtain(pair->where, NULL, error)) == NULL)
		return false;
	CLEANUP(cleanup_pkey) EVP_PKEY *key = key_pair_generate(bits, error);
	if (key == NULL ||
	    !key_pair_write(key, passphrase, pair->where->path, pair->public_path, error))
		return false;
	pair->written = true;
	pair->public_half = public_key_copy(key);
	pair->reference = strdup(pair->where->path);
	return (pair->public_half != NULL && pair->reference != NULL) || error_out_of_memory(error);
}

static bool check_bits(unsigned bits, chronosign_error **error)
{
	const unsigned most = CHRONOSIGN_SIGNATURE_MAX * 8;

	if (bits >= CHRONOSIGN_NEW_PAIR_BITS_MIN && bits <= most)
		return true;
	return error_set(error, CHRONOSIGN_ERROR_USAGE,
			 "a key of %u bits is not made: %s; 4096 is usual, 2048 the least to be "
			 "advised",
			 bits,
			 bits > most ? "no more than 16384 are supported"
				     : "it is too short to be safe");
}

bool chronosign_new_pair_generate(chronosign_new_pair *pair, unsigned bits, bool encrypt,
				  chronosign_error **error)
{
	if (!check_bits(bits, error))
		return false;
	if (pair->in_token == NULL)
		return generate_files(pair, bits, encrypt, error);
	if (encrypt)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "a key in a token is guarded by the token's PIN; it has no "
				 "passphrase of its own");
	if (!pkcs11_new_pair_generate(pair->in_token, bits, error))
		return false;
	pair->reference = pkcs11_new_pair_uri(pair->in_token, error);
	return pair->reference != NULL;
}

bool chronosign_new_pair_import(chronosign_new_pair *pair, const chronosign_key *file,
				chronosign_error **error)
{
	if (file->kind != REFERENCE_FILE)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "only the key of a file can be moved; '%s' is no file",
				 file->name);
	if (pair->in_token == NULL)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "a key is moved into a token (a pkcs11: URI); '%s' is none",
				 pair->where->name);
	CLEANUP(cleanup_pkey) EVP_PKEY *key = key_file_read(file, error);
	if (key == NULL || !pkcs11_new_pair_import(pair->in_token, key, file->name, error))
		return false;
	pair->reference = pkcs11_new_pair_uri(pair->in_token, error);
	return pair->reference != NULL;
}

const EVP_PKEY *chronosign_new_pair_public_key(const chronosign_new_pair *pair)
{
	return pair->in_token != NULL ? pkcs11_new_pair_public_key(pair->in_token)
				      : pair->public_half;
}

const char *chronosign_new_pair_reference(const chronosign_new_pair *pair)
{
	return pair->reference;
}

void chronosign_new_pair_keep(chronosign_new_pair *pair)
{
	pair->kept = true;
}

static bool take_back(chronosign_new_pair *pair, chronosign_error **error)
{
	const struct new_file files[] = {{.path = pair->where->path}, {.path = pair->public_path}};

	if (pair->in_token != NULL)
		return pkcs11_new_pair_take_back(pair->in_token, error);
	return !pair->written || new_files_remove(files, 2, error);
}

bool chronosign_new_pair_close(chronosign_new_pair *pair, chronosign_error **error)
{
	if (pair == NULL)
		return true;
	bool clean = pair->kept || take_back(pair, error);
	free_pair(pair);
	return clean;
}
