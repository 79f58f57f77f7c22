/*
 * The backend `engine`: a private RSA key by an OpenSSL ENGINE, libp11's or a vendor's. The one
 * file that may use deprecated functions of OpenSSL; OpenSSL 4.0 has no engines.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "key/pin.h"
#include "signer/backend.h"
#include "signer/openssl_key.h"
#include "signer/openssl_reasons.h"
#include "signer/openssl_token.h"
#include "signer/openssl_ui.h"

#include <openssl/crypto.h>
#include <openssl/engine.h>
#include <openssl/err.h>

static const char default_engine[] = "pkcs11";

struct engine_signer {
	struct openssl_token token; /* of a pkcs11: URI; empty for other references */
	struct openssl_ui ui;
	char *who;
	ENGINE *engine;
	bool initialized;
	EVP_PKEY *pkey;
};

static void engine_close(void *state)
{
	struct engine_signer *signer = state;

	openssl_token_rest(&signer->token);
	openssl_call_begin(&signer->ui, "ENGINE_finish");
	EVP_PKEY_free(signer->pkey);
	if (signer->initialized)
		ENGINE_finish(signer->engine);
	ENGINE_free(signer->engine);
	openssl_call_end(&signer->ui);
	openssl_token_close(&signer->token);
	openssl_ui_clear(&signer->ui);
	free(signer->who);
	free(signer);
}

DEFINE_CLEANUP(engine_signer, struct engine_signer *, engine_close)

static bool engine_error(const struct engine_signer *signer, const char *what,
			 struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *reasons = openssl_reasons();

	return error_set(error, CHRONOSIGN_ERROR_KEY, "%s %s: %s", signer->who, what, reasons);
}

static bool has_command(const struct engine_signer *signer, const char *command)
{
	bool has = ENGINE_ctrl(signer->engine, ENGINE_CTRL_GET_CMD_FROM_NAME, 0, (void *)command,
			       NULL) > 0;

	ERR_clear_error();
	return has;
}

static bool command(struct engine_signer *signer, const char *name, const char *value,
		    struct chronosign_error **error)
{
	openssl_call_begin(&signer->ui, name);
	bool good = ENGINE_ctrl_cmd_string(signer->engine, name, value, 0) == 1;
	openssl_call_end(&signer->ui);
	/* The value may be a PIN, so no message shows it. */
	return good || engine_error(signer, "refuses a control command", error);
}

static bool find_engine(struct engine_signer *signer, const char *id,
			struct chronosign_error **error)
{
	OPENSSL_init_crypto(OPENSSL_INIT_ENGINE_DYNAMIC | OPENSSL_INIT_LOAD_CONFIG, NULL);
	openssl_call_begin(&signer->ui, "ENGINE_by_id");
	signer->engine = ENGINE_by_id(id);
	openssl_call_end(&signer->ui);
	return signer->engine != NULL ||
	       engine_error(signer,
			    "cannot be loaded (for 'pkcs11' on Debian, install "
			    "libengine-pkcs11-openssl)",
			    error);
}

/* The module is set even if the user named none: it is the one that holds the token. */
static bool set_module(struct engine_signer *signer, struct chronosign_error **error)
{
	const char *file;

	if (!has_command(signer, "MODULE_PATH"))
		return !signer->token.search.modules.named ||
		       error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "%s does not let a PKCS#11 module be chosen; leave out "
				 "module-path, module-name and --pkcs11-module, or use the signer "
				 "pkcs11",
				 signer->who);
	file = openssl_token_module_file(&signer->token, signer->who, error);
	return file != NULL && command(signer, "MODULE_PATH", file, error);
}

static bool takes_pin_by_command(const struct engine_signer *signer)
{
	const struct pkcs11_token *token = signer->token.search.token;
	bool needed = token == NULL || pkcs11_token_needs_login(token);

	return needed && pin_is_given(signer->ui.key) && has_command(signer, "PIN");
}

/* A given PIN is passed by command; otherwise the user is prompted when the engine asks. A token's is
 * not passed before the key is loaded: the token may be exchanged until then. */
