/* Reads openssl.cnf (config(5)), and disables what must not be loaded before it takes effect. */
#include "network/program/openssl_conf.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

DEFINE_CLEANUP(conf, CONF *, NCONF_free)

/* An empty section, added to the file: a provider configured by it is not activated. */
static const char nothing[] = "chronoctl_nothing";

static bool lead_to_nothing(CONF_VALUE *entry)
{
	char *value = OPENSSL_strdup(nothing);

	if (value == NULL)
		return false;
	OPENSSL_free(entry->value);
	entry->value = value;
	return true;
}

/* "2.module" is module, too: OpenSSL leaves out what comes before the first dot. */
static const char *behind_dot(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot == NULL ? name : dot + 1;
}

static bool is_own_name(const char *name)
{
	static const char *const own[] = {"fips", "base", "default", "legacy"};

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	return false;
}

/* By the name under which it is loaded, from OpenSSL's built-in folder. */
static bool is_openssls_own(const CONF *conf, const CONF_VALUE *provider)
{
	STACK_OF(CONF_VALUE) *section = NCONF_get_section(conf, provider->value);
	const char *name = behind_dot(provider->name);

	for (int i = 0; i < sk_CONF_VALUE_num(section); i++) {
		const CONF_VALUE *entry = sk_CONF_VALUE_value(section, i);
		const char *what = behind_dot(entry->name);
		bool is_identity = strcmp(what, "identity") == 0;
		if (strcmp(what, "module") == 0 || (is_identity && !is_own_name(entry->value)))
			return false;
		if (is_identity)
			name = entry->value;
	}
	return section != NULL && is_own_name(name);
}

static bool filter_providers(const CONF *conf, const char *name)
{
	STACK_OF(CONF_VALUE) *providers = NCONF_get_section(conf, name);

	for (int i = 0; i < sk_CONF_VALUE_num(providers); i++) {
		CONF_VALUE *provider = sk_CONF_VALUE_value(providers, i);
		if (!is_openssls_own(conf, provider) && !lead_to_nothing(provider))
			return false;
	}
	return true;
}

/* "engines.2" means engines, and so does "engine": OpenSSL compares up to the last dot, and only
 * the given length. */
static bool is_module(const CONF_VALUE *entry, const char *module)
{
	const char *dot = strrchr(entry->name, '.');
	size_t length = dot == NULL ? strlen(entry->name) : (size_t)(dot - entry->name);

	return strncmp(entry->name, module, length) == 0;
}

static bool filter(CONF *conf)
{
	const char *start = NCONF_get_string(conf, NULL, "openssl_conf");
	STACK_OF(CONF_VALUE) *modules = start == NULL ? NULL : NCONF_get_section(conf, start);

	for (int i = 0; i < sk_CONF_VALUE_num(modules); i++) {
		CONF_VALUE *entry = sk_CONF_VALUE_value(modules, i);
		if (is_module(entry, "engines") && !lead_to_nothing(entry))
			return false;
		if (is_module(entry, "providers") && !filter_providers(conf, entry->value))
			return false;
	}
	return true;
}

static bool unreadable(const char *path, long line, struct chronosign_error **error)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return error_set(error, CHRONOSIGN_ERROR_OTHER,
			 "OpenSSL's configuration '%s' cannot be loaded: line %ld: %s\n"
			 "OPENSSL_CONF names another one.",
			 path, line < 0 ? 0 : line, reason == NULL ? "not readable" : reason);
}

/* The file's text, and the empty section. */
static BIO *read_text(const char *path)
{
	CLEANUP(cleanup_bio) BIO *file = BIO_new_file(path, "rb");
	CLEANUP(cleanup_bio) BIO *text = BIO_new(BIO_s_mem());
	char bytes[4096];
	int got = 0;

	if (file == NULL || text == NULL)
		return NULL;
	while ((got = BIO_read(file, bytes, sizeof bytes)) > 0)
		if (BIO_write(text, bytes, got) != got)
			return NULL;
	return BIO_printf(text, "\n\n[%s]\n", nothing) > 0 ? TAKE(text) : NULL;
}

static bool load(const char *path, struct chronosign_error **error)
{
	CLEANUP(cleanup_conf) CONF *conf = NCONF_new(NULL);
	CLEANUP(cleanup_bio) BIO *text = read_text(path);
	long line = 0;

	if (conf == NULL)
		return error_out_of_memory(error);
	if (text == NULL || NCONF_load_bio(conf, text, &line) <= 0)
		return unreadable(path, line, error);
	if (!filter(conf))
		return error_out_of_memory(error);
	OPENSSL_load_builtin_modules();
	/* As OpenSSL loads it by default: an error in a module affects that module only. */
	CONF_modules_load(conf, NULL,
			  CONF_MFLAGS_DEFAULT_SECTION | CONF_MFLAGS_IGNORE_RETURN_CODES |
				  CONF_MFLAGS_IGNORE_ERRORS | CONF_MFLAGS_NO_DSO);
	ERR_clear_error();
	return true;
}

bool openssl_conf_load(struct chronosign_error **error)
{
	/* Never by OpenSSL itself. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	char *path = CONF_get1_default_config_file();
	bool loaded = path != NULL ? access(path, F_OK) != 0 || load(path, error)
				   : error_out_of_memory(error);

	OPENSSL_free(path);
	return loaded;
}
