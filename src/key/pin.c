/* Which PIN or passphrase is meant: the URI's, a source's, the caller's, or one that a person types. */
#include "key/pin.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/secret.h"
#include "key/pin_source.h"

#include <stdlib.h>
#include <string.h>

bool pin_is_given(const struct chronosign_key *key)
{
	return (key->uri != NULL &&
		(key->uri->pin_value != NULL || key->uri->pin_source != NULL)) ||
	       key->pin_source != NULL || key->pin != NULL;
}

static bool is_white(unsigned char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* It may be intended; if not, the token counts a failed try. */
static void warn_of_white_space(const struct chronosign_key *key,
				const struct chronosign_secret *pin)
{
	size_t length = pin == NULL ? 0 : secret_length(pin);

	if (length > 0 &&
	    (is_white(secret_bytes(pin)[0]) || is_white(secret_bytes(pin)[length - 1])))
		key_notice(
			key, CHRONOSIGN_NOTICE_WARNING,
			"the PIN or passphrase for '%s' begins or ends with white space, which is "
			"taken for a part of it",
			key->name);
}

static struct chronosign_secret *read_given(const struct chronosign_key *key,
					    struct chronosign_error **error)
{
	if (key->uri != NULL && key->uri->pin_value != NULL)
		return secret_copy(key->uri->pin_value, error);
	if ((key->uri != NULL && key->uri->pin_source != NULL) || key->pin_source != NULL)
		return pin_source_read(key, error);
	return secret_copy(key->pin, error);
}

/* What a source has that a PIN in it cannot have: of several lines it may be the first (pass(1)), or any. NULL: nothing. */
static const char *no_pin_has(const struct chronosign_secret *pin)
{
	static const char *const marks[] = {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"};
	const unsigned char *bytes = secret_bytes(pin);
	size_t length = secret_length(pin);

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (length >= strlen(marks[i]) && memcmp(bytes, marks[i], strlen(marks[i])) == 0)
			return "a byte order mark";
	if (memchr(bytes, '\0', length) != NULL)
		return "a NUL byte";
	return memchr(bytes, '\n', length) != NULL || memchr(bytes, '\r', length) != NULL
		       ? "several lines"
		       : NULL;
}

/* The token would count a failed try. In a URI such bytes are written on purpose. */
static bool is_pin(const struct chronosign_key *key, const struct chronosign_secret *pin,
		   struct chronosign_error **error)
{
	bool is_free = key->kind == KEY_IN_FILE || key->force_login ||
		       (key->uri != NULL && key->uri->pin_value != NULL);
	const char *wrong = is_free ? NULL : no_pin_has(pin);

	return wrong == NULL ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "the PIN for '%s' was not tried: its source has %s; put the PIN alone "
			 "there, in one line of plain text (--force-login tries it as it is)",
			 key->name, wrong);
}

static struct chronosign_secret *pin_read(const struct chronosign_key *key,
					  struct chronosign_error **error)
{
	CLEANUP(cleanup_secret) struct chronosign_secret *pin = read_given(key, error);

	if (pin == NULL || !is_pin(key, pin, error))
		return NULL;
	warn_of_white_space(key, pin);
	return TAKE(pin);
}

bool chronosign_key_keep_pin(struct chronosign_key *key, struct chronosign_error **error)
{
	key->pin_use->kept = true;
	if (!pin_is_given(key) || (key->uri != NULL && key->uri->pin_value != NULL))
		return true;
	struct chronosign_secret *pin = pin_read(key, error);
	if (pin == NULL)
		return false;
	chronosign_key_set_pin(key, pin);
	free(TAKE(key->pin_source));
	if (key->uri != NULL)
		free(TAKE(key->uri->pin_source));
	return true;
}

/* A slip of the finger: an arrow sends an escape sequence. */
static bool is_typed_pin(const struct chronosign_key *key, const struct chronosign_secret *pin,
			 struct chronosign_error **error)
{
	const unsigned char *bytes = secret_bytes(pin);
	bool is_free = key->kind == KEY_IN_FILE || key->force_login;

	for (size_t i = 0; i < secret_length(pin); i++)
		if (!is_free && (bytes[i] < ' ' || bytes[i] == 0x7f))
			return error_set(
				error, CHRONOSIGN_ERROR_KEY,
				"the PIN for '%s' was not tried: a key was pressed that is "
				"no character (an arrow, Tab); run the command again "
				"(--force-login tries it as it is)",
				key->name);
	return true;
}

static struct chronosign_secret *pin_ask(const struct chronosign_key *key, const char *token,
					 struct chronosign_error **error)
{
	struct chronosign_prompt_request request = {.token = token, .key = key->name};

	if (key->prompt != NULL) {
		CLEANUP(cleanup_secret)
		struct chronosign_secret *pin = key->prompt(key->prompt_context, &request, error);
		if (pin == NULL || !is_typed_pin(key, pin, error))
			return NULL;
		warn_of_white_space(key, pin);
		return TAKE(pin);
	}
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "%s '%s' needs a %s; give one by --pin-source (" PIN_SOURCE_FORMS
		  ")%s or $CHRONOCTL_PIN",
		  token == NULL ? "the key file" : "the token", token == NULL ? key->name : token,
		  token == NULL ? "passphrase" : "PIN",
		  token == NULL ? "" : ", pin-source in the URI");
	return NULL;
}

struct chronosign_secret *pin_obtain(const struct chronosign_key *key, const char *token,
				     struct chronosign_error **error)
{
	return pin_is_given(key) ? pin_read(key, error) : pin_ask(key, token, error);
}
