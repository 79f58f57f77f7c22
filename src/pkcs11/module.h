/*
 * PKCS#11 modules: which ones to use, loaded and initialised by p11-kit. A module is loaded once and
 * initialised once, and stays so until pkcs11_modules_finalize: to unload one and load it again
 * breaks others (a C++ run-time, a daemon's connection). Slots and tokens are in token.h.
 */
#ifndef PKCS11_MODULE_H
#define PKCS11_MODULE_H

#include "pkcs11/cryptoki.h"

struct pkcs11_modules {
	struct pkcs11_module *list;
	size_t count;
	bool named;             /* the user named the module; else every registered one is there */
	const char *unloadable; /* registered modules that did not load, with p11-kit's reasons, one
				   per line; NULL if all did, or if the user named the module */
};

/* Called for each module as soon as it has been tried, before the next one: `failure` is NULL if
 * it works. */
typedef void pkcs11_module_tried(void *context, const char *name, const char *failure);

/* The module that a URI and a key ask for: path and name are NULL for every registered module. */
struct pkcs11_module_choice {
	const char *path;
	const char *name;
	pkcs11_module_tried *tried; /* NULL: not called */
	void *context;
};

/* p11-kit's proxy, which stands for every registered module, so it is not a choice. */
bool pkcs11_module_is_proxy(const char *path);

struct pkcs11_module_choice pkcs11_module_choice(const struct chronosign_key *key);

/*
 * The modules that the choice asks for: the one at the path, else the one of that name, else every
 * module registered with p11-kit. Loads and initialises them if necessary. A registered module that
 * fails stays in the list with its reason; a named one that fails is an error.
 */
bool pkcs11_modules_open(const struct chronosign_key *key,
			 const struct pkcs11_module_choice *choice, struct pkcs11_modules *modules,
			 struct chronosign_error **error);

/* Frees the list. The modules stay as they are. */
void pkcs11_modules_close(struct pkcs11_modules *modules);

/* Initialises a module anew that another library of this process has finalised (it answered
 * CKR_CRYPTOKI_NOT_INITIALIZED). */
bool pkcs11_module_restart(const struct pkcs11_module *module);

/* C_Finalize of every module, at the end of the process, with the watch functions of `watcher`. */
void pkcs11_modules_finalize(const struct chronosign_key *watcher);

#endif
