/*
 * The backend `provider`: a private RSA key by OpenSSL's store loaders and providers, whatever the
 * scheme of its URI. It uses a separate library context, so that providers do not affect the other
 * uses of OpenSSL in this process.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "signer/backend.h"
#include "signer/openssl_key.h"
#include "signer/openssl_reasons.h"
#include "signer/openssl_token.h"
#include "signer/openssl_ui.h"
#include "signer/provider_configuration.h"

#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <string.h>

static const char who[] = "OpenSSL's provider";

struct provider_signer {
	struct openssl_token token; /* of a pkcs11: URI; empty for other references */
	struct openssl_ui ui;
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER **providers;
	size_t provider_count;
	EVP_PKEY *pkey;
};

/* Closes our session first, since some tokens have few. */
static void provider_close(void *state)
{
	struct provider_signer *signer = state;

	openssl_token_rest(&signer->token);
	openssl_call_begin(&signer->ui, "OSSL_PROVIDER_unload");
	EVP_PKEY_free(signer->pkey);
	while (signer->provider_count > 0)
		OSSL_PROVIDER_unload(signer->providers[--signer->provider_count]);
	OSSL_LIB_CTX_free(signer->context);
	openssl_call_end(&signer->ui);
	openssl_token_close(&signer->token);
	openssl_ui_clear(&signer->ui);
	free(signer->providers);
	free(signer);
}

DEFINE_CLEANUP(provider_signer, struct provider_signer *, provider_close)
DEFINE_CLEANUP(store, OSSL_STORE_CTX *, OSSL_STORE_close)
DEFINE_CLEANUP(store_info, OSSL_STORE_INFO *, OSSL_STORE_INFO_free)
DEFINE_CLEANUP(loader, OSSL_STORE_LOADER *, OSSL_STORE_LOADER_free)
DEFINE_CLEANUP(openssl_text, char *, OPENSSL_free)

/* ---- The context and its providers ---- */

/* Loads openssl.cnf; errors in it may not matter. */
static bool make_context(struct provider_signer *signer, struct chronosign_error **error)
{
	CLEANUP(cleanup_openssl_text) char *file = CONF_get1_default_config_file();

	signer->context = OSSL_LIB_CTX_new();
	if (signer->context == NULL || file == NULL)
		return error_out_of_memory(error);
	openssl_call_begin(&signer->ui, "CONF_modules_load_file");
	CONF_modules_load_file_ex(signer->context, file, NULL,
				  CONF_MFLAGS_IGNORE_MISSING_FILE | CONF_MFLAGS_IGNORE_ERRORS);
	openssl_call_end(&signer->ui);
	ERR_clear_error();
	return true;
}

static bool is_active(const struct provider_signer *signer, const char *name)
{
	return OSSL_PROVIDER_available(signer->context, name) == 1;
}

/* Both providers for PKCS#11 take their module from their own configuration, under names of their
 * own. OpenSSL lets others set it from 3.2 on. */
static OSSL_PROVIDER *load_with_module(OSSL_LIB_CTX *context, const char *name, const char *file)
{
#if OPENSSL_VERSION_PREREQ(3, 2)
	OSSL_PARAM settings[] = {
		OSSL_PARAM_construct_utf8_string("pkcs11-module-path", (char *)file, 0),
		OSSL_PARAM_construct_utf8_string("pkcs11_module", (char *)file, 0),
		OSSL_PARAM_construct_end(),
	};

	if (file != NULL)
		return OSSL_PROVIDER_load_ex(context, name, settings);
#else
	(void)file;
#endif
	return OSSL_PROVIDER_load(context, name);
}

/* Clearer than OpenSSL's reasons, which say it three times. NULL: the file exists, or memory is
 * out. */
static char *missing_file(const char *name)
{
	const char *folder = getenv("OPENSSL_MODULES");

	if (folder == NULL)
		folder = OPENSSL_info(OPENSSL_INFO_MODULES_DIR);
	CLEANUP(cleanup_text) char *path = text_format("%s/%s.so", folder, name);
	if (name[0] == '/' || path == NULL || access(path, F_OK) == 0)
		return NULL;
	return text_format("no such file '%s'", path);
}

