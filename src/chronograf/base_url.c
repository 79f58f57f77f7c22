/* Splits a URL (RFC 3986 §3) as far as needed to compare two of them. */
#include "chronograf/base_url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Offsets into the URL. */
struct parts {
	size_t host;     /* after the scheme, and a user and password */
	size_t port;     /* its colon, or where it would be */
	size_t path;     /* its first slash, or where it would be */
	const char *own; /* the scheme's own port, with its colon */
};

/* The port's colon is not one of an IPv6 address (RFC 3986 §3.2.2). */
static size_t find_port(const char *url, size_t host, size_t path)
{
	for (size_t at = path; at > host && url[at - 1] != ']'; at--)
		if (url[at - 1] == ':')
			return at - 1;
	return path;
}

static bool find_parts(const char *url, struct parts *parts)
{
	bool tls = strncasecmp(url, "https://", 8) == 0;

	if (!tls && strncasecmp(url, "http://", 7) != 0)
		return false;
	parts->own = tls ? ":443" : ":80";
	parts->host = tls ? 8 : 7;
	parts->path = parts->host + strcspn(url + parts->host, "/?#");
	for (size_t at = parts->path; at > parts->host; at--)
		if (url[at - 1] == '@') {
			parts->host = at;
			break;
		}
	parts->port = find_port(url, parts->host, parts->path);
	return true;
}

static void lower(char *text, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		text[i] = (char)tolower((unsigned char)text[i]);
}

char *base_url_normal(const char *url)
{
	char *normal = strdup(url);
	struct parts parts;

	if (normal == NULL || !find_parts(url, &parts))
		return normal;
	lower(normal, 0, strlen(parts.own) == 4 ? 5 : 4);
	lower(normal, parts.host, parts.port);
	size_t port = parts.path - parts.port;
	if (port == 1 ||
	    (port == strlen(parts.own) && strncmp(url + parts.port, parts.own, port) == 0))
		memmove(normal + parts.port, normal + parts.path, strlen(url + parts.path) + 1);
	for (size_t end = strlen(normal); end > parts.port && normal[end - 1] == '/'; end--)
		normal[end - 1] = '\0';
	return normal;
}

bool base_url_has_bad_port(const char *url)
{
	struct parts parts;
	long port = 0;

	if (!find_parts(url, &parts))
		return false;
	for (size_t at = parts.port + 1; at < parts.path; at++) {
		if (!isdigit((unsigned char)url[at]))
			return true;
		port = port > UINT16_MAX ? port : port * 10 + (url[at] - '0');
	}
	return port > UINT16_MAX;
}

static bool host_is(const char *url, const struct parts *parts, const char *host)
{
	size_t length = parts->port - parts->host;

	return length == strlen(host) && strncasecmp(url + parts->host, host, length) == 0;
}

/* 127.0.0.0/8 (RFC 1122 §3.2.1.3); a name that merely begins like one may be any host. */
static bool is_loopback_address(const char *url, const struct parts *parts)
{
	char host[sizeof "127.255.255.255"];
	size_t length = parts->port - parts->host;
	struct in_addr address;

	if (length >= sizeof host)
		return false;
	memcpy(host, url + parts->host, length);
	host[length] = '\0';
	return strncmp(host, "127.", 4) == 0 && inet_aton(host, &address) != 0;
}

bool base_url_is_exposed(const char *url)
{
	struct parts parts;

	return find_parts(url, &parts) && strcmp(parts.own, ":80") == 0 &&
	       !host_is(url, &parts, "localhost") && !host_is(url, &parts, "[::1]") &&
	       !is_loopback_address(url, &parts);
}
