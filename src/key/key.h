/* What a caller asks for: a key by its reference, and the sources of its PIN. Backends read it;
 * only key.c writes it. */
#ifndef KEY_KEY_H
#define KEY_KEY_H

#include "key/uri.h"

#include <chronosign/key.h>

enum key_kind {
	KEY_IN_FILE,  /* a path, or a file: URI */
	KEY_IN_TOKEN, /* a pkcs11: URI */
	KEY_IN_STORE, /* any other scheme: for OpenSSL's store loaders */
};

/* Label, manufacturer, model and serial number: the first members of CK_TOKEN_INFO. */
enum { KEY_TOKEN_IDENTITY_SIZE = 96 };

/* So many logins in a row may have answers that do not tell whether the PIN is right: each may have cost a try. */
enum { KEY_LOGINS_IN_VAIN = 2 };

/* What has become of the key's PIN. */
struct key_pin_use {
	bool kept;                /* it is the same at every opening */
	bool owned;               /* it is `owner`'s, and goes to no other token */
	bool once;                /* it may be used for one login */
	bool offered;             /* it was used for one */
	bool used;                /* it was handed out */
	bool refused;             /* by its token: it is not tried again */
	unsigned in_vain;         /* so many logins in a row have not told whether it is right */
	unsigned in_vain_for_key; /* the same of those that a key requires for each signature */
	unsigned char owner[KEY_TOKEN_IDENTITY_SIZE];
};

struct chronosign_key {
	enum key_kind kind;
	char *name;             /* the reference without a PIN, printable */
	char *path;             /* KEY_IN_FILE: the decoded path */
	struct pkcs11_uri *uri; /* KEY_IN_TOKEN */
	char *store;            /* KEY_IN_STORE: the URI as given */

	char *backend;
	char *engine;     /* NULL: the default one */
	char **providers; /* ended by NULL; NULL if there are none */
	char *module_path;
	char *pin_source;
	struct chronosign_secret *pin;
	struct key_pin_use *pin_use;
	bool force_login;
	int command_stderr; /* of a PIN source that is a command */

	chronosign_prompt *prompt;
	void *prompt_context;
	chronosign_notice *notice;
	void *notice_context;
	void (*lend)(void *context, bool lent);
	void *lend_context;
	void (*login_refused)(const struct chronosign_key *key);
	struct chronosign_watch watch;
	void *watch_context;
};

/* True if its PIN is not to be offered any more. */
bool key_pin_is_spent(const struct chronosign_key *key);

/* Where the key is kept, by its reference. */
enum key_kind key_kind(const struct chronosign_key *key);

/* Standard error of a PIN source that is a command, if not this process's. Borrowed. */
void key_set_command_stderr(struct chronosign_key *key, int descriptor);

/* Tells the caller's notice function, if it set one. */
void key_notice(const struct chronosign_key *key, enum chronosign_notice_level level,
		const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The lines of a failure, and what is done now that it failed: "Trying once more". */
void key_notice_failure(const struct chronosign_key *key, enum chronosign_notice_level level,
			const struct chronosign_error *failure, const char *now);

/* A notice of kind CHRONOSIGN_NOTICE_WARNING if an RSA key of so many bits is too short to be
 * safe. */
void key_warn_of_length(const struct chronosign_key *key, int bits);

/* Called around what may read the PIN from the terminal: a command, a descriptor. */
void key_set_lend(struct chronosign_key *key, void (*lend)(void *context, bool lent),
		  void *context);

/* A PIN is offered to a token once, though its session may be lost: for those who examine. */
void key_set_one_login(struct chronosign_key *key);

/* Called when a token has refused a login, whichever library has tried it. */
void key_set_login_refused(struct chronosign_key *key,
			   void (*login_refused)(const struct chronosign_key *key));

/* For those who know: the token of this key has refused a login. Its PIN is spent. */
void key_login_refused(const struct chronosign_key *key);

/* The path in a file: URI (RFC 8089), decoded. The caller frees it; NULL with *error set if it
 * names no local file; *error repeats what is `shown` of it. */
char *file_uri_path(const char *uri, const char *shown, struct chronosign_error **error);

#endif
