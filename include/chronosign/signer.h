/*
 * The signer: an RSA key, wherever it lives, that signs Chronograf's nonces.
 *
 *     chronosign_key *key = chronosign_key_new(reference, &error);
 *     chronosign_key_set_pin_source(key, "/run/secrets/pin");
 *     chronosign_signer *signer = chronosign_signer_open(key, &error);
 *     chronosign_token_make(signer, nonce, &error);
 *
 * A signer belongs to one thread, and to the process that opened it: PKCS#11 modules do not survive
 * a fork.
 */
#ifndef CHRONOSIGN_SIGNER_H
#define CHRONOSIGN_SIGNER_H

#include <chronosign/error.h>
#include <chronosign/secret.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Which key, and how to get at it ---- */

typedef struct chronosign_key chronosign_key;

/*
 * A key by its reference: a path or a `file:` URI (RFC 8089) is a file, a `pkcs11:` URI (RFC 7512)
 * an object in a token. A `pin-value` in the URI is moved to a secret and overwritten with '*' in
 * `reference` itself. Everything else is copied.
 */
chronosign_key *chronosign_key_new(char *reference, chronosign_error **error);
void chronosign_key_free(chronosign_key *key);

/* Which backend signs: its name as by chronosign_backend_describe, or "auto" (the default). */
void chronosign_key_set_backend(chronosign_key *key, const char *name);

/* The OpenSSL engine for the backend "engine"; "pkcs11" by default. */
void chronosign_key_set_engine(chronosign_key *key, const char *id);

/* An OpenSSL provider to load for the backend "provider", beside those that openssl.cnf loads; may
 * be called repeatedly. */
bool chronosign_key_add_provider(chronosign_key *key, const char *name);

/* The PKCS#11 module to use where the URI names none by its module-path. */
void chronosign_key_set_module_path(chronosign_key *key, const char *path);

/*
 * Where to read the PIN or passphrase if the URI has none: a path, a `file:` URI, `env:NAME`,
 * `fd:N`, `credential:NAME` (a file in $CREDENTIALS_DIRECTORY) or `|command` (by /bin/sh -c). Read
 * at most once, when it is needed, and one newline at its end is dropped.
 */
void chronosign_key_set_pin_source(chronosign_key *key, const char *source);

/* The PIN or passphrase itself, if neither the URI nor a pin source gives one. The key takes it
 * over. */
void chronosign_key_set_pin(chronosign_key *key, chronosign_secret *pin);

/*
 * Reads the PIN or passphrase now, where a source gives one, and keeps it: for a key that will be
 * opened more than once. A prompt still asks each time. False with *error set if the source cannot
 * be read.
 */
bool chronosign_key_keep_pin(chronosign_key *key, chronosign_error **error);

/*
 * Whether to log in to a token that says its PIN is locked, or not set yet, or has one try left that
 * nobody is asked for (a PIN was given, or there is no prompt). False by default: such a login is
 * not tried. Some tokens report these things wrongly.
 */
void chronosign_key_set_force_login(chronosign_key *key, bool force);

/* What a prompt is about. The strings are printable and valid during the call. */
typedef struct {
	const char *token; /* label of the token; NULL for a file */
	const char *key;   /* the key's name: its URI without a PIN, or its path */
} chronosign_prompt_request;

/*
 * Asks a person for the PIN or passphrase. Returns a new secret, or NULL with *error set (no
 * terminal, or the person gave up). Without a prompt, a PIN that nobody gave is an error.
 */
typedef chronosign_secret *chronosign_prompt(void *context,
					     const chronosign_prompt_request *request,
					     chronosign_error **error);
void chronosign_key_set_prompt(chronosign_key *key, chronosign_prompt *prompt, void *context);

/* What a person should know while a key is opened or used: one line without a newline, no secret in
 * it. */
typedef enum {
	CHRONOSIGN_NOTICE_DETAIL,  /* what is being done, for --verbose */
	CHRONOSIGN_NOTICE_ACTION,  /* something to be done now: enter the PIN on the reader */
	CHRONOSIGN_NOTICE_WARNING, /* something to be mended */
} chronosign_notice_level;

typedef void chronosign_notice(void *context, chronosign_notice_level level, const char *message);
void chronosign_key_set_notice(chronosign_key *key, chronosign_notice *notice, void *context);

/*
 * Watches the calls into PKCS#11 modules: `begin` before each call, with the module's path or name
 * and the function's name (strings that outlive the signer's use), `end` after it with the CK_RV.
 * Both must return quickly.
 */
typedef struct {
	void (*begin)(void *context, const char *module, const char *function);
	void (*end)(void *context, const char *module, const char *function, unsigned long result);
} chronosign_watch;
void chronosign_key_set_watch(chronosign_key *key, const chronosign_watch *watch, void *context);

/* The reference without its PIN, for messages. Valid as long as the key. */
const char *chronosign_key_name(const chronosign_key *key);

/* ---- The signer ---- */

typedef struct chronosign_signer chronosign_signer;

/* The largest RSA modulus taken, in bytes (16,384 bits: what OpenSSL takes), hence the largest
 * signature. */
#define CHRONOSIGN_SIGNATURE_MAX 2048

/*
 * Finds and opens the key, logging in if that is needed. The key is needed until the signer is
 * closed. Errors are of kind CHRONOSIGN_ERROR_KEY unless the reference itself is wrong
 * (CHRONOSIGN_ERROR_USAGE).
 */
chronosign_signer *chronosign_signer_open(const chronosign_key *key, chronosign_error **error);

/* The public half. Borrowed: valid until the signer is closed. */
const EVP_PKEY *chronosign_signer_public_key(const chronosign_signer *signer);

/*
 * The token for a nonce: the standard base64 (RFC 4648 §4, padded) of the RSASSA-PKCS1-v1_5
 * signature with SHA-256 (RFC 8017 §8.2) over the nonce's 36 bytes. What is no nonce is not signed,
 * and a signature that the key's public half does not verify is not returned. The caller frees the
 * token with free().
 */
char *chronosign_token_make(chronosign_signer *signer, const char *nonce, chronosign_error **error);

/* Closes session and module, and frees. NULL is allowed. */
void chronosign_signer_close(chronosign_signer *signer);

/*
 * The backends built into this library, by index from 0: its name, and the library it stands on
 * with that library's version. False when there are no more.
 */
bool chronosign_backend_describe(size_t index, const char **name, const char **library);

#ifdef __cplusplus
}
#endif
#endif
