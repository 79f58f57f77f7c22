/*
 * A look at the token by Cryptoki calls of our own, beside a library that will sign with it: which
 * token and which key a pkcs11: URI means is decided here for all backends alike, and only then
 * does the library log in. It shares the module with us: a module is one per process, and so is a
 * login.
 */
#ifndef SIGNER_LOOK_H
#define SIGNER_LOOK_H

#include "pkcs11/match.h"

struct look {
	chronosign_key key; /* as asked for, but with the module to look through; borrows all */
	struct pkcs11_modules modules;
	struct pkcs11_tokens tokens;
	struct pkcs11_token *token; /* the one of `tokens` that is meant */
	struct pkcs11_private_key private_key;
	char *label; /* the token's, printable */
	char *uri;   /* the key on this one token: no PIN, no module, type=private */
};

/*
 * Initialises the modules that the key asks for, or `module_path` if that is not NULL, and chooses
 * the token; never logs in. False with *error set if that fails; close the look in any case, and
 * after the library, whose module it keeps initialised.
 */
bool look_open(struct look *look, const chronosign_key *key, const char *module_path,
	       chronosign_error **error);

/* The file of the chosen token's module, for a library to load. NULL with *error set, which names
 * `who`, if it has none (a remote one). */
const char *look_module_file(const struct look *look, const char *who, chronosign_error **error);

/* How many private keys show that the URI can mean. */
bool look_count(struct look *look, size_t *count, chronosign_error **error);

/* The one private key that the URI means, read into `private_key`; its public half. */
bool look_key(struct look *look, chronosign_error **error);
EVP_PKEY *look_public_key(struct look *look, chronosign_error **error);

/*
 * To be called before the library logs in. Opens our session, since a token that opens none makes
 * libp11 0.4.12 wait for ever; asks pkcs11_session_may_try, and tells the user to look at the reader
 * if that asks for the PIN.
 */
bool look_before_login(struct look *look, chronosign_error **error);

/* Sets *error to why the key could not be opened by `who`, whose words are `reasons`: a PIN that
 * was refused, a key that is not there or not fit, or what the library says. Always false. */
bool look_explain(struct look *look, const char *who, const char *reasons, bool pin_tried,
		  chronosign_error **error);

/* Closes our sessions, since some tokens have few. The token is not to be looked at any more. */
void look_rest(struct look *look);

void look_close(struct look *look);

#endif