static bool load_provider(struct provider_signer *signer, OSSL_LIB_CTX *context, const char *name,
			  const char *file, struct chronosign_error **error)
{
	openssl_call_begin(&signer->ui, "OSSL_PROVIDER_load");
	OSSL_PROVIDER *provider = load_with_module(context, name, file);
	openssl_call_end(&signer->ui);
	if (provider == NULL) {
		CLEANUP(cleanup_text) char *reasons = openssl_reasons();
		CLEANUP(cleanup_text) char *missing = missing_file(name);
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "cannot load the OpenSSL provider '%s': %s", name,
				 missing != NULL ? missing : reasons);
	}
	signer->providers[signer->provider_count++] = provider;
	return true;
}

/* An openssl.cnf that activates a provider and not the default one leaves the rest of the process
 * without RSA, and the signature could not be checked. */
static bool can_verify(void)
{
	EVP_KEYMGMT *rsa = EVP_KEYMGMT_fetch(NULL, "RSA", NULL);

	EVP_KEYMGMT_free(rsa);
	ERR_clear_error();
	return rsa != NULL;
}

/* The default provider is loaded unless openssl.cnf says otherwise: OpenSSL does not load it
 * automatically once another one is loaded, and digests would be missing. */
static bool has_algorithms(const struct provider_signer *signer)
{
	return is_active(signer, "default") || is_active(signer, "fips") ||
	       EVP_default_properties_is_fips_enabled(signer->context) == 1;
}

static bool load_providers(struct provider_signer *signer, const char *file,
			   struct chronosign_error **error)
{
	char **names = signer->ui.key->providers;
	size_t count = 0;

	while (names != NULL && names[count] != NULL)
		count++;
	signer->providers = calloc(count + 2, sizeof(OSSL_PROVIDER *));
	if (signer->providers == NULL)
		return error_out_of_memory(error);
	for (size_t i = 0; i < count; i++)
		if (!load_provider(signer, signer->context, names[i], file, error))
			return false;
	return (has_algorithms(signer) ||
		load_provider(signer, signer->context, "default", NULL, error)) &&
	       (can_verify() || load_provider(signer, NULL, "default", NULL, error));
}

static int append_name(OSSL_PROVIDER *provider, void *context)
{
	char **names = context;

	text_append(names, "%s%s", *names == NULL ? "" : ", ", OSSL_PROVIDER_get0_name(provider));
	return 1;
}

/* ---- The PKCS#11 module, for a pkcs11: URI ---- */

static bool names_module(const struct chronosign_key *key)
{
	const struct pkcs11_module_choice choice = pkcs11_module_choice(key);

	return choice.path != NULL || choice.name != NULL;
}

/* True if a provider is still to be loaded, by a version of OpenSSL that lets us set its module. */
static bool can_set_module(const struct provider_signer *signer)
{
	char **names = signer->ui.key->providers;

	if (!OPENSSL_VERSION_PREREQ(3, 2))
		return false;
	for (; names != NULL && *names != NULL; names++)
		if (!is_active(signer, *names))
			return true;
	return false;
}

/* The name of libp11's provider begins like this; it prefers $PKCS11_MODULE_PATH. */
static bool is_libp11s(OSSL_PROVIDER *provider)
{
	char *name = NULL;
	OSSL_PARAM asked[] = {
		OSSL_PARAM_construct_utf8_ptr(OSSL_PROV_PARAM_NAME, &name, 0),
		OSSL_PARAM_construct_end(),
	};

	return OSSL_PROVIDER_get_params(provider, asked) == 1 && name != NULL &&
	       strncmp(name, "libp11", strlen("libp11")) == 0;
}

