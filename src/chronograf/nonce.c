/* Judges the answer that should be a nonce. No I/O here. */
#include "chronograf/nonce.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "base/uuid.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* How many bytes of an answer, and of its content type, a message shows. */
#define SHOWN_BYTES 64

bool nonce_found(const struct nonce_response *response)
{
	return response->status == 200 && !response->longer &&
	       uuid_is_version_4(response->body, response->length);
}

/*
 * The abbreviations of the time zone database that mean one offset (in minutes) wherever they are
 * in use. CST, CDT, IST and PST are left out: each is used in countries hours apart, and a wrong
 * expiry is worse than a lower bound.
 */
static const struct zone {
	const char *name;
	int minutes;
} zones[] = {
	{"GMT", 0},     {"UTC", 0},     {"Z", 0},      {"WET", 0},    {"WEST", 60},  {"BST", 60},
	{"CET", 60},    {"CEST", 120},  {"MET", 60},   {"MEST", 120}, {"EET", 120},  {"EEST", 180},
	{"MSK", 180},   {"IDT", 180},   {"WAT", 60},   {"CAT", 120},  {"SAST", 120}, {"EAT", 180},
	{"PKT", 300},   {"WIB", 420},   {"WITA", 480}, {"HKT", 480},  {"AWST", 480}, {"WIT", 540},
	{"JST", 540},   {"KST", 540},   {"ACST", 570}, {"ACDT", 630}, {"AEST", 600}, {"ChST", 600},
	{"AEDT", 660},  {"NZST", 720},  {"NZDT", 780}, {"NST", -210}, {"NDT", -150}, {"AST", -240},
	{"ADT", -180},  {"EST", -300},  {"EDT", -240}, {"MST", -420}, {"MDT", -360}, {"PDT", -420},
	{"AKST", -540}, {"AKDT", -480}, {"HST", -600}, {"HDT", -540}, {"SST", -660},
};

/* Where a zone has no abbreviation of letters, Go prints its offset: "-03", "+0545". */
static bool zone_of_digits(const char *name, int *minutes)
{
	size_t digits = strspn(name + 1, "0123456789");

	if ((name[0] != '+' && name[0] != '-') || name[1 + digits] != '\0' ||
	    (digits != 2 && digits != 4))
		return false;
	int hours = (name[1] - '0') * 10 + (name[2] - '0');
	int rest = digits == 2 ? 0 : (name[3] - '0') * 10 + (name[4] - '0');
	*minutes = hours * 60 + rest;
	if (name[0] == '-')
		*minutes = -*minutes;
	return hours <= 14 && rest < 60;
}

static bool zone_minutes(const char *name, int *minutes)
{
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
		if (strcmp(name, zones[i].name) == 0) {
			*minutes = zones[i].minutes;
			return true;
		}
	return zone_of_digits(name, minutes);
}

static int month_number(const char *name)
{
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

	for (int i = 0; i < 12; i++)
		if (strcmp(name, months[i]) == 0)
			return i;
	return -1;
}

/* Reads "Tue, 05 Mar 2024 10:00:00 CET", the form of RFC 1123 §5.2.14 in which Go prints both
 * headers. A time of an unknown zone is read as if it were UTC. */
static bool read_date(const char *text, int64_t *seconds, bool *zone_known)
{
	struct tm date = {0};
	char month[4] = "";
	char zone[8] = "";
	int end = 0;
	int minutes = 0;

	if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %7[A-Za-z0-9+-] %n",
		   &date.tm_mday, month, &date.tm_year, &date.tm_hour, &date.tm_min, &date.tm_sec,
		   zone, &end) != 7 ||
	    text[end] != '\0')
		return false;
	date.tm_mon = month_number(month);
	if (date.tm_mon < 0 || date.tm_mday < 1 || date.tm_mday > 31 || date.tm_year < 1970 ||
	    date.tm_hour < 0 || date.tm_hour > 23 || date.tm_min < 0 || date.tm_min > 59 ||
	    date.tm_sec < 0 || date.tm_sec > 60)
		return false;
	*zone_known = zone_minutes(zone, &minutes);
	date.tm_year -= 1900;
	*seconds = (int64_t)timegm(&date) - (*zone_known ? (int64_t)minutes * 60 : 0);
	return true;
}

/*
 * Chronograf replaces a nonce that has expired when it is asked. An Expires further in the past
 * comes from a proxy that forbids caching (RFC 9111 §5.3), or from a zone that was mistaken for
 * another.
 */
#define LONG_PAST 60
/* Zones differ by whole quarters of an hour, and none is more than 12 hours behind UTC. */
#define QUARTER INT64_C(900)
#define ZONE_BEHIND INT64_C(43200)

struct nonce_life nonce_life(const char *date, const char *expires)
{
	const struct nonce_life unknown = {.seconds = -1};
	bool date_known, zone_known;
	int64_t from, to;

	if (date == NULL || expires == NULL || !read_date(date, &from, &date_known) ||
	    !read_date(expires, &to, &zone_known) || !date_known)
		return unknown;
	int64_t life = to - from;
	if (life < -(zone_known ? LONG_PAST : LONG_PAST + ZONE_BEHIND))
		return unknown;
	if (!zone_known)
		return (struct nonce_life){.seconds = (life % QUARTER + QUARTER) % QUARTER,
					   .at_least = true};
	return (struct nonce_life){.seconds = life > 0 ? life : 0};
}

/* The answer without white space at either end. */
static struct nonce_response trimmed(const struct nonce_response *response)
{
	struct nonce_response inner = *response;

