/* Which arguments and variables hold secrets, and how these are removed. */
#include "cli/given.h"

#include "base/wipe_stack.h"
#include "cli/pin_value.h"
#include "cli/report.h"
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
	const char *number = rest_of(source, "fd:");
	char *end = NULL;
	long descriptor = number == NULL ? 0 : strtol(number, &end, 10);

	if (number == NULL || end == number || descriptor < 0 || descriptor > INT_MAX ||
	    fcntl((int)descriptor, F_GETFD) >= 0)
		return true;
	report_error(
		"no descriptor %ld is open for the source fd:%ld; open it in the shell: %ld<FILE",
		descriptor, descriptor, descriptor);
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

static bool take_reference(char **reference, struct chronosign_secret **copy,
			   struct chronosign_error **error)
{
	if (*reference == NULL || !pin_value_is_in(*reference))
		return true;
	size_t length = strlen(*reference);
	*copy = chronosign_secret_allocate(length + 1, error);
	if (*copy == NULL)
		return false;
	*reference = memcpy(chronosign_secret_bytes(*copy), *reference, length + 1);
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
	char **references[GIVEN_REFERENCES] = {&options->priv_key_file, &options->out, &options->to,
					       &options->uri};
	struct given *given = &options->given;
	const char *variable =
		options->pin_source == NULL ? "CHRONOCTL_PIN" : variable_of(options->pin_source);

	for (size_t i = 0; i < GIVEN_REFERENCES; i++)
		if (!take_reference(references[i], &given->references[i], error))
			return false;
	return take_variable(variable, &given->pin, error) &&
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

static void forget_variable(const char *name)
{
	char *value = name == NULL ? NULL : getenv(name);

	if (value != NULL)
		explicit_bzero(value, strlen(value));
}

static void forget_urls(const struct values *urls)
{
	char *variable = getenv("CHRONOGRAF_URL");

	if (variable != NULL)
		url_mask_user(variable);
	/* The default is a constant, without a user. */
	for (size_t i = 0; urls->by_flag && i < urls->count; i++)
		url_mask_user(urls->list[i]);
}

void given_forget(const struct options *options, const struct arguments *arguments)
{
	for (int i = 0; i < arguments->count; i++)
		pin_values_wipe(arguments->list[i]);
	for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
		pin_values_wipe(*entry);
	forget_variable("CHRONOCTL_PIN");
	forget_variable(variable_of(options->pin_source));
	forget_variable(variable_of(options->passphrase_source));
	forget_urls(&options->chronograf_urls);
	wipe_stack();
}

void given_release(struct options *options)
{
	struct given *given = &options->given;

	chronosign_secret_free(given->pin);
	chronosign_secret_free(given->passphrase);
	for (size_t i = 0; i < GIVEN_REFERENCES; i++)
		chronosign_secret_free(given->references[i]);
	for (size_t i = 0; i < given->url_count; i++)
		free(given->urls[i]);
	free(given->urls);
	*given = (struct given){0};
}