static bool check_variable(const struct provider_signer *signer, struct chronosign_error **error)
{
	const char *variable = getenv("PKCS11_MODULE_PATH");
	const char *module = signer->token.search.token == NULL
				     ? NULL
				     : signer->token.search.token->module->name;

	if (module == NULL || variable == NULL || variable[0] == '\0' ||
	    pkcs11_module_is_proxy(variable) || same_file(variable, module))
		return true;
	for (size_t i = 0; i < signer->provider_count; i++)
		if (is_libp11s(signer->providers[i]))
			return error_set(
				error, CHRONOSIGN_ERROR_USAGE,
				"the signer provider cannot choose the PKCS#11 module '%s': "
				"libp11's provider takes that of $PKCS11_MODULE_PATH, '%s', "
				"before all else; unset it",
				module, variable);
	return true;
}

/*
 * Searches the module that the provider will use; *file is the module to pass to it, NULL if it is
 * configured already. A module that the user names but the provider cannot use is refused.
 */
static bool choose_module(struct provider_signer *signer, const char **file,
			  struct chronosign_error **error)
{
	const struct chronosign_key *key = signer->ui.key;
	CLEANUP(cleanup_text) char *set = configured_module();
	bool named = names_module(key);

	if (!openssl_token_open(&signer->token, &signer->ui, named ? NULL : set, error))
		return false;
	*file = NULL;
	if (set == NULL && can_set_module(signer)) {
		*file = openssl_token_module_file(&signer->token, who, error);
		return *file != NULL;
	}
	if (!named || (set != NULL && same_file(set, signer->token.search.token->module->name)))
		return true;
	return error_set(
		error, CHRONOSIGN_ERROR_USAGE,
		"the signer provider cannot choose the PKCS#11 module '%s': a provider takes "
		"its module from its own configuration ($PKCS11_PROVIDER_MODULE, or "
		"pkcs11-module-path in openssl.cnf), which names %s; name it there, load the "
		"provider by --provider with OpenSSL 3.2 or later, or use another signer",
		signer->token.search.token->module->name, set == NULL ? "none" : set);
}

/* ---- The store ---- */

/* What a store yielded. */
struct yield {
	EVP_PKEY *pkey; /* the private RSA key */
	size_t count;   /* of private RSA keys */
	char *others;   /* what else was there; NULL if nothing was */
};

static void note(struct yield *yield, const char *what, const char *type)
{
	text_append(&yield->others, "%s%s%s%s", yield->others == NULL ? "" : ", ", what,
		    type[0] == '\0' ? "" : " of type ", type);
}

static void consider(struct yield *yield, const OSSL_STORE_INFO *info)
{
	static const char *const names[] = {
		[OSSL_STORE_INFO_NAME] = "the name of another object",
		[OSSL_STORE_INFO_PARAMS] = "key parameters",
		[OSSL_STORE_INFO_PUBKEY] = "a public key",
		[OSSL_STORE_INFO_CERT] = "a certificate",
		[OSSL_STORE_INFO_CRL] = "a revocation list",
	};
	int type = OSSL_STORE_INFO_get_type(info);

	if (type != OSSL_STORE_INFO_PKEY) {
		bool known = type >= 0 && (size_t)type < sizeof names / sizeof names[0] &&
			     names[type] != NULL;
		note(yield, known ? names[type] : "something else", "");
		return;
	}
	EVP_PKEY *pkey = OSSL_STORE_INFO_get0_PKEY(info);
	if (!EVP_PKEY_is_a(pkey, "RSA")) {
		const char *name = EVP_PKEY_get0_type_name(pkey);
		note(yield, "a private key", name == NULL ? "unknown" : name);
	} else if (yield->count++ == 0) {
		EVP_PKEY_up_ref(pkey);
		yield->pkey = pkey;
	}
}

/* What the store is asked for: a URI that names one token, or what the user wrote. */
static const char *store_uri(const struct provider_signer *signer)
{
	const struct chronosign_key *key = signer->ui.key;

	return key->kind == KEY_IN_TOKEN  ? signer->token.uri
	       : key->kind == KEY_IN_FILE ? key->path
					  : key->store;
}

