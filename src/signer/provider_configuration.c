/* Reading the configuration of OpenSSL's providers. */
#include "signer/provider_configuration.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <string.h>
#include <sys/stat.h>

DEFINE_CLEANUP(configuration, CONF *, NCONF_free)
DEFINE_CLEANUP(openssl_text, char *, OPENSSL_free)

/* The file that OpenSSL reads too. NULL if there is none. */
static CONF *read_configuration(void)
{
	CLEANUP(cleanup_openssl_text) char *file = CONF_get1_default_config_file();
	CLEANUP(cleanup_configuration) CONF *configuration = NCONF_new(NULL);
	long line;
	bool good =
		file != NULL && configuration != NULL && NCONF_load(configuration, file, &line) > 0;

	ERR_clear_error();
	return good ? TAKE(configuration) : NULL;
}

/* The value of a setting, NULL if it is not set, which is not an error. */
static const char *setting(const CONF *configuration, const char *section, const char *name)
{
	const char *value = NCONF_get_string(configuration, section, name);

	ERR_clear_error();
	return value;
}

/* In the order of config(5): the section of all settings, and that of the providers. */
static STACK_OF(CONF_VALUE) * list_providers(const CONF *configuration)
{
	const char *all = setting(configuration, NULL, "openssl_conf");
	const char *providers = all == NULL ? NULL : setting(configuration, all, "providers");

	return providers == NULL ? NULL : NCONF_get_section(configuration, providers);
}

static const char *find_module(const CONF *configuration)
{
	static const char *const names[] = {"pkcs11-module-path", "pkcs11_module"};
	STACK_OF(CONF_VALUE) *list = list_providers(configuration);

	for (int i = 0; i < sk_CONF_VALUE_num(list); i++) {
		const char *section = sk_CONF_VALUE_value(list, i)->value;
		for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
			const char *value = setting(configuration, section, names[n]);
			if (value != NULL)
				return value;
		}
	}
	return NULL;
}

static char *module_in_configuration(void)
{
	CLEANUP(cleanup_configuration) CONF *configuration = read_configuration();
	const char *found = configuration == NULL ? NULL : find_module(configuration);

	return found == NULL ? NULL : strdup(found);
}

bool same_file(const char *one, const char *other)
{
	struct stat first;
	struct stat second;

	return stat(one, &first) == 0 && stat(other, &second) == 0 &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

char *configured_module(void)
{
	const char *variable = getenv("PKCS11_PROVIDER_MODULE");
	char *module = variable != NULL && variable[0] != '\0' ? strdup(variable)
							       : module_in_configuration();

	if (module == NULL || !same_file(module, P11_KIT_PROXY))
		return module;
	free(module);
	return NULL;
}

/* The provider's name is its entry's in the list, or its `identity`. */
static void note_if_inactive(const CONF *configuration, const CONF_VALUE *entry,
			     OSSL_LIB_CTX *context, char **names)
{
	const char *identity = setting(configuration, entry->value, "identity");
	const char *name = identity == NULL ? entry->name : identity;

	if (setting(configuration, entry->value, "activate") != NULL &&
	    OSSL_PROVIDER_available(context, name) != 1)
		text_append(names, "%s%s", *names == NULL ? "" : ", ", name);
}

char *configured_but_inactive(OSSL_LIB_CTX *context)
{
	CLEANUP(cleanup_configuration) CONF *configuration = read_configuration();
	STACK_OF(CONF_VALUE) *list = configuration == NULL ? NULL : list_providers(configuration);
	char *names = NULL;

	for (int i = 0; i < sk_CONF_VALUE_num(list); i++)
		note_if_inactive(configuration, sk_CONF_VALUE_value(list, i), context, &names);
	ERR_clear_error();
	return names;
}
