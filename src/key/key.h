/* What a caller asks for: a key by its reference, and the ways to its PIN. Backends read it; only
 * key.c writes it. */
#ifndef KEY_KEY_H
#define KEY_KEY_H

#include "key/uri.h"

#include <chronosign/signer.h>

typedef enum {
	REFERENCE_FILE,   /* a path, or a file: URI */
	REFERENCE_PKCS11, /* a pkcs11: URI */
	REFERENCE_STORE,  /* any other scheme: for OpenSSL's store loaders */
} reference_kind;

struct chronosign_key {
	reference_kind kind;
	char *name;             /* the reference without a PIN, printable */
	char *path;             /* REFERENCE_FILE: the decoded path */
	struct pkcs11_uri *uri; /* REFERENCE_PKCS11 */
	char *store;            /* REFERENCE_STORE: the URI as given */

	char *backend;
	char *engine;     /* NULL: the default one */
	char **providers; /* ended by NULL; NULL if there are none */
	char *module_path;
	char *pin_source;
	chronosign_secret *pin;
	bool force_login;

	chronosign_prompt *prompt;
	void *prompt_context;
	chronosign_notice *notice;
	void *notice_context;
	chronosign_watch watch;
	void *watch_context;
};

/* Tells the caller's notice function, if it set one. */
void key_notice(const chronosign_key *key, chronosign_notice_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The path in a file: URI (RFC 8089), decoded. The caller frees it; NULL with *error set if it
 * names no local file. */
char *file_uri_path(const char *uri, chronosign_error **error);

#endif