	while (inner.length > 0 && isspace((unsigned char)inner.body[0])) {
		inner.body++;
		inner.length--;
	}
	while (inner.length > 0 && isspace((unsigned char)inner.body[inner.length - 1]))
		inner.length--;
	return inner;
}

static bool contains(const struct nonce_response *response, const char *text)
{
	return response->length > 0 &&
	       memmem(response->body, response->length, text, strlen(text)) != NULL;
}

static bool begins(const struct nonce_response *response, const char *text)
{
	size_t length = strlen(text);

	return response->length >= length && strncasecmp(response->body, text, length) == 0;
}

static bool is_html(const struct nonce_response *response)
{
	return begins(response, "<!doctype html") || begins(response, "<html") ||
	       (response->content_type != NULL &&
		strncasecmp(response->content_type, "text/html", 9) == 0);
}

static const char *advice_login(const struct nonce_response *response)
{
	if (response->source == SOURCE_CHRONOGRAF)
		return "Chronograf itself says so: look into its log.";
	if (response->source == SOURCE_CHRONOGRAF_BASIC)
		return source_basic_advice;
	return "Something in front of Chronograf asks for a login: " SOURCE_REMEDY;
}

static const char *advice_page(const struct nonce_response *response)
{
	if (response->source == SOURCE_UNNAMED)
		return "That is a web page, and not known to be Chronograf's: another server, or a "
		       "login in front of it; then " SOURCE_REMEDY;
	return "That is Chronograf's own page: the URL's path is not its base path (--basepath; "
	       "without one, none).";
}

static const char *advice_by_status(const struct nonce_response *response)
{
	unsigned status = response->status;

	if (status == 401 || status == 403)
		return advice_login(response);
	if (status == 404)
		return "Is the base path missing? Give it with the URL: --chronograf-url "
		       "http://host:8888/base/path.";
	if (status == 407)
		return "The proxy asks for a login: http://user:password@proxy in http_proxy or "
		       "https_proxy.";
	if (status == 400 && contains(response, "HTTPS"))
		return "The port speaks TLS: use https:// in the URL.";
	if (status == 429 || status >= 500)
		return "The server, or a proxy in front of it, is in trouble: try again later, and "
		       "look into its log.";
	if (status >= 300 && status < 400)
		return "It redirects, and does not say where to.";
	return "Chronograf answers 200 here: does the URL lead to it, with its base path?";
}

static const char *advice_by_body(const struct nonce_response *response)
{
	const struct nonce_response inner = trimmed(response);

	if (inner.length == 0)
		return "Nothing came: does the URL lead to Chronograf?";
	/* "{" and a quote in base64url; RS256 (RFC 7518 §3.3) is the signature made here. */
	if (begins(&inner, "eyJ") && inner.body[0] == 'e')
		return "Refused: this is the head of a JSON Web Token, and signing it would make a "
		       "login in the key's name.";
	if (is_html(&inner))
		return advice_page(response);
	if (inner.length != response->length && uuid_is_any(inner.body, inner.length))
		return "That is a UUID with white space around it: something between here and "
		       "Chronograf rewrites its answers.";
	if (uuid_is_any(inner.body, inner.length))
		return "That is a UUID, but not a lower-case one of version 4 as Chronograf makes "
		       "it.";
	return "Chronograf answers 36 bytes, a UUID: does the URL lead to it?";
}

/* The first bytes of a text, whole characters, made printable; "..." stands for the rest. */
static char *first_bytes(const char *bytes, size_t length, bool longer)
{
	size_t shown = length;

	if (shown > SHOWN_BYTES) {
		shown = SHOWN_BYTES;
		longer = true;
		while (shown > SHOWN_BYTES - 4 && (bytes[shown] & 0xc0) == 0x80)
			shown--;
	}
	CLEANUP(cleanup_text) char *printable = text_of_others(bytes, shown, false);
	return printable == NULL ? NULL : text_format("%s%s", printable, longer ? "..." : "");
}

/* White space is shown where it is what is wrong, and is a blank in the words of a page. */
static char *body_shown(const struct nonce_response *response)
{
	const struct nonce_response inner = trimmed(response);
	bool spoilt = response->status == 200 && uuid_is_any(inner.body, inner.length);

	if (spoilt || inner.length == 0)
		return first_bytes(response->body, response->length, response->longer);
	CLEANUP(cleanup_text) char *words = malloc(inner.length);
	if (words == NULL)
		return NULL;
	for (size_t i = 0; i < inner.length; i++) {
		words[i] = inner.body[i];
		if (words[i] == '\r' || words[i] == '\n' || words[i] == '\t')
			words[i] = ' ';
	}
	return first_bytes(words, inner.length, response->longer);
}

char *nonce_refusal(const struct nonce_response *response)
{
	const char *type = response->content_type == NULL ? "" : response->content_type;
	CLEANUP(cleanup_text) char *type_shown = first_bytes(type, strlen(type), false);
	CLEANUP(cleanup_text)
	char *shown = body_shown(response);
	const char *advice =
		response->status == 200 ? advice_by_body(response) : advice_by_status(response);

	if (shown == NULL || type_shown == NULL)
		return NULL;
	return text_format("the answer is not a nonce: status %u, %s%zu bytes%s%s%s%s%s\n%s",
			   response->status, response->longer ? "more than " : "", response->length,
			   type[0] == '\0' ? "" : " of ", type_shown,
			   response->length == 0 ? "" : ": \"", shown,
			   response->length == 0 ? "" : "\"", advice);
}
