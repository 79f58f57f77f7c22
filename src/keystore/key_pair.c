/* New key pairs where the reference says: in two files or in a token. */
#include "keystore/key_pair.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/signing.h"
#include "base/text.h"
#include "key/pin.h"
#include "keystore/file_pair.h"
#include "pkcs11/public_key.h"
#include "signer/key_file.h"

#include <string.h>

/* NIST SP 800-63B §5.1.1.1. */
enum { PASSPHRASE_BYTES_ADVISED = 8 };

struct key_pair {
	const struct chronosign_key *where;
	struct token_pair *in_token; /* NULL: in files */
	struct file_pair files;
	EVP_PKEY *public_half; /* in files */
	struct new_key wanted;
	struct chronosign_secret *passphrase; /* NULL: it is not encrypted */
	EVP_PKEY *imported;                   /* NULL: a new one is made */
	const char *imported_name;            /* borrowed */
	char *reference;                      /* once it is complete */
	bool kept;
};

static void free_pair(struct key_pair *pair)
{
	token_pair_close(pair->in_token);
	EVP_PKEY_free(pair->public_half);
	EVP_PKEY_free(pair->imported);
	chronosign_secret_free(pair->passphrase);
	made_files_close(&pair->files.made);
	free(pair->files.public_path);
	free(pair->reference);
	free(pair);
}

DEFINE_CLEANUP(key_pair, struct key_pair *, free_pair)

static bool prepare_files(struct key_pair *pair, struct chronosign_error **error)
{
	struct file_pair *files = &pair->files;

	files->path = pair->where->path;
	files->public_path = text_format("%s.pub", files->path);
	if (files->public_path == NULL)
		return error_out_of_memory(error);
	return new_file_is_free(files->path, error) && new_file_is_free(files->public_path, error);
}

static bool prepare(struct key_pair *pair, struct chronosign_error **error)
{
	switch (pair->where->kind) {
	case KEY_IN_FILE:
		return prepare_files(pair, error);
	case KEY_IN_TOKEN:
		pair->in_token = token_pair_open(pair->where, error);
		return pair->in_token != NULL;
	case KEY_IN_STORE:
		break;
	}
	return error_set(error, CHRONOSIGN_ERROR_USAGE,
			 "'%s' is neither a file nor a pkcs11: URI, so no key can be made there",
			 pair->where->name);
}

struct key_pair *key_pair_prepare(const struct chronosign_key *where,
				  struct chronosign_error **error)
{
	CLEANUP(cleanup_key_pair) struct key_pair *pair = calloc(1, sizeof *pair);

	if (pair == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	pair->where = where;
	return prepare(pair, error) ? TAKE(pair) : NULL;
}

/* An attacker with the file can try millions of them, unlike a token's PIN. */
static void warn_of_short_passphrase(const struct chronosign_key *where,
				     const struct chronosign_secret *passphrase)
{
	if (passphrase != NULL && secret_length(passphrase) < PASSPHRASE_BYTES_ADVISED)
		key_notice(
			where, CHRONOSIGN_NOTICE_WARNING,
			"the passphrase of '%s' has fewer than %d characters, and anyone who gets "
			"the file can guess it; use a longer one",
			where->name, PASSPHRASE_BYTES_ADVISED);
}

static bool check_bits(unsigned bits, struct chronosign_error **error)
{
	const unsigned most = SIGNATURE_MAX * 8;

	if (bits >= KEY_PAIR_BITS_MIN && bits <= most)
		return true;
	return error_set(error, CHRONOSIGN_ERROR_USAGE,
			 "a key of %u bits is not made: %s; 4096 is usual, 2048 the least to be "
			 "advised",
			 bits,
			 bits > most ? "no more than 16384 are supported"
				     : "it is too short to be safe");
}

bool key_pair_order(struct key_pair *pair, const struct new_key *wanted,
		    struct chronosign_error **error)
{
	if (!check_bits(wanted->bits, error))
		return false;
	key_warn_of_length(pair->where, (int)wanted->bits);
	pair->wanted = *wanted;
	if (!wanted->encrypt)
		return true;
	if (pair->in_token != NULL)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "a key in a token is guarded by the token's PIN; it has no "
				 "passphrase of its own");
	pair->passphrase = pin_obtain(pair->where, NULL, error);
	warn_of_short_passphrase(pair->where, pair->passphrase);
	return pair->passphrase != NULL;
}

bool key_pair_order_import(struct key_pair *pair, const struct chronosign_key *file,
			   struct chronosign_error **error)
{
	if (file->kind != KEY_IN_FILE)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "'%s' is not a file, and only the key of a file can be moved",
				 file->name);
	if (pair->in_token == NULL)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "'%s' is not a pkcs11: URI, and a key is moved into a token",
				 pair->where->name);
	pair->imported = key_file_read(file, error);
	if (pair->imported == NULL)
		return false;
	pair->imported_name = file->name;
	key_warn_of_length(file, EVP_PKEY_get_bits(pair->imported));
	return true;
}

static bool make_in_files(struct key_pair *pair, struct chronosign_error **error)
{
	CLEANUP(cleanup_pkey) EVP_PKEY *key = file_pair_generate(pair->wanted.bits, error);

	if (key == NULL || !file_pair_write(&pair->files, key, pair->passphrase, error))
		return false;
	pair->public_half = public_key_copy(key);
	pair->reference = strdup(pair->where->path);
	return (pair->public_half != NULL && pair->reference != NULL) || error_out_of_memory(error);
}

static bool make_in_token(struct key_pair *pair, struct chronosign_error **error)
{
	struct token_pair *token = pair->in_token;

	if (pair->imported != NULL
		    ? !token_pair_import(token, pair->imported, pair->imported_name, error)
		    : !token_pair_generate(token, &pair->wanted, error))
		return false;
	pair->reference = token_pair_uri(token, error);
	return pair->reference != NULL;
}

bool key_pair_make(struct key_pair *pair, struct chronosign_error **error)
{
	return pair->in_token != NULL ? make_in_token(pair, error) : make_in_files(pair, error);
}

const EVP_PKEY *key_pair_public_half(const struct key_pair *pair)
{
	return pair->in_token != NULL ? token_pair_public_key(pair->in_token) : pair->public_half;
}

const char *key_pair_reference(const struct key_pair *pair)
{
	return pair->reference;
}

void key_pair_keep(struct key_pair *pair)
{
	pair->kept = true;
}

static bool take_back(struct key_pair *pair, struct chronosign_error **error)
{
	return pair->in_token != NULL ? token_pair_take_back(pair->in_token, error)
				      : made_files_remove(&pair->files.made, error);
}

bool key_pair_close(struct key_pair *pair, struct chronosign_error **error)
{
	if (pair == NULL)
		return true;
	bool clean = pair->kept || take_back(pair, error);
	free_pair(pair);
	return clean;
}
