/* Fuzzes references to keys: paths, file: and pkcs11: URIs, and others. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "key/key.h"

#include <string.h>
#include <strings.h>

/* A PIN that is left in the text would show in /proc/PID/cmdline. */
static void promise_no_pin(const char *reference)
{
	const char *separators = ";?";

	if (strncasecmp(reference, "pkcs11:", 7) != 0)
		return;
	for (const char *piece = reference + 7; *piece != '\0';) {
		size_t length = strcspn(piece, separators);
		if (strncmp(piece, "pin-value=", 10) == 0)
			PROMISE(10 + strspn(piece + 10, "*") == length);
		piece += length;
		if (*piece == '?')
			separators = "&";
		if (*piece != '\0')
			piece++;
	}
}

/* A URI that p11-kit formats and parses again names the same objects. */
static void promise_round_trip(const struct pkcs11_uri *uri)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_text) char *text = NULL;
	CLEANUP(cleanup_text) char *again = NULL;

	PROMISE(p11_kit_uri_get_pin_value(uri->parsed) == NULL);
	PROMISE(p11_kit_uri_get_pin_source(uri->parsed) == NULL);
	PROMISE(p11_kit_uri_format(uri->parsed, P11_KIT_URI_FOR_ANY, &text) == P11_KIT_URI_OK);
	struct pkcs11_uri *copy = pkcs11_uri_parse(text, &error);
	fuzz_promise_outcome(copy != NULL, error);
	PROMISE(copy != NULL);
	PROMISE(p11_kit_uri_format(copy->parsed, P11_KIT_URI_FOR_ANY, &again) == P11_KIT_URI_OK);
	PROMISE(strcmp(text, again) == 0);
	pkcs11_uri_free(copy);
}

static void promise_whole(const struct chronosign_key *key)
{
	PROMISE(fuzz_is_printable(chronosign_key_name(key)));
	PROMISE((key->kind == KEY_IN_FILE) == (key->path != NULL));
	PROMISE((key->kind == KEY_IN_STORE) == (key->store != NULL));
	PROMISE((key->kind == KEY_IN_TOKEN) == (key->uri != NULL));
	if (key->uri != NULL)
		promise_round_trip(key->uri);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_text) char *reference = fuzz_text(data, size);
	size_t length = strlen(reference);
	struct chronosign_key *key = chronosign_key_new(reference, &error);

	fuzz_promise_outcome(key != NULL, error);
	PROMISE(strlen(reference) == length);
	promise_no_pin(reference);
	if (key != NULL)
		promise_whole(key);
	chronosign_key_free(key);
	return 0;
}
