/*
 * OpenSSL's user interface, by which libraries ask for a PIN, answered without a user: from the
 * key's sources, and only once, because a library that asks again would try a refused PIN a second
 * time.
 */
#ifndef SIGNER_OPENSSL_UI_H
#define SIGNER_OPENSSL_UI_H

#include "base/signing.h"
#include "pkcs11/token.h"

#include <openssl/evp.h>
#include <openssl/ui.h>
#include <stdint.h>

/* Who may ask and what they get. */
struct openssl_ui {
	const struct chronosign_key *key;
	struct pkcs11_token *token; /* whose PIN is meant: its session keeps it; NULL: not known */
	const char *place; /* what a prompt names if the token is not known; NULL: a file */
	const char *who;   /* "the engine 'pkcs11'", for messages and for the key's watch */
	UI_METHOD *method; /* answers from this struct */
	unsigned left;     /* how many questions may still be answered */
	bool given;        /* a PIN has been handed out */
	struct chronosign_secret *pin;  /* if the token is not known: once it was obtained */
	struct chronosign_error *error; /* why a question was not answered */
	const char *function;           /* what is being called, NULL between calls */
	const UI_METHOD *before;        /* OpenSSL's default method, while something is */
};

/* Prepares the method. The struct must not be moved afterwards; openssl_ui_clear releases
 * everything. */
bool openssl_ui_init(struct openssl_ui *ui, const struct chronosign_key *key, const char *who,
		     struct chronosign_error **error);
void openssl_ui_clear(struct openssl_ui *ui);

/* The PIN as a string, for libraries that take nothing else; obtained if it is not known yet.
 * NULL with *error set if there is none, or if it holds a NUL byte, which would cut it short. */
const char *openssl_ui_pin_text(struct openssl_ui *ui, struct chronosign_error **error);

/* Moves the reason for an unanswered question to *error; false if there is none. */
bool openssl_ui_take_error(struct openssl_ui *ui, struct chronosign_error **error);

/* openssl_key_sign, watched; with ui->left set to 1, one question for the PIN is answered: of a key
 * that wants it at every signature (CKA_ALWAYS_AUTHENTICATE, PKCS#11 v3.1 §4.8). */
bool openssl_ui_sign(struct openssl_ui *ui, EVP_PKEY *pkey, OSSL_LIB_CTX *context,
		     struct signing *signing, struct chronosign_error **error);

/*
 * Put around every call into a foreign library: the key's watch sees a hang or a crash in it as in a
 * module of our own, and pauses while a person is asked for a PIN. What asks by OpenSSL's default
 * method meanwhile, which would be the terminal, gets the same answers.
 */
void openssl_call_begin(struct openssl_ui *ui, const char *function);
void openssl_call_end(struct openssl_ui *ui);

#endif
