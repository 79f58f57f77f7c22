/*
 * The backend `provider`: a private RSA key by OpenSSL's store loaders and providers, whatever the
 * scheme of its URI. It uses a separate library context, so that providers do not affect the other
 * uses of OpenSSL in this process.
 */
#include "signer/provider.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "signer/backend.h"
#include "signer/openssl_reasons.h"
#include "signer/provider_configuration.h"

#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <string.h>

static const char who[] = PROVIDER_WHO;

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
	} else if (key->kind == KEY_IN_STORE) {
		signer->ui.place = key->name;
	}
	return load_providers(signer, file, error) && check_variable(signer, error) &&
	       provider_check_properties(signer, error) && provider_load_key(signer, error) &&
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
