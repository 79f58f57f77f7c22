/* libcurl's options for all exchanges, above all whom it trusts, and its numbers after an
 * exchange. */
#include "network/program/curl_options.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	return CURL_SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	return CURL_SET(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* A name server that hangs delays its own transfer only. */
static bool set_quick_exit(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075700
	return CURL_SET(easy, CURLOPT_QUICK_EXIT, 1L);
#else
	(void)easy;
	return true;
#endif
}

static bool set_http(CURL *easy)
{
	return set_protocols(easy) && set_quick_exit(easy) &&
	       CURL_SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
	       CURL_SET(easy, CURLOPT_FOLLOWLOCATION, 0L) && CURL_SET(easy, CURLOPT_HTTPGET, 1L) &&
	       CURL_SET(easy, CURLOPT_USERAGENT, "chronoctl/" CHRONOCTL_VERSION) &&
	       CURL_SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       CURL_SET(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) &&
	       CURL_SET(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC) &&
	       CURL_SET(easy, CURLOPT_SOCKS5_AUTH, (long)CURLAUTH_BASIC) &&
	       CURL_SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
	       CURL_SET(easy, CURLOPT_NOSIGNAL, 1L);
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
 * The machine's CAs, in libcurl's built-in places or where the user says, as in Go programs. If one
 * file has them all, the directory is left out: then libcurl reads the file once for all servers
 * instead of once for each, which takes 40 ms.
 */
static bool set_machine_authorities(CURL *easy)
{
	const curl_version_info_data *built = curl_version_info(CURLVERSION_NOW);
	const char *file = variable("SSL_CERT_FILE", built->cainfo);
	const char *directory = variable("SSL_CERT_DIR", built->capath);

	if (same_path(file, built->cainfo) && same_path(directory, built->capath) &&
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

char *ca_folder_lost(void)
{
	CLEANUP(cleanup_text) char *list = strdup(variable("SSL_CERT_DIR", ""));
	char *rest = NULL;

	for (char *path = list == NULL ? NULL : strtok_r(list, ":", &rest); path != NULL;
	     path = strtok_r(NULL, ":", &rest)) {
		CLEANUP(cleanup_descriptor)
		int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (folder < 0)
			return text_format("%s: %s", path, strerror(errno));
	}
	return NULL;
}

bool curl_options_set(CURL *easy, const char *ca_file, bool skip_verify)
{
	return set_http(easy) && set_tls(easy, ca_file, skip_verify);
}

bool curl_options_pin(CURL *easy, const char *pinned_pubkey)
{
	/* With its certificate, to say which key it has that is none of these (presented_key.h). */
	return pinned_pubkey == NULL || (CURL_SET(easy, CURLOPT_PINNEDPUBLICKEY, pinned_pubkey) &&
					 CURL_SET(easy, CURLOPT_CERTINFO, 1L));
}

/*
 * libcurl reads the variables as curl(1) does. HTTP_PROXY, which it ignores, is used if http_proxy
 * is not set, but not in a CGI program, where it is the client's header "Proxy:" (CVE-2016-5386).
 */
void proxy_variables_prepare(void)
{
	const char *upper = getenv("HTTP_PROXY");

	if (upper != NULL && variable("http_proxy", NULL) == NULL &&
	    getenv("REQUEST_METHOD") == NULL)
		setenv("http_proxy", upper, 1);
}

const char *proxy_variable(bool https)
{
	static const char *const names[2][4] = {
		{"http_proxy", "all_proxy", "ALL_PROXY"},
		{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
	};

	for (size_t i = 0; i < 4 && names[https][i] != NULL; i++)
		if (variable(names[https][i], NULL) != NULL)
			return names[https][i];
	return NULL;
}

/* A slash in a password, for instance, makes the user a host, and what is before the slash a port. */
bool proxy_variable_is_url(const char *name)
{
	const char *value = variable(name, "");
	CURLU *url = curl_url();
	char *user = NULL;
	CURLUcode code = url == NULL ? CURLUE_OUT_OF_MEMORY
				     : curl_url_set(url, CURLUPART_URL, value,
						    CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
	bool has_user =
		code == CURLUE_OK && curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK;

	curl_free(user);
	curl_url_cleanup(url);
	return code == CURLUE_OUT_OF_MEMORY ||
	       (code == CURLUE_OK && (has_user || strchr(value, '@') == NULL));
}

long curl_number(CURL *easy, CURLINFO info)
{
	long number = 0;

	curl_easy_getinfo(easy, info, &number);
	return number;
}
