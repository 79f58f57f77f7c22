/*
 * The choice of a proxy. Not left to libcurl, which reads other variables (ALL_PROXY), prefers
 * lower case, knows no ports in no_proxy, and assumes port 1080.
 */
#include "network/program/proxy.h"

#include "base/text.h"
#include "network/program/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* An IP address; IPv4 is held as the IPv4-mapped address of RFC 4291 §2.5.5.2. */
typedef struct {
	uint8_t bytes[16];
} ip_address;

/* Where an exchange goes. */
typedef struct {
	const char *host; /* no brackets, no dot at its end */
	const char *port;
	bool is_address;
	ip_address address;
} proxy_target;

static const char *variable(const char *upper, const char *lower)
{
	const char *value = getenv(upper);

	if (value == NULL || value[0] == '\0')
		value = getenv(lower);
	return value == NULL || value[0] == '\0' ? NULL : value;
}

proxy_settings proxy_settings_read(void)
{
	/* In a CGI program HTTP_PROXY is the client's header "Proxy:" (CVE-2016-5386). */
	const char *http = getenv("REQUEST_METHOD") == NULL ? "HTTP_PROXY" : "http_proxy";

	return (proxy_settings){
		.http = variable(http, "http_proxy"),
		.https = variable("HTTPS_PROXY", "https_proxy"),
		.none = variable("NO_PROXY", "no_proxy"),
	};
}

static bool parse_address(const char *text, ip_address *parsed)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	memcpy(parsed->bytes, mapped, sizeof mapped);
	return inet_pton(AF_INET, text, parsed->bytes + sizeof mapped) == 1 ||
	       inet_pton(AF_INET6, text, parsed->bytes) == 1;
}

static bool is_mapped(const ip_address *address)
{
	struct in6_addr ipv6;

	memcpy(&ipv6, address->bytes, sizeof ipv6);
	return IN6_IS_ADDR_V4MAPPED(&ipv6);
}

static bool is_loopback(const ip_address *address)
{
	struct in6_addr ipv6;

	memcpy(&ipv6, address->bytes, sizeof ipv6);
	return is_mapped(address) ? address->bytes[12] == 127 : IN6_IS_ADDR_LOOPBACK(&ipv6);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);
	size_t end_length = strlen(end);

	return length >= end_length && strcasecmp(text + length - end_length, end) == 0;
}

/* RFC 6761 §6.3: the names below localhost are this machine, too. */
static bool is_local(const proxy_target *target)
{
	return target->is_address ? is_loopback(&target->address)
				  : strcasecmp(target->host, "localhost") == 0 ||
					    ends_with(target->host, ".localhost");
}

/* True if the first `bits` of both are equal. */
static bool same_network(const ip_address *one, const ip_address *other, unsigned bits)
{
	unsigned whole = bits / 8;
	uint8_t mask = (uint8_t)(0xff00u >> (bits % 8));

	return memcmp(one->bytes, other->bytes, whole) == 0 &&
	       (mask == 0 || ((one->bytes[whole] ^ other->bytes[whole]) & mask) == 0);
}

/* "10.0.0.0/8", "fd00::/8" */
static bool network_covers(char *entry, const proxy_target *target)
{
	char *slash = strchr(entry, '/');
	ip_address network;
	char *end;

	*slash = '\0';
	unsigned long bits = strtoul(slash + 1, &end, 10);
	if (!isdigit((unsigned char)slash[1]) || *end != '\0' || !parse_address(entry, &network))
		return false;
	unsigned long most = strchr(entry, ':') == NULL ? 32 : 128;
	return bits <= most && target->is_address &&
	       is_mapped(&network) == is_mapped(&target->address) &&
	       same_network(&network, &target->address, (unsigned)(bits + 128 - most));
}

/* "example.com" is that name and all below it, ".example.com" and "*.example.com" only those below.
 */
static bool name_covers(const char *entry, const proxy_target *target)
{
	if (strncmp(entry, "*.", 2) == 0)
		entry++;
	if (target->is_address)
		return false;
	if (entry[0] == '.')
		return ends_with(target->host, entry);
	size_t above = strlen(target->host) - strlen(entry);
	return ends_with(target->host, entry) && (above == 0 || target->host[above - 1] == '.');
}

