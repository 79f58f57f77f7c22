/* The forms of --output for a token. */
#include "cli/token/token_output.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "chronograf/server.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define VARIABLE "CHRONOGRAF_TOKEN="

DEFINE_CLEANUP(json, json_t *, json_decref)

/* ---- The token alone ---- */

static char *token_text(const struct issued_token *token)
{
	return strdup(token->token);
}

/* Standard base64 (RFC 4648 §4) of an RSA signature: of 1024 bits at least, of the longest that is made
 * (chronosign/signer.h) at most. */
static bool is_token(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	size_t length = strlen(text);
	size_t count = strspn(text, digits);
	size_t padding = length - count;

	if (length < 172 || length > 2732 || length % 4 != 0 || padding > 2 ||
	    strspn(text + count, "=") != padding)
		return false;
	/* The bits that no byte needs are 0. */
	size_t last = (size_t)(strchr(digits, text[count - 1]) - digits);
	return padding == 0 || last % (padding == 1 ? 4 : 16) == 0;
}

/* ---- As a header ---- */

static char *header_text(const struct issued_token *token)
{
	return text_format(SERVER_TOKEN_HEADER "%s", token->token);
}

static bool is_header(const char *text)
{
	return strncmp(text, SERVER_TOKEN_HEADER, strlen(SERVER_TOKEN_HEADER)) == 0 &&
	       is_token(text + strlen(SERVER_TOKEN_HEADER));
}

/* ---- As a shell's variable ---- */

/* Base64 has no characters that are special to a shell. */
static char *env_text(const struct issued_token *token)
{
	return text_format(VARIABLE "'%s'", token->token);
}

static bool is_env(const char *text)
{
	size_t length = strlen(text);

	if (strncmp(text, VARIABLE "'", strlen(VARIABLE "'")) != 0 || text[length - 1] != '\'')
		return false;
	CLEANUP(cleanup_text)
	char *token = strndup(text + strlen(VARIABLE "'"), length - strlen(VARIABLE "''"));
	return token != NULL && is_token(token);
}

/* ---- As JSON ---- */

/* As far as it goes: with a scheme, and without a blank or a control character. */
static bool is_url(const char *text, size_t length)
{
	size_t scheme = strncasecmp(text, "http://", 7) == 0    ? 7
			: strncasecmp(text, "https://", 8) == 0 ? 8
								: 0;

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return false;
	return scheme > 0 && scheme < length;
}

/* RFC 3339 §5.6, by this machine's clock, to which a script compares it. */
static json_t *expiry(int64_t valid_for)
{
	char text[sizeof "2024-03-05T10:00:00Z"];
	time_t end = time(NULL) + (time_t)valid_for;
	struct tm date;

	if (valid_for < 0 || gmtime_r(&end, &date) == NULL ||
	    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &date) == 0)
		return json_null();
	return json_string(text);
}

static json_t *verdict_word(enum verdict verdict)
{
	if (verdict == VERDICT_NONE)
		return json_null();
	return json_string(verdict == VERDICT_EVERYONE ? "everyone" : "accepted");
}

static char *json_text(const struct issued_token *token)
{
	int64_t exact = token->at_least ? -1 : token->valid_for;
	json_t *seconds = exact < 0 ? json_null() : json_integer(exact);
	json_t *at_least = token->at_least ? json_integer(token->valid_for) : NULL;
	CLEANUP(cleanup_text) char *header = header_text(token);
	CLEANUP(cleanup_json)
	json_t *object =
		json_pack("{s:s?, s:s, s:s, s:s, s:o, s:o, s:o*, s:o}", "url", token->url, "token",
			  token->token, "header", header, "key", token->key, "nonce_expires",
			  expiry(exact), "valid_for_seconds", seconds, "valid_for_at_least",
			  at_least, "check", verdict_word(token->verdict));

	return object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
}

static bool is_string_or_null(const json_t *value)
{
	return json_is_string(value) || json_is_null(value);
}

/* All members that json_text writes, and no others. */
static bool is_json(const char *text)
{
	CLEANUP(cleanup_json) json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *token = "", *header = "", *key = NULL;
	const json_t *url = NULL, *expires = NULL, *seconds = NULL, *check = NULL;
	json_int_t at_least = -1;

	if (json_unpack(object, "{s:o, s:s, s:s, s:s, s:o, s:o, s?I, s:o !}", "url", &url, "token",
			&token, "header", &header, "key", &key, "nonce_expires", &expires,
			"valid_for_seconds", &seconds, "valid_for_at_least", &at_least, "check",
			&check) != 0)
		return false;
	const char *address = json_string_value(url);
	return (json_is_null(url) || (address != NULL && is_url(address, strlen(address)))) &&
	       is_header(header) && strcmp(header + strlen(SERVER_TOKEN_HEADER), token) == 0 &&
	       is_string_or_null(expires) && is_string_or_null(check) &&
	       (json_is_integer(seconds) || json_is_null(seconds));
}

/* ---- The table ---- */

/* A form of -o: how its text is made, and how a text is recognised that was made earlier. --watch
 * replaces a file only if it recognises each of its lines. */
static const struct form {
	char *(*make)(const struct issued_token *token);
	bool (*recognise)(const char *text);
	bool follows_url; /* of a list: the server's URL and a tab come first */
} forms[] = {
	[FORM_TOKEN] = {token_text, is_token, true},
	[FORM_HEADER] = {header_text, is_header, true},
	[FORM_ENV] = {env_text, is_env, false},
	[FORM_JSON] = {json_text, is_json, false},
};

char *token_line(const struct issued_token *token, enum output_form form, bool listed,
		 struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *url = token->url == NULL ? NULL : url_without_user(token->url);
	struct issued_token shown = *token;
	char *line = NULL;

	shown.url = url;
	if (url != NULL || token->url == NULL)
		line = forms[form].make(&shown);
	if (line != NULL && listed && forms[form].follows_url) {
		CLEANUP(cleanup_text) char *text = line;
		line = text_format("%s\t%s", url, text);
	}
	if (line == NULL)
		chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
				     "cannot write down the token for %s: no memory, or (JSON) a "
				     "name that is not UTF-8",
				     url == NULL ? "a server" : url);
	return line;
}

bool token_line_is_ours(const char *line, struct token_line_kind *kind)
{
	const char *tab = strchr(line, '\t');
	bool has_url = tab != NULL && is_url(line, (size_t)(tab - line));

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		bool named = has_url && forms[i].follows_url;
		if (!forms[i].recognise(named ? tab + 1 : line))
			continue;
		*kind = (struct token_line_kind){(enum output_form)i, named || i == FORM_JSON};
		return true;
	}
	return false;
}
