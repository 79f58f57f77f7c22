/*
 * The one way into a PKCS#11 module: every Cryptoki call goes through CRYPTOKI(), which lets the
 * user of the library watch it, and every CK_RV that means failure becomes an error that names
 * function, code and remedy. No other folder knows about CK_RV.
 */
#ifndef PKCS11_CRYPTOKI_H
#define PKCS11_CRYPTOKI_H

#include "key/key.h"

#include <p11-kit/p11-kit.h>
#include <stdbool.h>

/* A module as used for one key; the loaded module belongs to the process (module.c). */
struct pkcs11_module {
	CK_FUNCTION_LIST *functions;
	const char *name; /* its path, else its configured name: for messages and for the watch */
	const char *failure;              /* why it is not initialised; NULL: it is */
	const struct chronosign_key *key; /* whose watch and notice functions are called */
};

void cryptoki_begin(const struct pkcs11_module *module, const char *function);
CK_RV cryptoki_end(const struct pkcs11_module *module, const char *function, CK_RV result);

/* CRYPTOKI(module, C_Login, session, CKU_USER, pin, length): the call, watched. Its value is the
 * CK_RV. */
#define CRYPTOKI(module, function, ...) \
	(cryptoki_begin((module), #function), \
	 cryptoki_end((module), #function, (module)->functions->function(__VA_ARGS__)))

/* "CKR_PIN_INCORRECT", or "0x80000001" for a vendor's own code. `buffer` is used for the latter. */
const char *cryptoki_name(CK_RV result, char buffer[static 32]);

/* "device error" for CKR_DEVICE_ERROR. NULL for a code that is not in the standard, or if memory is
 * out. The caller frees it. */
char *cryptoki_words(unsigned long result);

/* Whether a failed call may be tried again. */
enum cryptoki_retry {
	RETRY_NEVER,
	RETRY_SESSION, /* the session is gone, perhaps with the login: try a new one */
	RETRY_TOKEN,   /* the token failed or was removed: it may be back, also in another slot */
	RETRY_LOGIN,   /* it needs a login first */
};

enum cryptoki_retry cryptoki_retry(CK_RV result);

/* True for an answer to C_Login after which a try may be used up: neither has it succeeded, nor was its session or token
 * gone. */
bool cryptoki_login_is_refused(CK_RV result);

/* True for a code by which a token refuses a PIN, also as reported by another library. */
bool cryptoki_refuses_pin(unsigned long result);

/* By which function with which code something failed, and what to do. NULL if memory is out. The
 * caller frees it. */
char *cryptoki_reason(const char *function, CK_RV result);

/* Sets *error, of kind CHRONOSIGN_ERROR_KEY: `what` failed, by which function with which code, and
 * what to do. Always false. */
bool cryptoki_error(struct chronosign_error **error, const struct pkcs11_module *module,
		    const char *function, CK_RV result, const char *what);

#endif
