/* Looks at a proxy's answer to CONNECT while libcurl reads it. */
#include "network/program/tunnel.h"

#include "network/program/curl_options.h"
#include "network/program/headers.h"

#include <stdio.h>

/* libcurl counts those of the server, too, which headers.c limits to the half. */
#define ALL_HEADERS_MAX (2L * HEADERS_MAX)

/* A user and password for the proxy are sent with the first CONNECT (CURLAUTH_BASIC), so that none follows. */
static bool is_refused(CURL *easy)
{
	return curl_number(easy, CURLINFO_HTTP_CONNECTCODE) >= 300;
}

/* libcurl calls it after each byte of the answer. */
static int look(void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
		curl_off_t up)
{
	CURL *easy = context;

	(void)down_all;
	(void)down;
	(void)up_all;
	(void)up;
	return is_refused(easy) || curl_number(easy, CURLINFO_HEADER_SIZE) > ALL_HEADERS_MAX;
}

bool tunnel_watch(CURL *easy)
{
	return CURL_SET(easy, CURLOPT_XFERINFOFUNCTION, look) &&
	       CURL_SET(easy, CURLOPT_XFERINFODATA, (void *)easy) &&
	       CURL_SET(easy, CURLOPT_NOPROGRESS, 0L);
}

void tunnel_tell_refusal(CURL *easy, char *text, size_t size)
{
	if (is_refused(easy))
		snprintf(text, size, "the proxy refuses the tunnel (CONNECT) with status %ld",
			 curl_number(easy, CURLINFO_HTTP_CONNECTCODE));
	else
		snprintf(text, size,
			 "the proxy's answer to CONNECT has more than %ld bytes of headers",
			 ALL_HEADERS_MAX);
}
