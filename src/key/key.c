/* A key by its reference: its kind, its name, and how the user wants it opened. */
#include "key/key.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

DEFINE_CLEANUP(key, struct chronosign_key *, chronosign_key_free)

/* Length of a URI scheme (RFC 3986 §3.1) at the start of the text, 0 if there is none. */
static size_t scheme_length(const char *text)
{
	size_t length = 0;

	if (!isalpha((unsigned char)text[0]))
		return 0;
	while (isalnum((unsigned char)text[length]) ||
	       (text[length] != '\0' && strchr("+-.", text[length])))
		length++;
	return text[length] == ':' ? length : 0;
}

static bool has_scheme(const char *text, const char *scheme)
{
	size_t length = scheme_length(text);

	return length == strlen(scheme) && strncasecmp(text, scheme, length) == 0;
}

char *file_uri_path(const char *uri, const char *shown, struct chronosign_error **error)
{
	const char *path = uri + strlen("file:");

	/* RFC 8089 §2: file:/path, file:///path or file://localhost/path. */
	if (strncmp(path, "//", 2) == 0) {
		path += 2;
		if (strncasecmp(path, "localhost/", 10) == 0)
			path += 9;
	}
	if (path[0] != '/') {
		error_set(error, CHRONOSIGN_ERROR_USAGE,
			  "'%s' is not a file on this machine: write file:///path or just the path",
			  shown);
		return NULL;
	}
	char *decoded = strdup(path);
	if (decoded == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	long length = uri_percent_decode(decoded);
	if (length < 0 || strlen(decoded) != (size_t)length) {
		error_set(error, CHRONOSIGN_ERROR_USAGE, "'%s' has a bad %% escape", shown);
		free(decoded);
		return NULL;
	}
	return decoded;
}

static bool parse(struct chronosign_key *key, char *reference, struct chronosign_error **error)
{
	if (has_scheme(reference, "pkcs11")) {
		key->kind = KEY_IN_TOKEN;
		key->uri = pkcs11_uri_parse(reference, error);
		return key->uri != NULL;
	}
	if (has_scheme(reference, "file")) {
		key->kind = KEY_IN_FILE;
		key->path = file_uri_path(reference, reference, error);
		return key->path != NULL;
	}
	/* A file whose name happens to look like a URI is the file. */
	key->kind = scheme_length(reference) == 0 || access(reference, F_OK) == 0 ? KEY_IN_FILE
										  : KEY_IN_STORE;
	char **copy = key->kind == KEY_IN_FILE ? &key->path : &key->store;
	*copy = strdup(reference);
	return *copy != NULL || error_out_of_memory(error);
}

/* A mistyped URI is taken for a file's name, but may still hold a PIN. So may a pin-source that
 * is not a path. */
static void hide_pins(char *name)
{
	static const char value[] = "pin-value=";
	static const char source[] = "pin-source=";

	for (char *found = name; (found = strstr(found, value)) != NULL;) {
		found += sizeof value - 1;
		memset(found, '*', strcspn(found, "&"));
	}
	for (char *found = name; (found = strstr(found, source)) != NULL;) {
		found += sizeof source - 1;
		size_t length = strcspn(found, "&");
		if (memchr(found, '/', length) == NULL && memchr(found, '%', length) == NULL)
			memset(found, '*', length);
	}
}

struct chronosign_key *chronosign_key_new(char *reference, struct chronosign_error **error)
{
	CLEANUP(cleanup_key) struct chronosign_key *key = calloc(1, sizeof *key);

	if (key != NULL)
		key->pin_use = calloc(1, sizeof *key->pin_use);
	if (key == NULL || key->pin_use == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (reference[0] == '\0') {
		error_set(error, CHRONOSIGN_ERROR_USAGE,
			  "the key's reference is empty; give a file or a pkcs11: URI");
		return NULL;
	}
	key->command_stderr = STDERR_FILENO;
	if (!parse(key, reference, error))
		return NULL;
	key->name = text_printable(reference, strlen(reference), false);
	if (key->name == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	hide_pins(key->name);
	return TAKE(key);
}

void chronosign_key_free(struct chronosign_key *key)
{
	if (key == NULL)
		return;
	free(key->name);
	free(key->path);
	free(key->store);
	free(key->backend);
	free(key->engine);
	for (char **name = key->providers; name != NULL && *name != NULL; name++)
		free(*name);
	free(key->providers);
	free(key->module_path);
	free(key->pin_source);
	free(key->pin_use);
	pkcs11_uri_free(key->uri);
	chronosign_secret_free(key->pin);
	free(key);
}

static bool replace(char **field, const char *value)
{
	char *copy = value == NULL ? NULL : strdup(value);

	if (copy == NULL && value != NULL)
		return false;
	free(*field);
	*field = copy;
	return true;
}

bool chronosign_key_set_backend(struct chronosign_key *key, const char *name)
{
	return replace(&key->backend, name);
}

bool chronosign_key_set_engine(struct chronosign_key *key, const char *id)
{
	return replace(&key->engine, id);
}

bool chronosign_key_add_provider(struct chronosign_key *key, const char *name)
{
	size_t count = 0;

	while (key->providers != NULL && key->providers[count] != NULL)
		count++;
	char **providers = reallocarray(key->providers, count + 2, sizeof *providers);
	if (providers == NULL)
		return false;
	key->providers = providers;
	providers[count] = strdup(name);
	providers[count + 1] = NULL;
	return providers[count] != NULL;
}

bool chronosign_key_set_module_path(struct chronosign_key *key, const char *path)
{
	return replace(&key->module_path, path);
}

bool chronosign_key_set_pin_source(struct chronosign_key *key, const char *source)
{
	return replace(&key->pin_source, source);
}

void chronosign_key_set_pin(struct chronosign_key *key, struct chronosign_secret *pin)
{
	chronosign_secret_free(key->pin);
	key->pin = pin;
}

void chronosign_key_set_force_login(struct chronosign_key *key, bool force)
{
	key->force_login = force;
}

void chronosign_key_set_prompt(struct chronosign_key *key, chronosign_prompt *prompt, void *context)
{
	key->prompt = prompt;
	key->prompt_context = context;
}

void chronosign_key_set_notice(struct chronosign_key *key, chronosign_notice *notice, void *context)
{
	key->notice = notice;
	key->notice_context = context;
}

void chronosign_key_set_watch(struct chronosign_key *key, const struct chronosign_watch *watch,
			      void *context)
{
	key->watch = *watch;
	key->watch_context = context;
}

void key_set_command_stderr(struct chronosign_key *key, int descriptor)
{
	key->command_stderr = descriptor;
}

enum key_kind key_kind(const struct chronosign_key *key)
{
	return key->kind;
}

const char *chronosign_key_name(const struct chronosign_key *key)
{
	return key->name;
}

void key_set_lend(struct chronosign_key *key, void (*lend)(void *context, bool lent), void *context)
{
	key->lend = lend;
	key->lend_context = context;
}

void key_set_one_login(struct chronosign_key *key)
{
	key->pin_use->once = true;
}

bool key_pin_is_spent(const struct chronosign_key *key)
{
	const struct key_pin_use *use = key->pin_use;

	return use->refused || use->in_vain >= KEY_LOGINS_IN_VAIN ||
	       use->in_vain_for_key >= KEY_LOGINS_IN_VAIN;
}

void key_set_login_refused(struct chronosign_key *key,
			   void (*login_refused)(const struct chronosign_key *key))
{
	key->login_refused = login_refused;
}

void key_login_refused(const struct chronosign_key *key)
{
	key->pin_use->refused = true;
	if (key->login_refused != NULL)
		key->login_refused(key);
}

static void give_notice(const struct chronosign_key *key, enum chronosign_notice_level level,
			const char *message, bool keep_newlines)
{
	if (key->notice == NULL || message == NULL)
		return;
	CLEANUP(cleanup_text)
	char *printable = text_printable(message, strlen(message), keep_newlines);
	if (printable != NULL)
		key->notice(key->notice_context, level, printable);
}

void key_notice(const struct chronosign_key *key, enum chronosign_notice_level level,
		const char *format, ...)
{
	if (key->notice == NULL)
		return;

	va_list arguments;
	va_start(arguments, format);
	CLEANUP(cleanup_text) char *message = text_format_list(format, arguments);
	va_end(arguments);
	give_notice(key, level, message, false);
}

void key_notice_failure(const struct chronosign_key *key, enum chronosign_notice_level level,
			const struct chronosign_error *failure, const char *now)
{
	CLEANUP(cleanup_text)
	char *message = text_format("%s\n%s", chronosign_error_message(failure), now);

	give_notice(key, level, message, true);
}

void key_warn_of_length(const struct chronosign_key *key, int bits)
{
	if (bits < 2048)
		key_notice(key, CHRONOSIGN_NOTICE_WARNING,
			   "the key '%s' has %d bits, and fewer than 2048 are too few to be safe; "
			   "make a longer one with gen-keypair",
			   key->name, bits);
}
