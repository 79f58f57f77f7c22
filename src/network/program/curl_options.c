/* What libcurl is told for all exchanges alike, above all whom it trusts, and asked when one has
 * ended. */
#include "network/program/curl_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool set_http(CURL *easy)
{
	/* QUICK_EXIT: a name server that hangs holds up its own transfer, not those beside it. */
	return CURL_SET(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
	       CURL_SET(easy, CURLOPT_FOLLOWLOCATION, 0L) && CURL_SET(easy, CURLOPT_HTTPGET, 1L) &&
	       CURL_SET(easy, CURLOPT_USERAGENT, "chronoctl/" CHRONOCTL_VERSION) &&
	       CURL_SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       CURL_SET(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) &&
	       CURL_SET(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC) &&
	       CURL_SET(easy, CURLOPT_NOPROXY, "") && CURL_SET(easy, CURLOPT_NOSIGNAL, 1L) &&
	       CURL_SET(easy, CURLOPT_QUICK_EXIT, 1L);
}

/* For the server, and for a proxy that is spoken to by TLS. */
static bool set_authorities(CURL *easy, const char *file, const char *directory)
{
	return CURL_SET(easy, CURLOPT_CAINFO, file) && CURL_SET(easy, CURLOPT_PROXY_CAINFO, file) &&
	       CURL_SET(easy, CURLOPT_CAPATH, directory) &&
	       CURL_SET(easy, CURLOPT_PROXY_CAPATH, directory);
}

static bool same_path(const char *one, const char *other)
{
	return one != NULL && other != NULL && strcmp(one, other) == 0;
}

static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value == NULL || value[0] == '\0' ? otherwise : value;
}

/*
 * The machine's CAs, where libcurl was built to look or where the user says, as Go programs heed
 * it. Where the machine has them all in one file, the directory is left out: libcurl then reads the
 * file once for all servers instead of once for each, which costs 40 ms.
 */
static bool set_machine_authorities(CURL *easy)
{
	char *built_file = NULL;
	char *built_directory = NULL;

	curl_easy_getinfo(easy, CURLINFO_CAINFO, &built_file);
	curl_easy_getinfo(easy, CURLINFO_CAPATH, &built_directory);
	const char *file = variable("SSL_CERT_FILE", built_file);
	const char *directory = variable("SSL_CERT_DIR", built_directory);
	if (same_path(file, built_file) && same_path(directory, built_directory) &&
	    access(file, R_OK) == 0)
		directory = NULL;
	return set_authorities(easy, file, directory);
}

static bool set_tls(CURL *easy, const char *ca_file, bool skip_verify)
{
	long peer = skip_verify ? 0L : 1L;
	long host = skip_verify ? 0L : 2L;

	return CURL_SET(easy, CURLOPT_SSL_VERIFYPEER, peer) &&
	       CURL_SET(easy, CURLOPT_SSL_VERIFYHOST, host) &&
	       CURL_SET(easy, CURLOPT_PROXY_SSL_VERIFYPEER, peer) &&
	       CURL_SET(easy, CURLOPT_PROXY_SSL_VERIFYHOST, host) &&
	       (ca_file != NULL ? set_authorities(easy, ca_file, NULL)
				: set_machine_authorities(easy));
}

bool curl_options_set(CURL *easy, const char *ca_file, bool skip_verify)
{
	return set_http(easy) && set_tls(easy, ca_file, skip_verify);
}

long curl_number(CURL *easy, CURLINFO info)
{
	long number = 0;

	curl_easy_getinfo(easy, info, &number);
	return number;
}
