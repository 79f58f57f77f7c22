/* Reading the configuration of OpenSSL's PKCS#11 providers. */
#include "signer/module_setting.h"

#include "base/cleanup.h"

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>

DEFINE_CLEANUP(configuration, CONF *, NCONF_free)
DEFINE_CLEANUP(openssl_text, char *, OPENSSL_free)

/* In the order of config(5): the section of all settings, that of the providers, that of each. */
static const char *find_setting(CONF *configuration)
{
	static const char *const names[] = {"pkcs11-module-path", "pkcs11_module"};
	const char *all = NCONF_get_string(configuration, NULL, "openssl_conf");
	const char *providers =
		all == NULL ? NULL : NCONF_get_string(configuration, all, "providers");
	STACK_OF(CONF_VALUE) *list =
		providers == NULL ? NULL : NCONF_get_section(configuration, providers);

	for (int i = 0; i < sk_CONF_VALUE_num(list); i++) {
		const char *section = sk_CONF_VALUE_value(list, i)->value;
		for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
			const char *value = NCONF_get_string(configuration, section, names[n]);
			if (value != NULL)
				return value;
		}
	}
	return NULL;
}

static char *setting_in_configuration(void)
{
	CLEANUP(cleanup_openssl_text) char *file = CONF_get1_default_config_file();
	CLEANUP(cleanup_configuration) CONF *configuration = NCONF_new(NULL);
	const char *found = NULL;
	long line;

	if (file != NULL && configuration != NULL && NCONF_load(configuration, file, &line) > 0)
		found = find_setting(configuration);
	ERR_clear_error();
	return found == NULL ? NULL : strdup(found);
}

bool same_file(const char *one, const char *other)
{
	struct stat first;
	struct stat second;

	return stat(one, &first) == 0 && stat(other, &second) == 0 &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

char *module_setting(void)
{
	const char *variable = getenv("PKCS11_PROVIDER_MODULE");
	char *setting = variable != NULL && variable[0] != '\0' ? strdup(variable)
								: setting_in_configuration();

	if (setting == NULL || !same_file(setting, P11_KIT_PROXY))
		return setting;
	free(setting);
	return NULL;
}