/* Splits "host:port", "[address]:port" and "[address]" in place; an address of IPv6 without
 * brackets has no port. */
static const char *split_port(char **host)
{
	char *colon = strrchr(*host, ':');
	char *bracket = strchr(*host, ']');
	char *port = NULL;

	if (colon != NULL &&
	    (bracket == NULL ? strchr(*host, ':') == colon : colon == bracket + 1)) {
		*colon = '\0';
		port = colon + 1;
	}
	if ((*host)[0] == '[' && bracket != NULL) {
		*bracket = '\0';
		(*host)++;
	}
	return port;
}

static bool entry_covers(char *entry, const proxy_target *target)
{
	ip_address exact;

	if (strcmp(entry, "*") == 0)
		return true;
	if (strchr(entry, '/') != NULL)
		return network_covers(entry, target);
	const char *port = split_port(&entry);
	if (entry[0] == '\0' ||
	    (port != NULL && port[0] != '\0' && strcmp(port, target->port) != 0))
		return false;
	if (parse_address(entry, &exact))
		return target->is_address && same_network(&exact, &target->address, 128);
	return name_covers(entry, target);
}

/* Goes through no_proxy, a list with commas and white space between. */
static bool is_excluded(char *list, const proxy_target *target)
{
	char *rest = NULL;

	for (char *entry = strtok_r(list, ", \t\r\n", &rest); entry != NULL;
	     entry = strtok_r(NULL, ", \t\r\n", &rest))
		if (entry_covers(entry, target))
			return true;
	return false;
}

static void strip_host(char *host)
{
	size_t length = strlen(host);

	if (length > 1 && host[0] == '[' && host[length - 1] == ']') {
		memmove(host, host + 1, length - 2);
		length -= 2;
	} else if (length > 1 && host[length - 1] == '.') {
		length--;
	}
	host[length] = '\0';
}

/* What the variable means: "host:port" is http://host:port; the default port is the scheme's; names
 * are resolved by a SOCKS proxy. */
static bool complete(const char *value, char **proxy)
{
	CLEANUP(cleanup_url) CURLU *url = curl_url();

	if (url == NULL)
		return false;
	*proxy = strstr(value, "://") == NULL ? text_format("http://%s", value) : strdup(value);
	if (*proxy == NULL ||
	    curl_url_set(url, CURLUPART_URL, *proxy, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return *proxy != NULL; /* libcurl refuses it in its own words */
	CLEANUP(cleanup_text) char *scheme = url_part(url, CURLUPART_SCHEME);
	if (scheme != NULL && strcasecmp(scheme, "socks5") == 0)
		curl_url_set(url, CURLUPART_SCHEME, "socks5h", CURLU_NON_SUPPORT_SCHEME);
	CLEANUP(cleanup_text) char *port = url_part(url, CURLUPART_PORT);
	if (port != NULL)
		curl_url_set(url, CURLUPART_PORT, port, 0);
	free(*proxy);
	*proxy = NULL;
	return curl_url_get(url, CURLUPART_URL, proxy, 0) == CURLUE_OK;
}

static bool goes_direct(const proxy_settings *settings, const proxy_target *target, bool *direct)
{
	*direct = is_local(target);
	if (*direct || settings->none == NULL)
		return true;
	CLEANUP(cleanup_text) char *list = strdup(settings->none);
	if (list == NULL)
		return false;
	*direct = is_excluded(list, target);
	return true;
}

bool proxy_for(const proxy_settings *settings, CURLU *url, char **proxy)
{
	CLEANUP(cleanup_text) char *scheme = url_part(url, CURLUPART_SCHEME);
	CLEANUP(cleanup_text) char *host = url_part(url, CURLUPART_HOST);
	CLEANUP(cleanup_text) char *port = url_part(url, CURLUPART_PORT);
	bool direct;

	if (scheme == NULL || host == NULL || port == NULL)
		return false;
	strip_host(host);
	proxy_target target = {.host = host, .port = port};
	target.is_address = parse_address(host, &target.address);
	if (!goes_direct(settings, &target, &direct))
		return false;
	const char *value = strcasecmp(scheme, "https") == 0 ? settings->https : settings->http;
	if (direct || value == NULL)
		return (*proxy = strdup("")) != NULL;
	return complete(value, proxy);
}
