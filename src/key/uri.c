/* PKCS#11 URIs: p11-kit parses them; this file makes sure that nothing is ignored and that no
 * PIN leaks. */
#include "key/uri.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define WHITE_SPACE " \t\n\v\f\r"

DEFINE_CLEANUP(p11_uri, P11KitUri *, p11_kit_uri_free)
DEFINE_CLEANUP(uri, struct pkcs11_uri *, pkcs11_uri_free)

static int hexadecimal(char digit)
{
	if (isdigit((unsigned char)digit))
		return digit - '0';
	return isxdigit((unsigned char)digit) ? tolower((unsigned char)digit) - 'a' + 10 : -1;
}

long uri_percent_decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; to++) {
		if (*from != '%') {
			*to = *from++;
			continue;
		}
		int high = hexadecimal(from[1]);
		int low = high < 0 ? -1 : hexadecimal(from[2]);
		if (low < 0)
			return -1;
		*to = (char)(high << 4 | low);
		from += 3;
	}
	*to = '\0';
	return to - text;
}

/* Length of the attribute's name: what stands before '='. */
static size_t name_length(const char *attribute)
{
	return strcspn(attribute, "=");
}

/* Only the name: the value of a mistyped attribute may be a PIN. */
static bool wrong(struct chronosign_error **error, const char *what, const char *attribute)
{
	return error_set(error, CHRONOSIGN_ERROR_USAGE, "the PKCS#11 URI %s '%.*s'", what,
			 (int)name_length(attribute), attribute);
}

/* What has no '=' is not repeated in the message: it may be the rest of a PIN with a ';' or '&' in
 * it. */
static bool has_value(const char *attribute, struct chronosign_error **error)
{
	return attribute[name_length(attribute)] == '=' ||
	       error_set(error, CHRONOSIGN_ERROR_USAGE,
			 "the PKCS#11 URI has an attribute without a value; write ';' as %%3B and "
			 "'&' as %%26 "
			 "inside a value");
}

static bool is_named(const char *attribute, const char *name)
{
	size_t length = name_length(attribute);

	return attribute[length] == '=' && strlen(name) == length &&
	       strncmp(attribute, name, length) == 0;
}

/* Moves the value to a secret, decoded, and leaves asterisks in its place. */
static bool take_pin_value(struct pkcs11_uri *uri, char *value, struct chronosign_error **error)
{
	size_t length = strlen(value);

	if (length == 0)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "the pin-value of the PKCS#11 URI is empty");
	struct chronosign_secret *pin = chronosign_secret_new(value, length, error);

	memset(value, '*', length);
	if (pin == NULL)
		return false;
	if (uri->pin_value != NULL) {
		chronosign_secret_free(pin);
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "the PKCS#11 URI has more than one pin-value");
	}
	uri->pin_value = pin;
	/* A new secret ends with a zero byte. */
	char *bytes = (char *)secret_bytes(pin);
	long decoded = uri_percent_decode(bytes);
	if (decoded < 0)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "the pin-value of the PKCS#11 URI has a %% that is not followed "
				 "by two hexadecimal digits");
	secret_set_length(pin, (size_t)decoded);
	return true;
}

/*
 * Cuts the text at `separators` and calls `each` for every piece. The pieces are NUL-terminated
 * during the call; the text is whole again afterwards.
 */
static bool for_each_piece(char *text, char separator, void *context,
			   bool (*each)(void *context, char *piece,
					struct chronosign_error **error),
			   struct chronosign_error **error)
{
	for (char *piece = text; piece != NULL && *piece != '\0';) {
		char *end = strchrnul(piece, separator);
		char saved = *end;

		*end = '\0';
		bool good = each(context, piece, error);
		*end = saved;
		if (!good)
			return false;
		piece = saved == '\0' ? NULL : end + 1;
	}
	return true;
}

/* What for_each_piece passes on. */
struct parse {
	struct pkcs11_uri *uri;
	char *plain; /* the URI without pin-value and pin-source, for p11-kit */
	char separator;
	bool pin_wrong;
};

static bool keep(struct parse *parse, const char *attribute, struct chronosign_error **error)
{
	bool good = text_append(&parse->plain, "%c%s", parse->separator, attribute);

	return good || error_out_of_memory(error);
}

/* p11-kit takes an empty number for 0, reckons one that is too great modulo 2^64, and means any slot by
 * CK_UNAVAILABLE_INFORMATION. */
