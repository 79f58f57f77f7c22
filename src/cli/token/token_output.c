/* Formats the lines of --output. */
#include "cli/token/token_output.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

#define HEADER "Authorization: CHRONOGRAF-SHA256 "
#define VARIABLE "CHRONOGRAF_TOKEN="

DEFINE_CLEANUP(json, json_t *, json_decref)

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

static char *json_line(const struct issued_token *token, const char *url, const char *header)
{
	int64_t exact = token->at_least ? -1 : token->valid_for;
	json_t *seconds = exact < 0 ? json_null() : json_integer(exact);
	json_t *at_least = token->at_least ? json_integer(token->valid_for) : NULL;
	CLEANUP(cleanup_json)
	json_t *object =
		json_pack("{s:s?, s:s, s:s, s:s, s:o, s:o, s:o*, s:o}", "url", url, "token",
			  token->token, "header", header, "key", token->key, "nonce_expires",
			  expiry(exact), "valid_for_seconds", seconds, "valid_for_at_least",
			  at_least, "check", verdict_word(token->verdict));

	return object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
}

char *token_line(const struct issued_token *token, enum output_form form, bool listed,
		 struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *url = token->url == NULL ? NULL : url_without_user(token->url);
	CLEANUP(cleanup_text) char *header = NULL;
	char *line = NULL;

	if ((url == NULL && token->url != NULL) ||
	    asprintf(&header, HEADER "%s", token->token) < 0) {
		header = NULL;
	} else if (form == FORM_JSON) {
		line = json_line(token, url, header);
	} else if (form == FORM_ENV) {
		/* Base64 has no characters that are special to a shell. */
		line = text_format(VARIABLE "'%s'", token->token);
	} else {
		const char *text = form == FORM_HEADER ? header : token->token;
		if (asprintf(&line, "%s%s%s", listed ? url : "", listed ? "\t" : "", text) < 0)
			line = NULL;
	}
	if (line == NULL)
		chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
				     "cannot write down the token for %s: no memory, or (JSON) a "
				     "name that is not UTF-8",
				     url == NULL ? "a server" : url);
	return line;
}

/* Standard base64 (RFC 4648 §4) of an RSA signature, to the end of the text; 1024 bits are the least. */
static bool is_token(const char *text, size_t length)
{
	size_t digits = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/");

	return length >= 172 && length % 4 == 0 && digits <= length && length - digits <= 2 &&
	       strspn(text + digits, "=") == length - digits;
}

static bool is_json_line(const char *line)
{
	CLEANUP(cleanup_json) json_t *object = json_loads(line, 0, NULL);
	const char *token = json_string_value(json_object_get(object, "token"));
	const char *header = json_string_value(json_object_get(object, "header"));

	return token != NULL && header != NULL && is_token(token, strlen(token)) &&
	       strncmp(header, HEADER, strlen(HEADER)) == 0 &&
	       strcmp(header + strlen(HEADER), token) == 0;
}

bool token_line_is_ours(const char *line)
{
	const char *tab = strchr(line, '\t');
	const char *text = tab == NULL ? line : tab + 1;
	size_t length = strlen(text);

	if (line[0] == '{')
		return is_json_line(line);
	if (tab != NULL && memmem(line, (size_t)(tab - line), "://", 3) == NULL)
		return false;
	if (tab == NULL && strncmp(line, VARIABLE "'", strlen(VARIABLE "'")) == 0 &&
	    line[length - 1] == '\'')
		return is_token(line + strlen(VARIABLE "'"), length - strlen(VARIABLE "''"));
	if (strncmp(text, HEADER, strlen(HEADER)) == 0)
		return is_token(text + strlen(HEADER), length - strlen(HEADER));
	return is_token(text, length);
}