/* OpenSSL would only say that nothing was found. */
static bool check_properties(const struct provider_signer *signer, struct chronosign_error **error)
{
	const char *uri = store_uri(signer);
	CLEANUP(cleanup_text)
	char *scheme = signer->ui.key->kind == KEY_IN_FILE ? strdup("file")
							   : strndup(uri, strcspn(uri, ":"));
	if (scheme == NULL)
		return error_out_of_memory(error);
	CLEANUP(cleanup_loader)
	OSSL_STORE_LOADER *allowed = OSSL_STORE_LOADER_fetch(signer->context, scheme, NULL);
	/* A "-" removes a property from the default ones (property(7)). */
	CLEANUP(cleanup_loader)
	OSSL_STORE_LOADER *loaded =
		OSSL_STORE_LOADER_fetch(signer->context, scheme, "-fips,-provider");
	ERR_clear_error();
	if (allowed != NULL || loaded == NULL)
		return true;
	return error_set(
		error, CHRONOSIGN_ERROR_KEY,
		"OpenSSL's default properties leave the provider '%s' out, which opens '%s:': "
		"openssl.cnf asks for fips=yes, or for another provider, and this one is "
		"neither; write default_properties = ?fips=yes there, or use another signer",
		OSSL_PROVIDER_get0_name(OSSL_STORE_LOADER_get0_provider(loaded)), scheme);
}

/* Stops at the first failure: loading again after a refused PIN would try that PIN again. */
static void read_store(struct provider_signer *signer, struct yield *yield)
{
	bool in_token = signer->ui.key->kind == KEY_IN_TOKEN;
	CLEANUP(cleanup_store)
	OSSL_STORE_CTX *store = OSSL_STORE_open_ex(store_uri(signer), signer->context, NULL,
						   signer->ui.method, NULL, NULL, NULL, NULL);

	if (store == NULL)
		return;
	/* In a token it is known to be a key: other objects with its name are skipped. */
	if (in_token)
		OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (OSSL_STORE_eof(store) == 0) {
		CLEANUP(cleanup_store_info) OSSL_STORE_INFO *info = OSSL_STORE_load(store);
		if (info == NULL)
			return;
		consider(yield, info);
	}
}

/* An engine may have a loader too, but then it has opened the store. */
static bool has_loader(const struct provider_signer *signer)
{
	const char *uri = store_uri(signer);
	CLEANUP(cleanup_text) char *scheme = strndup(uri, strcspn(uri, ":"));

	if (scheme == NULL || signer->ui.key->kind == KEY_IN_FILE)
		return true;
	CLEANUP(cleanup_loader)
	OSSL_STORE_LOADER *loader = OSSL_STORE_LOADER_fetch(signer->context, scheme, NULL);
	return loader != NULL;
}

static bool no_loader(const struct provider_signer *signer, struct chronosign_error **error)
{
	const struct chronosign_key *key = signer->ui.key;
	int length = (int)strcspn(key->name, ":");

	ERR_clear_error();
	if (key->kind == KEY_IN_TOKEN)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "no OpenSSL provider here opens '%.*s:'; leave out --signer, or "
				 "load one by --provider",
				 length, key->name);
	return error_set(error, CHRONOSIGN_ERROR_KEY,
			 "'%s' is not a file, and no OpenSSL provider here opens '%.*s:'%s",
			 key->name, length, key->name,
			 strncasecmp(key->name, "pkcs", 4) == 0
				 ? "; a key in a token begins with pkcs11:"
				 : "");
}

static bool nothing_found(struct provider_signer *signer, const struct yield *yield,
			  struct chronosign_error **error)
{
	const char *name = signer->ui.key->name;
	CLEANUP(cleanup_text) char *loaded = NULL;

