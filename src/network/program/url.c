/* URLs of servers, by libcurl's parser, so that what is checked and shown is what libcurl connects
 * to. */
#include "network/program/url.h"

#include "base/error.h"
#include "base/text.h"
#include "chronograf/server.h"
#include "chronograf/source.h"
#include "network/job.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

char *url_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;

	return curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK ? text : NULL;
}

char *url_shown(CURLU *url)
{
	CLEANUP(cleanup_url) CURLU *bare = curl_url_dup(url);

	if (bare == NULL)
		return NULL;
	curl_url_set(bare, CURLUPART_USER, NULL, 0);
	curl_url_set(bare, CURLUPART_PASSWORD, NULL, 0);
	curl_url_set(bare, CURLUPART_OPTIONS, NULL, 0);
	curl_url_set(bare, CURLUPART_QUERY, NULL, 0);
	curl_url_set(bare, CURLUPART_FRAGMENT, NULL, 0);
	char *whole = NULL;
	if (curl_url_get(bare, CURLUPART_URL, &whole, 0) != CURLUE_OK)
		return NULL;
	CLEANUP(cleanup_text) char *text = whole;
	return url_shortened(text);
}

/* libcurl accepts one slash or three in place of two; the other readers of this text do not. */
static bool has_two_slashes(const char *base)
{
	const char *slashes = base + strcspn(base, ":/");

	return strncmp(slashes, "://", 3) == 0 && slashes[3] != '/';
}

static const char *why_no_url(const char *base, CURLUcode code)
{
	if (!has_two_slashes(base))
		return URL_REASON_SLASHES;
	return code == CURLUE_BAD_PORT_NUMBER ? URL_REASON_PORT : URL_REASON_MALFORMED;
}

static const char *why_no_target(CURLUcode code)
{
#if LIBCURL_VERSION_NUM >= 0x075000
	return curl_url_strerror(code);
#else
	return code == CURLUE_BAD_PORT_NUMBER ? "its port is invalid" : "it is malformed";
#endif
}

static bool not_a_url(const char *base, const char *reason, struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *shown = url_as_given(base);

	return error_set(error, CHRONOSIGN_ERROR_USAGE, "'%s' " URL_IS_NONE "%s\n" URL_FORM,
			 shown == NULL ? "" : shown, reason);
}

/* For "localhost:8888", which everyone writes once. */
static bool no_scheme(const char *base, struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *shown = url_as_given(base);
	CLEANUP(cleanup_text) char *right = text_format("http://%s", shown == NULL ? "" : shown);
	CLEANUP(cleanup_text) char *word = right == NULL ? NULL : text_shell_word(right);

	return error_set(error, CHRONOSIGN_ERROR_USAGE, "'%s' " URL_WITHOUT_SCHEME "%s",
			 shown == NULL ? "" : shown, word == NULL ? "http://…" : word);
}

static bool is_http(CURLU *url)
{
	CLEANUP(cleanup_text) char *scheme = url_part(url, CURLUPART_SCHEME);

	return scheme != NULL &&
	       (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);
}

/* Since curl 8.8 an empty query or fragment is returned only on request. */
#ifndef CURLU_GET_EMPTY
#define CURLU_GET_EMPTY 0
#endif

static bool has_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(url, part, &text, CURLU_GET_EMPTY) == CURLUE_OK;

	curl_free(text);
	return has;
}

/* url_shown without SERVER_NONCE_PATH, and the slashes around it, at the end. NULL: it does not end
 * so, or memory is out. */
static char *trimmed(CURLU *url)
{
	char *shown = url_shown(url);
	size_t end = shown == NULL ? 0 : strlen(shown);

	const char *host = end == 0 ? NULL : strstr(shown, "://");
	size_t path = host == NULL ? end : (size_t)(host - shown) + strlen("://");

	while (end > 0 && shown[end - 1] == '/')
		end--;
	if (end > path + strlen(SERVER_NONCE_PATH) &&
	    strncmp(shown + end - strlen(SERVER_NONCE_PATH), SERVER_NONCE_PATH,
		    strlen(SERVER_NONCE_PATH)) == 0) {
		shown[end - strlen(SERVER_NONCE_PATH)] = '\0';
		return shown;
	}
	free(shown);
	return NULL;
}

