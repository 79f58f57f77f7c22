/* A key's reference, and how to reach the key: the signer, the PKCS#11 module and the sources of
 * the PIN. */
#ifndef CHRONOSIGN_KEY_H
#define CHRONOSIGN_KEY_H

#include <chronosign/error.h>
#include <chronosign/secret.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct chronosign_key;

/*
 * A key by its reference: a path or a `file:` URI (RFC 8089) is a file, a `pkcs11:` URI (RFC 7512)
 * an object in a token. A `pin-value` in the URI is moved to a secret and overwritten with '*' in
 * `reference` itself. Everything else is copied.
 */
struct chronosign_key *chronosign_key_new(char *reference, struct chronosign_error **error)
	__attribute__((nonnull(1), warn_unused_result));
void chronosign_key_free(struct chronosign_key *key);

/*
 * The setters that copy a string return false if memory is out; the key is then unchanged. NULL
 * resets a setting.
 */

/* Which backend signs: "file", "pkcs11", "libp11", "engine", "provider" (those that are built in),
 * or "auto" (the default). */
bool chronosign_key_set_backend(struct chronosign_key *key, const char *name)
	__attribute__((nonnull(1), warn_unused_result));

/* The OpenSSL engine for the backend "engine"; "pkcs11" by default. */
bool chronosign_key_set_engine(struct chronosign_key *key, const char *id)
	__attribute__((nonnull(1), warn_unused_result));

/* An OpenSSL provider to load for the backend "provider", in addition to those that openssl.cnf
 * loads; may be called several times. */
bool chronosign_key_add_provider(struct chronosign_key *key, const char *name)
	__attribute__((nonnull, warn_unused_result));

/* The PKCS#11 module to use if the URI has no module-path. */
bool chronosign_key_set_module_path(struct chronosign_key *key, const char *path)
	__attribute__((nonnull(1), warn_unused_result));

/*
 * Where to read the PIN or passphrase if the URI has none: a path, a `file:` URI, `env:NAME`,
 * `fd:N`, `credential:NAME` (a file in $CREDENTIALS_DIRECTORY) or `|command` (by /bin/sh -c). Read
 * at most once, when it is needed; line ends at its end are dropped.
 */
bool chronosign_key_set_pin_source(struct chronosign_key *key, const char *source)
	__attribute__((nonnull(1), warn_unused_result));

/* The PIN or passphrase itself, if neither the URI nor a pin source gives one. The key takes
 * ownership of it. */
void chronosign_key_set_pin(struct chronosign_key *key, struct chronosign_secret *pin)
	__attribute__((nonnull(1)));

/*
 * Reads the PIN or passphrase now, if there is a source for it, and keeps it: for a key that will
 * be opened more than once. A prompt still asks each time. The PIN goes to no token but the first
 * that wants it. False with *error set if the source cannot be read.
 */
bool chronosign_key_keep_pin(struct chronosign_key *key, struct chronosign_error **error)
	__attribute__((nonnull(1), warn_unused_result));

/*
 * Whether to log in to a token that says its PIN is locked, or not set yet, or has one try left
 * while no person is asked for the PIN (one was given, or there is no prompt). False by default:
 * such a login is not tried. Some tokens report these things wrongly.
 */
void chronosign_key_set_force_login(struct chronosign_key *key, bool force)
	__attribute__((nonnull));

/* What a prompt asks for. The strings are printable, and valid during the call. */
struct chronosign_prompt_request {
	const char *token; /* label of the token; NULL for a file */
	const char *key;   /* the key's name: its URI without a PIN, or its path */
};

/*
 * Asks a person for the PIN or passphrase. Returns a new secret, or NULL with *error set (no
 * terminal, or the person gave up). Without a prompt, a missing PIN is an error.
 */
typedef struct chronosign_secret *chronosign_prompt(void *context,
						    const struct chronosign_prompt_request *request,
						    struct chronosign_error **error);
void chronosign_key_set_prompt(struct chronosign_key *key, chronosign_prompt *prompt, void *context)
	__attribute__((nonnull(1)));

/* What a person should know while a key is opened or used: a line without a newline at its end, or, if
 * something failed and is tried again, those of the error; no secret in it. */
enum chronosign_notice_level {
	CHRONOSIGN_NOTICE_DETAIL,  /* what is being done, for --verbose */
	CHRONOSIGN_NOTICE_ACTION,  /* what the user has to do now: enter the PIN on the reader */
	CHRONOSIGN_NOTICE_WARNING, /* a problem that the user should correct */
};

typedef void chronosign_notice(void *context, enum chronosign_notice_level level,
			       const char *message);
void chronosign_key_set_notice(struct chronosign_key *key, chronosign_notice *notice, void *context)
	__attribute__((nonnull(1)));

/*
 * Watches the calls into PKCS#11 modules: `begin` before each call, with the module's path or name
 * and the function's name (strings that outlive the key), `end` after it with the CK_RV. Both must
 * return quickly.
 */
struct chronosign_watch {
	void (*begin)(void *context, const char *module, const char *function);
	void (*end)(void *context, const char *module, const char *function, unsigned long result);
};
void chronosign_key_set_watch(struct chronosign_key *key, const struct chronosign_watch *watch,
			      void *context) __attribute__((nonnull(1, 2)));

/* The reference without its PIN, for messages. Valid as long as the key. */
const char *chronosign_key_name(const struct chronosign_key *key)
	__attribute__((nonnull, returns_nonnull));

#ifdef __cplusplus
}
#endif
#endif
