/*
 * Keys where they are kept, in files and tokens: new ones, their public halves, and the list of
 * those that a machine's tokens hold.
 */
#ifndef CHRONOSIGN_KEYSTORE_H
#define CHRONOSIGN_KEYSTORE_H

#include <chronosign/error.h>
#include <chronosign/signer.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The public half of a key ---- */

/*
 * The public half of the key, whatever kind of reference it is. In a token, without a login where
 * the token shows it: with the private key object, as a public key object, or in a certificate. A
 * URI with type=public or type=cert means just that object. The caller frees it with
 * EVP_PKEY_free().
 */
EVP_PKEY *chronosign_key_public_half(const chronosign_key *key, chronosign_error **error);

/* ---- A new key pair ---- */

/*
 * A key pair on its way into a file or a token. Until it is kept it can be taken back, so that a
 * failure, here or in what the caller does with it, leaves nothing half-made.
 */
typedef struct chronosign_new_pair chronosign_new_pair;

/*
 * Prepares for a new pair at the place that the reference names, which has to outlive it. A file:
 * neither it nor FILE.pub may exist. A token: the URI names one token and has a label
 * (`object`) that is free there, and maybe an `id`; logs in. NULL with *error set if it cannot be
 * there.
 */
chronosign_new_pair *chronosign_new_pair_prepare(const chronosign_key *where,
						 chronosign_error **error);

/* The smallest key that is made: 1,024 bits and fewer have been within reach of factoring for
 * years. */
#define CHRONOSIGN_NEW_PAIR_BITS_MIN 1025

/*
 * Makes an RSA pair, with public exponent 65537. In files: the private key with mode 0600 in
 * PKCS#1 PEM, or, if `encrypt`, in encrypted PKCS#8 PEM, with the passphrase from the ways to the
 * reference's PIN; and FILE.pub in Chronograf's form. Both are on the disk when it returns true. In
 * a token (where `encrypt` is an error): a private key that is TOKEN, PRIVATE, SENSITIVE, not
 * EXTRACTABLE and may only SIGN, a public key that may only VERIFY, with the same label and id.
 * What the token did not keep of this is told by the reference's notice function. A signature is
 * made in the token and verified outside.
 */
bool chronosign_new_pair_generate(chronosign_new_pair *pair, unsigned bits, bool encrypt,
				  chronosign_error **error);

/* Puts the key of a file into the token, with the same attributes and the same test. */
bool chronosign_new_pair_import(chronosign_new_pair *pair, const chronosign_key *file,
				chronosign_error **error);

/* Of a pair that is complete: its public half, and how to refer to its private key: the file's
 * path, or the full URI. Borrowed. */
const EVP_PKEY *chronosign_new_pair_public_key(const chronosign_new_pair *pair);
const char *chronosign_new_pair_reference(const chronosign_new_pair *pair);

/* It is to stay. */
void chronosign_new_pair_keep(chronosign_new_pair *pair);

/*
 * Frees, and takes back what is not kept. True if nothing unwanted is left; otherwise *error, which
 * may hold an error already, says what is left where. NULL is allowed.
 */
bool chronosign_new_pair_close(chronosign_new_pair *pair, chronosign_error **error);

/* ---- The keys of the machine's tokens ---- */

typedef enum {
	CHRONOSIGN_LISTED_PRIVATE,
	CHRONOSIGN_LISTED_PUBLIC,
	CHRONOSIGN_LISTED_CERTIFICATE, /* of which no key object shows */
} chronosign_listed_kind;

/* Where the public half of a listed key can be had. */
typedef enum {
	CHRONOSIGN_HALF_NOWHERE,
	CHRONOSIGN_HALF_PRIVATE_KEY, /* the private key object tells it */
	CHRONOSIGN_HALF_PUBLIC_KEY,
	CHRONOSIGN_HALF_CERTIFICATE,
} chronosign_half_source;

typedef struct {
	chronosign_listed_kind kind;
	char *token;       /* label of the token, printable */
	char *module;      /* path or name of the PKCS#11 module */
	char *label;       /* printable; empty if there is none */
	char *id;          /* in hexadecimal; empty if there is none */
	unsigned bits;     /* 0 if the token does not tell */
	bool can_sign;     /* of a private key */
	bool pin_for_each; /* of a private key: it wants the PIN for every signature */
	chronosign_half_source public_half;
	char *uri; /* finds this object and no other; NULL if another has the same label and id */
} chronosign_listed_key;

/* A module, slot, token or object that is not in the list, and why. */
typedef struct {
	char *what;
	char *module;
	char *reason;
} chronosign_left_out;

typedef struct {
	chronosign_listed_key *keys;
	size_t key_count;
	chronosign_left_out *left_out;
	size_t left_out_count;
	char **hiding; /* URIs of tokens that were not logged in to, and may hold more */
	size_t hiding_count;
	bool login_failed; /* asked for, and refused by a token that is in left_out */
} chronosign_key_list;

/*
 * Lists the RSA keys that match a pkcs11: URI (`pkcs11:` matches all). With `log_in` it logs in to
 * each token that has a login; a PIN that is given, and not asked for token by token, is an error
 * if there are several. A broken module, an empty slot or a token without use is left out with its
 * reason. NULL with *error set only if nothing can be listed at all.
 */
chronosign_key_list *chronosign_key_list_make(const chronosign_key *where, bool log_in,
					      chronosign_error **error);
void chronosign_key_list_free(chronosign_key_list *list);

/* ---- The way to a key in a token ---- */

typedef struct {
	char *name;    /* its path, or its name */
	char *failure; /* why it does not start; NULL if it does */
} chronosign_surveyed_module;

typedef struct {
	char *uri;
	char *module;
	bool needs_login;
	bool pin_pad;          /* it takes its PIN from its own keys */
	bool login_refused;    /* by its flags and chronosign_key_set_force_login, none is tried */
	char *warning;         /* what its flags say of the PIN's tries; NULL: nothing */
	bool mechanisms_known; /* false: it does not list any */
	char *mechanisms; /* those of its list by which it can sign for Chronograf; NULL: none */
} chronosign_surveyed_token;

typedef struct {
	chronosign_surveyed_module *modules;
	size_t module_count;
	char *unloadable; /* registered modules that do not load, a line each; NULL: all do */
	chronosign_surveyed_token *tokens; /* those that the URI can mean */
	size_t token_count;
	chronosign_left_out *left_out; /* the other slots and tokens */
	size_t left_out_count;
	size_t chosen; /* index of the token where the key is looked for; token_count: none is, or
			  it is not certain which */
} chronosign_survey;

/*
 * What can be told of the way to the key that a pkcs11: URI means, without a login. A module or
 * token of which something is wrong is in the survey with the reason; NULL with *error set if
 * there is no module at all that could be used, or the URI can mean no private key. The modules are
 * in use until the survey is freed, which is best done before a signer is opened.
 */
chronosign_survey *chronosign_survey_make(const chronosign_key *key, chronosign_error **error);
void chronosign_survey_free(chronosign_survey *survey);

#ifdef __cplusplus
}
#endif
#endif