/* Fails: the URL has more than a server's, as `more` says. Names the right one. */
static bool too_long(CURLU *url, const char *base, const char *more,
		     struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *shown = url_as_given(base);
	CLEANUP(cleanup_text) char *without = trimmed(url);
	CLEANUP(cleanup_text) char *whole = url_shown(url);
	const char *right = without == NULL ? whole : without;
	CLEANUP(cleanup_text) char *word = right == NULL ? NULL : text_shell_word(right);

	return error_set(error, CHRONOSIGN_ERROR_USAGE, "'%s' %s%s", shown == NULL ? "" : shown,
			 more, word == NULL ? "it without" : word);
}

static bool parse_base(CURLU *url, const char *base, struct chronosign_error **error)
{
	CURLUcode code = curl_url_set(url, CURLUPART_URL, base, CURLU_NON_SUPPORT_SCHEME);
	if (code == CURLUE_OUT_OF_MEMORY)
		return error_out_of_memory(error);
	if (code != CURLUE_OK && strpbrk(base, " \t") != NULL)
		return not_a_url(base, URL_REASON_BLANK, error);
	if (code != CURLUE_OK && strstr(base, "://") == NULL)
		return no_scheme(base, error);
	if (code != CURLUE_OK)
		return not_a_url(base, why_no_url(base, code), error);
	if (!is_http(url))
		return not_a_url(base, URL_REASON_SCHEME, error);
	if (!has_two_slashes(base))
		return not_a_url(base, URL_REASON_SLASHES, error);
	if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		return too_long(url, base, URL_WITH_QUERY, error);
	CLEANUP(cleanup_text) char *longer = trimmed(url);
	return longer == NULL || too_long(url, base, URL_WITH_NONCE, error);
}

/* Sets the path to `{path}{more}`, whatever number of slashes the path ends with. */
static bool join(CURLU *url, const char *more)
{
	CLEANUP(cleanup_text) char *path = url_part(url, CURLUPART_PATH);
	size_t length = path == NULL ? 0 : strlen(path);

	while (length > 0 && path[length - 1] == '/')
		length--;
	CLEANUP(cleanup_text)
	char *joined = text_format("%.*s%s", (int)length, path == NULL ? "" : path, more);
	return joined != NULL && curl_url_set(url, CURLUPART_PATH, joined, 0) == CURLUE_OK &&
	       curl_url_set(url, CURLUPART_QUERY, NULL, 0) == CURLUE_OK &&
	       curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK;
}

