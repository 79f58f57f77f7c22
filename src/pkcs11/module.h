/* PKCS#11 modules: which ones to use, loaded and initialised by p11-kit. Slots and tokens are in
 * token.h. */
#ifndef PKCS11_MODULE_H
#define PKCS11_MODULE_H

#include "key/key.h"
#include "pkcs11/cryptoki.h"

struct pkcs11_modules {
	struct pkcs11_module *list;
	size_t count;
	CK_FUNCTION_LIST **registered; /* p11-kit's list, if they come from its configuration */
	char *unloadable; /* those registered that would not load, with p11-kit's reasons, a line
			     each; NULL if all do */
	bool named;       /* the user named the module; else every registered one is there */
};

/*
 * Loads the modules that the key asks for: the URI's module-path, else the key's module path, else
 * the URI's module-name, else every module registered with p11-kit; and initialises them. A
 * registered module that fails stays in the list with its reason; a named one that fails is an
 * error.
 */
bool pkcs11_modules_open(const chronosign_key *key, struct pkcs11_modules *modules,
			 chronosign_error **error);
void pkcs11_modules_close(struct pkcs11_modules *modules);

#endif
