/* Which arguments and variables hold secrets, and how these are removed. */
#include "cli/given.h"

#include "base/wipe_stack.h"
#include "cli/pin_value.h"
#include "cli/report.h"
#include "key/pin_source.h"
#include "network/network.h"

#include <chronosign/secret.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* What follows the prefix of a source of that kind; NULL if it is another kind. */
static const char *rest_of(const char *source, const char *prefix)
{
	size_t length = strlen(prefix);

	return source != NULL && strncasecmp(source, prefix, length) == 0 ? source + length : NULL;
}

/* The variable that the source names; NULL if it names none. */
static const char *variable_of(const char *source)
{
	return rest_of(source, "env:");
}

/* The library refuses what is not a number. */
static bool check_descriptor(const char *source)
{
	const char *number = source == NULL ? NULL : pin_source_descriptor(source);
	char *end = NULL;
	long descriptor = number == NULL ? 0 : strtol(number, &end, 10);

	if (number == NULL || end == number || descriptor < 0 || descriptor > INT_MAX ||
	    fcntl((int)descriptor, F_GETFD) >= 0)
		return true;
	const char *shown = pin_source_shown_descriptor(number);
	report_error("no descriptor %s is open for the source fd:%s; open it in the shell: %s<FILE",
		     shown, shown, strcmp(shown, number) == 0 ? shown : "N");
	return false;
}

bool given_check_descriptors(const struct options *options)
{
	return check_descriptor(options->pin_source) &&
	       check_descriptor(options->passphrase_source);
}

/* An empty variable is not set. */
static bool take_variable(const char *name, struct chronosign_secret **secret,
			  struct chronosign_error **error)
{
	const char *value = name == NULL ? NULL : getenv(name);

	if (value == NULL || value[0] == '\0')
		return true;
	*secret = chronosign_secret_new(value, strlen(value), error);
	return *secret != NULL;
}

/* What uses the value later gets it as it was given, whatever it is: a URI, a command, a path. */
static bool take_text(char **text, struct given *given, struct chronosign_error **error)
{
	if (*text == NULL || !pin_value_is_in(*text))
		return true;
	struct chronosign_secret **texts = reallocarray(given->texts, given->text_count + 1,
							sizeof(struct chronosign_secret *));
	if (texts == NULL)
		return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "out of memory");
	given->texts = texts;
	size_t length = strlen(*text);
	struct chronosign_secret *copy = chronosign_secret_allocate(length + 1, error);
	if (copy == NULL)
		return false;
	texts[given->text_count++] = copy;
	*text = memcpy(chronosign_secret_bytes(copy), *text, length + 1);
	return true;
}

static bool is_text(const struct option_row *row)
{
	return row->kind == OPTION_TEXT || row->kind == OPTION_SOURCE ||
	       (row->kind == OPTION_OPERAND && row->choices == NULL);
}

/* All but the URLs, which have copies anyway. */
static bool take_texts(struct options *options, struct chronosign_error **error)
{
	struct values *providers = &options->providers;

	for (const struct option_row *row = option_table; row->name != NULL; row++)
		if (is_text(row) &&
		    !take_text((char **)((char *)options + row->offset), &options->given, error))
			return false;
	for (size_t i = 0; i < providers->count; i++)
		if (!take_text(&providers->list[i], &options->given, error))
			return false;
	return true;
}

/* The originals are not overwritten yet, so options can still use them. */
static bool copy_urls(const struct values *urls, struct given *given,
		      struct chronosign_error **error)
{
	given->urls = calloc(urls->count + 1, sizeof *given->urls);
	for (size_t i = 0; given->urls != NULL && i < urls->count; i++) {
		given->urls[i] = strdup(urls->list[i]);
		if (given->urls[i] == NULL)
			break;
		given->url_count++;
	}
	return given->url_count == urls->count ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "out of memory");
}

static bool copy(struct options *options, struct chronosign_error **error)
{
	struct given *given = &options->given;
	const char *variable =
		options->pin_source == NULL ? "CHRONOCTL_PIN" : variable_of(options->pin_source);

	return take_texts(options, error) && take_variable(variable, &given->pin, error) &&
	       take_variable(variable_of(options->passphrase_source), &given->passphrase, error) &&
	       copy_urls(&options->chronograf_urls, given, error);
}

bool given_take(struct options *options, const struct arguments *arguments,
		struct chronosign_error **error)
{
	bool copied = copy(options, error);

	given_forget(options, arguments);
	for (size_t i = 0; i < options->given.url_count; i++)
		options->chronograf_urls.list[i] = options->given.urls[i];
	return copied;
}

/* The value, where the entry of the environment is the variable's; else NULL. */
static char *value_in(char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '=' ? entry + length + 1
									 : NULL;
}

/* Overwrites the values of the variable: execve(2) passes on as many as it is given. */
static void forget_variable(const char *name, void (*forget)(char *value))
{
	for (char **entry = environ; name != NULL && entry != NULL && *entry != NULL; entry++) {
		char *value = value_in(*entry, name);

		if (value != NULL)
			forget(value);
	}
}

static void forget_all(char *value)
{
	explicit_bzero(value, strlen(value));
}

/* Libraries and PIN commands read the environment, and find there what is no PIN. */
static void forget_uris(void)
{
	for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
		char *uri = strcasestr(*entry, "pkcs11:");

		if (uri != NULL)
			pin_values_wipe(uri);
	}
}

static void forget_urls(const struct values *urls)
{
	forget_variable("CHRONOGRAF_URL", url_mask_user);
	/* The default is a constant, without a user. */
	for (size_t i = 0; urls->by_flag && i < urls->count; i++)
		url_mask_user(urls->list[i]);
}

void given_forget(const struct options *options, const struct arguments *arguments)
{
	for (int i = 0; i < arguments->count; i++)
		pin_values_wipe(arguments->list[i]);
	forget_uris();
	/* What the library would refuse as a URI holds a PIN all the same. */
	forget_variable("PRIV_KEY_FILE", pin_values_wipe);
	forget_variable("CHRONOCTL_PIN", forget_all);
	for (size_t i = 0; i < options->sources.count; i++)
		forget_variable(variable_of(options->sources.list[i]), forget_all);
	forget_urls(&options->chronograf_urls);
	wipe_stack();
}

void given_release(struct options *options)
{
	struct given *given = &options->given;

	chronosign_secret_free(given->pin);
	chronosign_secret_free(given->passphrase);
	for (size_t i = 0; i < given->text_count; i++)
		chronosign_secret_free(given->texts[i]);
	free(given->texts);
	for (size_t i = 0; i < given->url_count; i++)
		free(given->urls[i]);
	free(given->urls);
	*given = (struct given){0};
}