static CURLU *below(const char *base, const char *path, struct chronosign_error **error)
{
	CLEANUP(cleanup_url) CURLU *url = curl_url();

	if (url == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (!parse_base(url, base, error))
		return NULL;
	if (!join(url, path)) {
		error_out_of_memory(error);
		return NULL;
	}
	return TAKE(url);
}

CURLU *url_of_nonce(const char *base, struct chronosign_error **error)
{
	return below(base, SERVER_NONCE_PATH, error);
}

CURLU *url_of_check(const char *base, struct chronosign_error **error)
{
	return below(base, SERVER_CHECK_PATH, error);
}

static bool same_part(CURLU *one, CURLU *other, CURLUPart part)
{
	CLEANUP(cleanup_text) char *first = url_part(one, part);
	CLEANUP(cleanup_text) char *second = url_part(other, part);

	return first != NULL && second != NULL && strcasecmp(first, second) == 0;
}

/* A link-local address is another host on each interface (RFC 4007 §6). */
static bool same_host(CURLU *one, CURLU *other)
{
	bool zone = has_part(one, CURLUPART_ZONEID);

	return same_part(one, other, CURLUPART_HOST) && zone == has_part(other, CURLUPART_ZONEID) &&
	       (!zone || same_part(one, other, CURLUPART_ZONEID));
}

static bool same_origin(CURLU *one, CURLU *other)
{
	return same_part(one, other, CURLUPART_SCHEME) && same_host(one, other) &&
	       same_part(one, other, CURLUPART_PORT);
}

static void copy_part(CURLU *to, CURLU *from, CURLUPart part)
{
	CLEANUP(cleanup_text) char *text = url_part(from, part);

	if (text != NULL)
		curl_url_set(to, part, text, 0);
}

bool url_resolve(CURLU *url, const char *location, struct chronosign_error **error)
{
	CLEANUP(cleanup_url) CURLU *from = curl_url_dup(url);

	if (from == NULL)
		return error_out_of_memory(error);
	CURLUcode code = curl_url_set(url, CURLUPART_URL, location,
				      CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE);
	if (code != CURLUE_OK)
		return error_set(error, CHRONOSIGN_ERROR_SERVER,
				 "it redirects to an invalid URL: %s", why_no_target(code));
	if (!is_http(url)) {
		CLEANUP(cleanup_text) char *shown = url_shown(url);
		return error_set(error, CHRONOSIGN_ERROR_SERVER,
				 "it redirects to %s, which is neither http nor https",
				 shown == NULL ? "a URL" : shown);
	}
	if (same_origin(from, url) && !has_part(url, CURLUPART_USER)) {
		copy_part(url, from, CURLUPART_USER);
		copy_part(url, from, CURLUPART_PASSWORD);
	}
	curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
	return true;
}

bool url_is_https(CURLU *url)
{
	CLEANUP(cleanup_text) char *scheme = url_part(url, CURLUPART_SCHEME);

	return scheme != NULL && strcasecmp(scheme, "https") == 0;
}

char *url_base_shown(CURLU *url, const char *end)
{
	char *shown = url_shown(url);
	size_t length = shown == NULL ? 0 : strlen(shown);

	if (length > strlen(end) && strcmp(shown + length - strlen(end), end) == 0)
		shown[length - strlen(end)] = '\0';
	else
		free(TAKE(shown));
	return shown;
}

static const char if_login[] = "\nIf it is a login in front of Chronograf, " SOURCE_REMEDY;

bool url_may_follow(CURLU *from, CURLU *to, struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *base = url_base_shown(to, SERVER_NONCE_PATH);
	CLEANUP(cleanup_text) char *whole = url_shown(to);
	const char *other = base != NULL ? base : whole == NULL ? "another URL" : whole;
	CLEANUP(cleanup_text) char *word = text_shell_word(other);
	const char *shown = word == NULL ? "another URL" : word;

	if (!same_host(from, to))
		return error_set(error, CHRONOSIGN_ERROR_SERVER,
				 "it redirects to another host, which is not followed\n"
				 "If that is the server, give its own URL: --chronograf-url %s%s",
				 shown, base != NULL ? "" : if_login);
	if (url_is_https(from) && !url_is_https(to))
		return error_set(error, CHRONOSIGN_ERROR_SERVER,
				 "it redirects from https to http, which is not followed\n"
				 "If plain http is meant, give that URL: --chronograf-url %s",
				 shown);
	return true;
}

/* An address of this machine; of IPv6 without its brackets. */
static bool is_loopback_address(const char *host)
{
	struct in_addr ipv4;
	struct in6_addr ipv6;

	if (inet_pton(AF_INET, host, &ipv4) == 1)
		return ntohl(ipv4.s_addr) >> 24 == IN_LOOPBACKNET;
	if (inet_pton(AF_INET6, host, &ipv6) != 1)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&ipv6) ||
	       (IN6_IS_ADDR_V4MAPPED(&ipv6) && ipv6.s6_addr[12] == IN_LOOPBACKNET);
}

bool url_is_loopback(CURLU *url)
{
	static const char local[] = "localhost";
	CLEANUP(cleanup_text) char *whole = url_part(url, CURLUPART_HOST);

	if (whole == NULL)
		return false;
	char *host = whole[0] == '[' ? whole + 1 : whole;
	host[strcspn(host, "]%")] = '\0';
	size_t length = strlen(host);
	if (length > 1 && host[length - 1] == '.')
		host[--length] = '\0';
	size_t before = length < strlen(local) ? 0 : length - strlen(local);
	/* RFC 6761 §6.3: the names below localhost are this machine, too. */
	return is_loopback_address(host) ||
	       (strcasecmp(host + before, local) == 0 && (before == 0 || host[before - 1] == '.'));
}

bool url_is_at_home(CURLU *url)
{
	CLEANUP(cleanup_text) char *port = url_part(url, CURLUPART_PORT);

	return url_is_loopback(url) || (port != NULL && strcmp(port, SERVER_PORT) == 0);
}

bool url_has_port(CURLU *url)
{
	return has_part(url, CURLUPART_PORT);
}
