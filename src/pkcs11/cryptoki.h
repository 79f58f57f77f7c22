/*
 * The one way into a PKCS#11 module: every Cryptoki call goes through CRYPTOKI(), which lets the
 * user of the library watch it, and every CK_RV that means failure becomes an error that names
 * function, code and remedy.
 */
#ifndef PKCS11_CRYPTOKI_H
#define PKCS11_CRYPTOKI_H

#include "key/key.h"

#include <p11-kit/p11-kit.h>
#include <stdbool.h>

/* A loaded module. Owned by a module list (pkcs11/module.h). */
struct pkcs11_module {
	CK_FUNCTION_LIST *functions;
	CK_FUNCTION_LIST *loaded; /* what p11-kit gave, to be released; mostly the same */
	char *name; /* its path, else its configured name: for messages and for the watch */
	const chronosign_key
		*key; /* who asks for it: whose watch and notice functions are called */
	bool initialized;
	char *failure; /* why it is not, for "no match" messages */
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

/* True for what a new session may mend: this one is gone, and with it perhaps the login. */
bool cryptoki_lost_session(CK_RV result);

/* True for what a new start may mend: the token failed or was removed, and may be back, in another
 * slot too. */
bool cryptoki_lost_token(CK_RV result);

/* By which function with which code something failed, and what to do. NULL if memory is out. The
 * caller frees it. */
char *cryptoki_reason(const char *function, CK_RV result);

/* Sets *error, of kind CHRONOSIGN_ERROR_KEY and with that result: `what` failed, by which function
 * with which code, and what to do. Always false. */
bool cryptoki_error(chronosign_error **error, const struct pkcs11_module *module,
		    const char *function, CK_RV result, const char *what);

#endif
