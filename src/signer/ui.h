/*
 * OpenSSL's user interface, by which libraries ask for a PIN, answered without a user: from the
 * key's sources, once, and then no more. A library that asks again for the same thing would try a
 * refused PIN a second time.
 */
#ifndef SIGNER_UI_H
#define SIGNER_UI_H

#include "key/key.h"

#include <openssl/evp.h>
#include <openssl/ui.h>
#include <stdint.h>

/* Who may ask and what they get. */
struct ui_answer {
	const chronosign_key *key;
	const char *token;       /* the token's label for a prompt; NULL: a file */
	const char *who;         /* "the engine 'pkcs11'", for messages and for the key's watch */
	UI_METHOD *method;       /* answers from this struct */
	unsigned left;           /* how many questions may still be answered */
	bool given;              /* a PIN has been handed out */
	chronosign_secret *pin;  /* once it is known */
	chronosign_error *error; /* why a question was not answered */
	const char *function;    /* what is being called, NULL between calls */
	const UI_METHOD *before; /* OpenSSL's default method, while something is */
};

/* Prepares the method. The answer may not move afterwards; ui_answer_clear releases all. */
bool ui_answer_init(struct ui_answer *answer, const chronosign_key *key, const char *who,
		    chronosign_error **error);
void ui_answer_clear(struct ui_answer *answer);

/* The PIN as a string, for libraries that take no other; obtained if it is not known yet. NULL with
 * *error set if there is none, or if it holds a NUL byte, which would cut it short. */
const char *ui_pin_text(struct ui_answer *answer, chronosign_error **error);

/* Moves the reason for an unanswered question to *error; false if there is none. */
bool ui_take_error(struct ui_answer *answer, chronosign_error **error);

/* evp_sign, watched; with `ask`, one question for the PIN is answered: a key that wants it at every
 * signature (CKA_ALWAYS_AUTHENTICATE, PKCS#11 v3.1 §4.8). */
bool ui_sign(struct ui_answer *answer, bool ask, EVP_PKEY *pkey, OSSL_LIB_CTX *context,
	     const uint8_t *message, size_t message_length, uint8_t *signature, size_t *length,
	     chronosign_error **error);

/*
 * Put around every call into a foreign library: the key's watch sees a hang or a crash in it as in a
 * module of our own, and pauses while a person is asked for a PIN. What asks by OpenSSL's default
 * method meanwhile, which would be the terminal, gets the same answers.
 */
void ui_call_begin(struct ui_answer *answer, const char *function);
void ui_call_end(struct ui_answer *answer);

#endif