	if (openssl_ui_take_error(&signer->ui, error))
		return false;
	if (yield->others != NULL)
		return error_set(
			error, CHRONOSIGN_ERROR_KEY,
			"there is no private RSA key at '%s', the only kind that Chronograf "
			"takes; there is: %s",
			name, yield->others);
	OSSL_PROVIDER_do_all(signer->context, append_name, &loaded);
	if (!has_loader(signer)) {
		no_loader(signer, error);
	} else if (signer->token.search.token != NULL) {
		openssl_token_explain(&signer->token, who, signer->ui.given, error);
	} else {
		struct openssl_cause cause;
		CLEANUP(cleanup_text) char *reasons = openssl_reasons_with_cause(&cause);
		error_set(error, CHRONOSIGN_ERROR_KEY, "%s cannot open the key '%s'%s: %s", who,
			  name, signer->ui.given ? " with the PIN given, which was tried once" : "",
			  reasons);
		if (cause.pin_refused)
			error_mark_login(error);
	}
	error_append(error, "  loaded providers: %s; --provider loads another",
		     loaded == NULL ? "(none)" : loaded);
	CLEANUP(cleanup_text) char *inactive = configured_but_inactive(signer->context);
	return inactive == NULL ? false
				: error_append(error, "  named in openssl.cnf, and not loaded: %s",
					       inactive);
}

static bool load_key(struct provider_signer *signer, struct chronosign_error **error)
{
	struct yield yield = {0};

	if (signer->token.search.token != NULL &&
	    !openssl_token_before_login(&signer->token, error))
		return false;
	ERR_clear_error();
	signer->ui.left = 1;
	openssl_call_begin(&signer->ui, "OSSL_STORE_load");
	read_store(signer, &yield);
	openssl_call_end(&signer->ui);
	CLEANUP(cleanup_text) char *others = yield.others;
	signer->pkey = yield.pkey;
	if (signer->pkey == NULL)
		return nothing_found(signer, &yield, error);
	ERR_clear_error();
	return yield.count == 1 || signer->token.search.token != NULL ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "there are %zu private RSA keys at '%s'; name one of them", yield.count,
			 signer->ui.key->name);
}

/* ---- The backend ---- */

static bool open_key(struct provider_signer *signer, EVP_PKEY **public_key,
		     struct chronosign_error **error)
{
	const struct chronosign_key *key = signer->ui.key;
	const char *file = NULL;

	if (!make_context(signer, error))
		return false;
	if (key->kind == KEY_IN_TOKEN) {
		if (!choose_module(signer, &file, error))
			return false;
		signer->ui.token = signer->token.label;
		signer->ui.info = signer->token.search.token->info;
	} else if (key->kind == KEY_IN_STORE) {
		signer->ui.token = key->name;
	}
	return load_providers(signer, file, error) && check_variable(signer, error) &&
	       check_properties(signer, error) && load_key(signer, error) &&
	       openssl_token_finish_key(&signer->token, signer->pkey, signer->ui.key->name,
					public_key, error);
}

static bool provider_open(const struct chronosign_key *key, void **state, EVP_PKEY **public_key,
			  struct chronosign_error **error)
{
	CLEANUP(cleanup_provider_signer) struct provider_signer *signer = calloc(1, sizeof *signer);

	if (signer == NULL)
		return error_out_of_memory(error);
	if (!openssl_ui_init(&signer->ui, key, who, error) || !open_key(signer, public_key, error))
		return false;
	*state = TAKE(signer);
	return true;
}

/* A key not known to be in a token may need the PIN at any time: it gets it once more. */
static bool provider_sign(void *state, struct signing *signing, struct chronosign_error **error)
{
	struct provider_signer *signer = state;
	bool ask = signer->ui.key->kind != KEY_IN_TOKEN ||
		   signer->token.search.private_key.always_authenticate;

	signer->ui.left = ask ? 1 : 0;
	return openssl_ui_sign(&signer->ui, signer->pkey, signer->context, signing, error);
}

static const char *provider_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

const struct backend backend_provider = {
	.name = "provider",
	.library = provider_library,
	.open = provider_open,
	.sign = provider_sign,
	.close = provider_close,
};