static bool is_slot_id(const char *value)
{
	CLEANUP(cleanup_text) char *digits = strdup(value);
	char *end = NULL;

	if (digits == NULL || uri_percent_decode(digits) <= 0)
		return false;
	errno = 0;
	unsigned long number = strtoul(digits, &end, 10);
	return isdigit((unsigned char)digits[0]) && *end == '\0' && errno == 0 &&
	       number != CK_UNAVAILABLE_INFORMATION;
}

/* Lets p11-kit parse one attribute at a time, to find the one that it does not understand. */
static bool check_alone(const char *attribute, struct chronosign_error **error)
{
	char name[64];
	CLEANUP(cleanup_text) char *alone = text_format("pkcs11:%s", attribute);
	CLEANUP(cleanup_p11_uri) P11KitUri *parsed = p11_kit_uri_new();

	if (alone == NULL || parsed == NULL)
		return error_out_of_memory(error);
	snprintf(name, sizeof name, "%.*s", (int)name_length(attribute), attribute);
	if (!has_value(attribute, error))
		return false;
	if (is_named(attribute, "slot-id") && !is_slot_id(attribute + strlen("slot-id=")))
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "the PKCS#11 URI has a bad value for 'slot-id': it is no slot's "
				 "number");
	int result = p11_kit_uri_parse(alone, P11_KIT_URI_FOR_ANY, parsed);
	if (result != P11_KIT_URI_OK)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "the PKCS#11 URI has a bad value for '%s': %s", name,
				 p11_kit_uri_message(result));
	if (!p11_kit_uri_any_unrecognized(parsed))
		return true;
	return error_set(
		error, CHRONOSIGN_ERROR_USAGE,
		"the PKCS#11 URI has an attribute '%s' that p11-kit does not know, or a value of "
		"it that it cannot match; "
		"known are token, manufacturer, serial, model, slot-id, slot-description, "
		"slot-manufacturer, "
		"library-manufacturer, library-description, library-version, object, id and type",
		name);
}

/* True if the attribute's name is already in the plain URI: RFC 7512 §2.3 allows each once. */
static bool is_repeated(const struct parse *parse, const char *attribute)
{
	CLEANUP(cleanup_text)
	char *start =
		text_format("%c%.*s=", parse->separator, (int)name_length(attribute), attribute);
	CLEANUP(cleanup_text)
	char *kept =
		text_format("%c%s", parse->separator, parse->plain == NULL ? "" : parse->plain + 1);

	return start != NULL && kept != NULL && strstr(kept, start) != NULL;
}

static const char *const query_names[] = {"pin-value", "pin-source", "module-path", "module-name"};

static bool is_query_attribute(const char *attribute)
{
	for (size_t i = 0; i < sizeof query_names / sizeof query_names[0]; i++)
		if (is_named(attribute, query_names[i]))
			return true;
	return false;
}

static bool take_path_attribute(void *context, char *attribute, struct chronosign_error **error)
{
	struct parse *parse = context;

	/* p11-kit would accept these here too, including the PIN (RFC 7512 §2.4 has them in the
	 * query). */
	if (is_query_attribute(attribute))
		return wrong(error, "needs a '?', not a ';', before", attribute);
	if (!check_alone(attribute, error))
		return false;
	if (is_repeated(parse, attribute))
		return wrong(error, "repeats the attribute", attribute);
	return keep(parse, attribute, error);
}

static bool take_pin_source(struct pkcs11_uri *uri, const char *value,
			    struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *source = strdup(value);

	if (source == NULL)
		return error_out_of_memory(error);
	if (uri->pin_source != NULL)
		return wrong(error, "repeats the attribute", "pin-source");
	/* The value may be a file: URI with its own escapes. */
	if (uri_percent_decode(source) < 0)
		return wrong(error, "has a bad % in", "pin-source");
	/* The URI's author could run a program as this user (RFC 7512 §7). */
	if (source[0] == '|')
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "a pin-source of '|command' is refused inside a PKCS#11 URI; give "
				 "it by --pin-source");
	uri->pin_source = TAKE(source);
	return true;
}

/* Continues after an error, which is kept, so that no PIN is left in the text. */
static bool take_pin(void *context, char *attribute, struct chronosign_error **error)
{
	struct parse *parse = context;

	/* Behind white space, too, for which the URI is refused later. */
	attribute += strspn(attribute, WHITE_SPACE);
	if (is_named(attribute, "pin-value") &&
	    !take_pin_value(parse->uri, attribute + strlen("pin-value="),
			    parse->pin_wrong ? NULL : error))
		parse->pin_wrong = true;
	return true;
}

