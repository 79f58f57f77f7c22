/* Words for an exchange as a whole, whatever came of it. Failures have theirs in curl_error.c. */
#include "network/program/trace.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "network/program/curl_options.h"
#include "network/program/url.h"

#include <string.h>

static long info_milliseconds(CURL *easy, CURLINFO info)
{
	curl_off_t microseconds = 0;

	curl_easy_getinfo(easy, info, &microseconds);
	return (long)(microseconds / 1000);
}

static const char *info_text(CURL *easy, CURLINFO info)
{
	char *text = NULL;

	curl_easy_getinfo(easy, info, &text);
	return text == NULL ? "" : text;
}

static const char *version_name(long version)
{
	switch (version) {
	case CURL_HTTP_VERSION_1_0:
		return "HTTP/1.0";
	case CURL_HTTP_VERSION_1_1:
		return "HTTP/1.1";
	default:
		return "no answer";
	}
}

/* Who answered: "from 192.0.2.1 port 8888". */
static char *peer_text(const struct trace *trace)
{
	const char *peer = info_text(trace->easy, CURLINFO_PRIMARY_IP);

	if (peer[0] == '\0')
		return strdup("not connected");
	return text_format("from %s port %ld%s", peer,
			   curl_number(trace->easy, CURLINFO_PRIMARY_PORT),
			   trace->by_proxy ? " (a proxy)" : "");
}

/* Where the time of the last hop went, in milliseconds since its beginning. */
static char *times_text(CURL *easy)
{
	return text_format("name %ld, connect %ld, TLS %ld, first byte %ld",
			   info_milliseconds(easy, CURLINFO_NAMELOOKUP_TIME_T),
			   info_milliseconds(easy, CURLINFO_CONNECT_TIME_T),
			   info_milliseconds(easy, CURLINFO_APPCONNECT_TIME_T),
			   info_milliseconds(easy, CURLINFO_STARTTRANSFER_TIME_T));
}

char *trace_line(const struct trace *trace)
{
	CLEANUP(cleanup_text) char *shown = url_shown(trace->url);
	CLEANUP(cleanup_text) char *peer = peer_text(trace);
	CLEANUP(cleanup_text) char *times = times_text(trace->easy);
	const char *process = trace->confinement == NULL ? "" : trace->confinement;

	if (shown == NULL || peer == NULL || times == NULL)
		return NULL;
	CLEANUP(cleanup_text)
	char *line = text_format(
		"GET %s: %s, status %u, %zu bytes, %u redirects, %s, %lld ms (%s)%s%s", shown,
		version_name(curl_number(trace->easy, CURLINFO_HTTP_VERSION)), trace->status,
		trace->body_length, trace->redirects, peer, (long long)trace->milliseconds, times,
		process[0] == '\0' ? "" : "; ", process);
	return line == NULL ? NULL : text_of_others(line, strlen(line), false);
}
