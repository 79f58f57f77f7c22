/*
 * What a backend is: a way to use a private RSA key and read its public half. To add one: a file
 * beside this one that defines a `struct backend`, its declaration below, and a row in the table of
 * signer.c (docs/contributing.md has an example).
 */
#ifndef SIGNER_BACKEND_H
#define SIGNER_BACKEND_H

#include "base/signing.h"
#include "key/key.h"

#include <openssl/evp.h>

struct backend {
	const char *name;
	const char *(*library)(void); /* the library it uses, with its version, for --version */

	/*
	 * Finds and opens the key: *state is the backend's own until `close`, *public_key the
	 * half that verifies, owned by the caller. False with *error set, and nothing to close, if
	 * it cannot.
	 */
	bool (*open)(const struct chronosign_key *key, void **state, EVP_PKEY **public_key,
		     struct chronosign_error **error);

	/* RSASSA-PKCS1-v1_5 with SHA-256 over the message. The caller verifies. */
	bool (*sign)(void *state, struct signing *signing, struct chronosign_error **error);

	void (*close)(void *state);

	bool shows_logins; /* each is a call of ours; a library may hide its own, and their answers */
};

/*
 * The backends built into this library, by index from 0: its name, and the library it stands on
 * with that library's version. False when there are no more.
 */
bool backend_describe(size_t index, const char **name, const char **library);

/* Whether that holds of the backend that signs with this key. */
bool backend_shows_logins(const struct chronosign_key *key);

extern const struct backend backend_file;
extern const struct backend backend_pkcs11;
#ifdef WITH_LIBP11
extern const struct backend backend_libp11;
#endif
#ifdef WITH_ENGINE
extern const struct backend backend_engine;
#endif
#ifdef WITH_PROVIDER
extern const struct backend backend_provider;
#endif

#endif
