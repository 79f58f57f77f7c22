/*
 * A key in a token with which another library signs: libp11, an engine, a provider. Which token and
 * which key a pkcs11: URI means is decided here by Cryptoki calls of our own, for all backends alike,
 * and only then does the library log in. It shares the module with us: a module is one per process,
 * and so mostly is a login.
 */
#ifndef SIGNER_OPENSSL_TOKEN_H
#define SIGNER_OPENSSL_TOKEN_H

#include "pkcs11/search.h"
#include "signer/openssl_ui.h"

struct openssl_token {
	struct pkcs11_search search; /* its token is NULL if the key is in none */
	struct openssl_ui *ui;       /* that gives the library its PIN */
	char *uri; /* the key on this one token: no PIN, no module, type=private */
};

/*
 * Opens the modules that the key of `ui`, which is borrowed, asks for, or the one at `module_path` if
 * that is not NULL, and chooses the token; never logs in. False with *error set if that fails; close it
 * in any case.
 */
bool openssl_token_open(struct openssl_token *token, struct openssl_ui *ui, const char *module_path,
			struct chronosign_error **error);

/* The file of the chosen token's module, for a library to load. NULL with *error set, which names
 * `who`, if it has none (a remote one). */
const char *openssl_token_module_file(const struct openssl_token *token, const char *who,
				      struct chronosign_error **error);

/*
 * To be called before the library logs in. Opens our session, since a token that opens none makes
 * libp11 0.4.12 wait for ever; asks pkcs11_session_may_try, and tells the user to look at the
 * reader if the PIN is entered there.
 */
bool openssl_token_before_login(struct openssl_token *token, struct chronosign_error **error);

/*
 * Some tokens that require no login hide private objects all the same. If nothing shows, and the user
 * gave a PIN or --force-login, we log in, once, since engines and providers do not: a login is the
 * process's, so they see the key, too, unless the module gives each of its users one.
 */
bool openssl_token_log_in_if_it_hides(struct openssl_token *token, struct chronosign_error **error);

/* Finds and reads the key, and its public half. If the module keeps a login for each of its users, logs
 * us in by the PIN that the library has logged in by. */
bool openssl_token_read_key(struct openssl_token *token, EVP_PKEY **public_key,
			    struct chronosign_error **error);

/*
 * The public half of `pkey`, the key called `name` that the library has opened. For a key in a
 * token our own view is more reliable than the library's; its sessions are closed afterwards. False
 * with *error set if it is no RSA key or does not tell its public half.
 */
bool openssl_token_finish_key(struct openssl_token *token, const EVP_PKEY *pkey, const char *name,
			      EVP_PKEY **public_key, struct chronosign_error **error);

/* Sets *error to why the key could not be opened by `who`, by OpenSSL's errors: a PIN that was seen to
 * be refused, a key that is not there or not fit, or what the library says. Always false. */
bool openssl_token_explain(struct openssl_token *token, const char *who, bool pin_given,
			   struct chronosign_error **error);

/* Closes our sessions, since some tokens have few; what is known of the token and the key is kept. */
void openssl_token_rest(struct openssl_token *token);

void openssl_token_close(struct openssl_token *token);

#endif
