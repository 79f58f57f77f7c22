/* Fuzzes PIN sources: one line with a source, or with a pkcs11: URI that has one, then what the
 * source holds. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "key/pin.h"

#include <string.h>
#include <strings.h>

static struct chronosign_key *key_with(const char *source)
{
	bool in_uri = strncasecmp(source, "pkcs11:", 7) == 0;
	CLEANUP(cleanup_text) char *reference = strdup(in_uri ? source : "pkcs11:");
	struct chronosign_key *key = chronosign_key_new(reference, NULL);

	if (key != NULL && !in_uri)
		PROMISE(chronosign_key_set_pin_source(key, source));
	return key;
}

static void obtain(const struct chronosign_key *key)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_secret) struct chronosign_secret *pin = pin_obtain(key, "estate", &error);

	fuzz_promise_outcome(pin != NULL, error);
	if (pin != NULL)
		PROMISE(secret_length(pin) > 0 && secret_length(pin) <= CHRONOSIGN_SECRET_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cleanup_text) char *source = fuzz_line(&data, &size);
	CLEANUP(cleanup_text) char *content = fuzz_text(data, size);
	CLEANUP(cleanup_text) char *variable = text_format("FUZZ_PIN=%s", content);
	char directory[] = "CREDENTIALS_DIRECTORY=/run/credentials";
	char *variables[] = {variable, directory, NULL};
	char **before = environ;
	struct chronosign_key *key = key_with(source);

	environ = variables;
	fuzz_set_file((const uint8_t *)content, size);
	if (key != NULL)
		obtain(key);
	fuzz_set_file(NULL, 0);
	environ = before;
	chronosign_key_free(key);
	return 0;
}
