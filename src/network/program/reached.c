#include "network/program/reached.h"

#include "network/program/curl_options.h"

#include <stdbool.h>

/* libcurl 7.88 counts the time to connect up to the end of TLS, so a local port is what shows a
 * connection. libcurl 8.14 forgets the port where TLS fails, but that needs a connection anyway. */
static bool was_connected(CURL *easy, CURLcode result)
{
	return result == CURLE_SSL_CONNECT_ERROR || result == CURLE_PEER_FAILED_VERIFICATION ||
	       result == CURLE_SSL_PINNEDPUBKEYNOTMATCH ||
	       (result != CURLE_COULDNT_CONNECT && curl_number(easy, CURLINFO_LOCAL_PORT) > 0);
}

enum reached reached_by(CURL *easy, uint32_t http_status, CURLcode result)
{
	long proxy_status = curl_number(easy, CURLINFO_HTTP_CONNECTCODE);
	curl_off_t secured = 0;

	if (http_status != 0)
		return REACHED_ANSWER;
	curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &secured);
	if (!was_connected(easy, result) || (proxy_status != 0 && proxy_status != 200))
		return REACHED_NOTHING;
	return secured == 0 ? REACHED_HOST : REACHED_TLS;
}