static bool set_pin(struct engine_signer *signer, struct chronosign_error **error)
{
	const struct pkcs11_token *token = signer->token.search.token;
	const char *pin;

	signer->ui.left = 1;
	if (!takes_pin_by_command(signer))
		return true;
	if (token != NULL && (token->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0)
		key_notice(signer->ui.key, CHRONOSIGN_NOTICE_WARNING,
			   "token '%s': it has its own PIN pad, and %s may not use the PIN given",
			   token->label, signer->who);
	pin = openssl_ui_pin_text(&signer->ui, error);
	signer->ui.left = 0;
	return pin != NULL && command(signer, "PIN", pin, error);
}

static bool initialize(struct engine_signer *signer, struct chronosign_error **error)
{
	openssl_call_begin(&signer->ui, "ENGINE_init");
	signer->initialized = ENGINE_init(signer->engine) == 1;
	openssl_call_end(&signer->ui);
	return signer->initialized || engine_error(signer, "does not start", error);
}

/* What the engine calls the key: a URI that names one token, or what the user wrote. */
static const char *key_id(const struct engine_signer *signer)
{
	const struct chronosign_key *key = signer->ui.key;

	return key->kind == KEY_IN_TOKEN  ? signer->token.uri
	       : key->kind == KEY_IN_FILE ? key->path
					  : key->store;
}

static bool load_failed(struct engine_signer *signer, struct chronosign_error **error)
{
	if (openssl_ui_take_error(&signer->ui, error))
		return false;
	if (signer->token.search.token != NULL)
		return openssl_token_explain(&signer->token, signer->who, signer->ui.given, error);
	struct openssl_cause cause;
	CLEANUP(cleanup_text) char *reasons = openssl_reasons_with_cause(&cause);
	if (cause.pin_refused)
		key_login_refused(signer->ui.key);
	return error_set(error, CHRONOSIGN_ERROR_KEY, "%s cannot open the key '%s': %s",
			 signer->who, signer->ui.key->name, reasons);
}

static bool load_key(struct engine_signer *signer, struct chronosign_error **error)
{
	if (signer->token.search.token != NULL &&
	    (!openssl_token_before_login(&signer->token, error) ||
	     !openssl_token_log_in_if_it_hides(&signer->token, error) || !set_pin(signer, error)))
		return false;
	openssl_call_begin(&signer->ui, "ENGINE_load_private_key");
	signer->pkey =
		ENGINE_load_private_key(signer->engine, key_id(signer), signer->ui.method, NULL);
	openssl_call_end(&signer->ui);
	return signer->pkey != NULL || load_failed(signer, error);
}

/* Such an engine would choose the token, and log in, as it likes: to several, at the last try, with any PIN. */
static bool names_token(const struct engine_signer *signer, struct chronosign_error **error)
{
	return signer->ui.key->kind == KEY_IN_TOKEN || !has_command(signer, "MODULE_PATH") ||
	       error_set(error, CHRONOSIGN_ERROR_USAGE,
			 "%s would choose the token for '%s', and try the PIN on it; name the key "
			 "by a URI: pkcs11:token=…;object=…",
			 signer->who, signer->ui.key->name);
}

static bool open_key(struct engine_signer *signer, const char *id, EVP_PKEY **public_key,
		     struct chronosign_error **error)
{
	const struct chronosign_key *key = signer->ui.key;
	bool in_token = key->kind == KEY_IN_TOKEN;

	if (in_token && !openssl_token_open(&signer->token, &signer->ui, NULL, error))
		return false;
	signer->ui.place = id;
	return find_engine(signer, id, error) && names_token(signer, error) &&
	       (!in_token || set_module(signer, error)) && (in_token || set_pin(signer, error)) &&
	       initialize(signer, error) && load_key(signer, error) &&
	       openssl_token_finish_key(&signer->token, signer->pkey, signer->ui.key->name,
					public_key, error);
}

static bool engine_open(const struct chronosign_key *key, void **state, EVP_PKEY **public_key,
			struct chronosign_error **error)
{
	CLEANUP(cleanup_engine_signer) struct engine_signer *signer = calloc(1, sizeof *signer);
	const char *id = key->engine == NULL ? default_engine : key->engine;

	if (signer == NULL)
		return error_out_of_memory(error);
	if (!openssl_ui_init(&signer->ui, key, "an engine", error))
		return false;
	signer->who = text_format("the engine '%s'", id);
	if (signer->who == NULL)
		return error_out_of_memory(error);
	signer->ui.who = signer->who;
	if (!open_key(signer, id, public_key, error))
		return false;
	*state = TAKE(signer);
	return true;
}

/* A key not known to be in a token may need the PIN at any time: it gets it once more. */
static bool engine_sign(void *state, struct signing *signing, struct chronosign_error **error)
{
	struct engine_signer *signer = state;
	bool ask = signer->ui.key->kind != KEY_IN_TOKEN ||
		   signer->token.search.private_key.always_authenticate;

	signer->ui.left = ask ? 1 : 0;
	return openssl_ui_sign(&signer->ui, signer->pkey, NULL, signing, error);
}

static const char *engine_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

const struct backend backend_engine = {
	.name = "engine",
	.library = engine_library,
	.open = engine_open,
	.sign = engine_sign,
	.close = engine_close,
};