static bool take_query_attribute(void *context, char *attribute, struct chronosign_error **error)
{
	struct parse *parse = context;

	if (is_named(attribute, "pin-value"))
		return true;
	if (is_named(attribute, "pin-source"))
		return take_pin_source(parse->uri, attribute + strlen("pin-source="), error);
	if (!has_value(attribute, error))
		return false;
	if (!is_named(attribute, "module-path") && !is_named(attribute, "module-name"))
		return error_set(
			error, CHRONOSIGN_ERROR_USAGE,
			"the PKCS#11 URI has a query attribute '%.*s' that is not known; known are "
			"pin-value, pin-source, module-path and module-name",
			(int)name_length(attribute), attribute);
	if (is_repeated(parse, attribute))
		return wrong(error, "repeats the attribute", attribute);
	bool kept = keep(parse, attribute, error);
	parse->separator = '&';
	return kept;
}

/* What for_each_piece has kept, taken over. */
static char *take_plain(struct parse *parse, char separator)
{
	parse->separator = separator;
	return TAKE(parse->plain);
}

/* Writes to *plain the URI of the attributes of path and query, for p11-kit. */
static bool take_pieces(struct pkcs11_uri *uri, char *path, char *query, char **plain,
			struct chronosign_error **error)
{
	struct parse parse = {.uri = uri, .separator = ';'};

	/* The PIN first, so that it is out of the text whatever else is wrong. */
	for_each_piece(path, ';', &parse, take_pin, error);
	for_each_piece(query, '&', &parse, take_pin, error);
	bool good =
		!parse.pin_wrong && for_each_piece(path, ';', &parse, take_path_attribute, error);
	CLEANUP(cleanup_text) char *attributes = take_plain(&parse, '?');
	good = good && for_each_piece(query, '&', &parse, take_query_attribute, error);
	CLEANUP(cleanup_text) char *queries = take_plain(&parse, '?');
	if (!good)
		return false;
	*plain = text_format("pkcs11:%s%s", attributes == NULL ? "" : attributes + 1,
			     queries == NULL ? "" : queries);
	return *plain != NULL || error_out_of_memory(error);
}

/* The query is cut off during the call, and the text is whole again afterwards. */
static bool parse_pieces(struct pkcs11_uri *uri, char *text, char **plain,
			 struct chronosign_error **error)
{
	char *path = text + strlen("pkcs11:");
	char *query = strchr(path, '?');

	if (query == NULL)
		return take_pieces(uri, path, NULL, plain, error);
	*query = '\0';
	bool good = take_pieces(uri, path, query + 1, plain, error);
	*query = '?';
	return good;
}

static bool is_pkcs11(const char *text)
{
	return strncasecmp(text, "pkcs11:", strlen("pkcs11:")) == 0;
}

struct pkcs11_uri *pkcs11_uri_parse(char *text, struct chronosign_error **error)
{
	CLEANUP(cleanup_uri) struct pkcs11_uri *uri = calloc(1, sizeof *uri);
	CLEANUP(cleanup_text) char *plain = NULL;

	if (uri == NULL || (uri->parsed = p11_kit_uri_new()) == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (!is_pkcs11(text)) {
		error_set(error, CHRONOSIGN_ERROR_USAGE,
			  "not a PKCS#11 URI: it does not begin with 'pkcs11:'");
		return NULL;
	}
	if (!parse_pieces(uri, text, &plain, error))
		return NULL;
	/* p11-kit drops white space (RFC 7512 §2.3 by RFC 3986 appendix C), and would search for
	 * another label, or find a PIN that was not removed. */
	if (plain[strcspn(plain, WHITE_SPACE)] != '\0') {
		error_set(error, CHRONOSIGN_ERROR_USAGE,
			  "the PKCS#11 URI contains white space; write a space as %%20");
		return NULL;
	}
	int result = p11_kit_uri_parse(plain, P11_KIT_URI_FOR_ANY, uri->parsed);
	if (result != P11_KIT_URI_OK) {
		error_set(error, CHRONOSIGN_ERROR_USAGE, "the PKCS#11 URI cannot be parsed: %s",
			  p11_kit_uri_message(result));
		return NULL;
	}
	return TAKE(uri);
}

void pkcs11_uri_free(struct pkcs11_uri *uri)
{
	if (uri == NULL)
		return;
	if (uri->parsed != NULL)
		p11_kit_uri_free(uri->parsed);
	free(uri->pin_source);
	chronosign_secret_free(uri->pin_value);
	free(uri);
}
