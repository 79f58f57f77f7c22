/* One exchange with one server, hop by hop: redirects are followed here, because each may need
 * another proxy. The options that all exchanges share are in curl_options.c. */
#include "network/program/transfer.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "chronograf/check.h"
#include "chronograf/nonce.h"
#include "chronograf/server.h"
#include "network/program/curl_error.h"
#include "network/program/curl_options.h"
#include "network/program/handshake.h"
#include "network/program/headers.h"
#include "network/program/names.h"
#include "network/program/presented_key.h"
#include "network/program/reached.h"
#include "network/program/trace.h"
#include "network/program/tunnel.h"
#include "network/program/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What an exchange is for. A check is two requests: with the token, and without. */
enum transfer_task { TASK_NONCE, TASK_CHECK, TASK_CHECK_EVERYONE };

struct transfer {
	const struct transfer_settings *settings;
	CURL *easy;
	enum transfer_task task;
	struct curl_slist *headers; /* the token of a check */
	CURLU *url;                 /* of this hop */
	char *asked_url;            /* of the first hop, as shown */
	unsigned redirects;
	const char *proxy; /* the variable that names a proxy for this hop; NULL: there is none */
	int64_t started;
	struct headers answer; /* the headers of the answer */
	size_t body_length;
	bool body_longer;
	char body[TRANSFER_BODY_MAX];
	char reason[CURL_ERROR_SIZE];
	struct network_message message;
};

/* Stops the transfer once the body is longer than any answer of Chronograf. */
static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t length = size * count;
	size_t room = sizeof transfer->body - transfer->body_length;
	size_t taken = length < room ? length : room;

	memcpy(transfer->body + transfer->body_length, bytes, taken);
	transfer->body_length += taken;
	transfer->body_longer = taken < length;
	return taken;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;

	return headers_take(&transfer->answer, bytes, size * count) ? size * count : 0;
}

static bool set_callbacks(struct transfer *transfer)
{
	CURL *easy = transfer->easy;

	return CURL_SET(easy, CURLOPT_WRITEFUNCTION, take_body) &&
	       CURL_SET(easy, CURLOPT_WRITEDATA, (void *)transfer) &&
	       CURL_SET(easy, CURLOPT_BUFFERSIZE, (long)TRANSFER_BODY_MAX) &&
	       CURL_SET(easy, CURLOPT_HEADERFUNCTION, take_header) &&
	       CURL_SET(easy, CURLOPT_HEADERDATA, (void *)transfer) &&
	       CURL_SET(easy, CURLOPT_ERRORBUFFER, transfer->reason);
}

/* For each hop: before 8.1.1 libcurl keeps, for the next transfer of a handle, a pointer to a freed header of the last one,
 * and follows it if an answer's first header line begins with a blank. Connections and names live in the multi handle. */
static bool renew_handle(struct transfer *transfer)
{
	const struct transfer_settings *settings = transfer->settings;

	curl_easy_cleanup(transfer->easy);
	transfer->easy = curl_easy_init();
	return transfer->easy != NULL && set_callbacks(transfer) && tunnel_watch(transfer->easy) &&
	       handshake_watch(transfer->easy) &&
	       curl_options_set(transfer->easy, settings->ca_file, settings->skip_verify) &&
	       curl_options_pin(transfer->easy, settings->pinned_pubkey);
}

struct transfer *transfer_new(const struct transfer_settings *settings)
{
	struct transfer *transfer = calloc(1, sizeof *transfer);

	if (transfer != NULL)
		transfer->settings = settings;
	return transfer;
}

void transfer_free(struct transfer *transfer)
{
	if (transfer == NULL)
		return;
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	headers_clear(&transfer->answer);
	curl_url_cleanup(transfer->url);
	free(transfer->asked_url);
	free(transfer);
}

CURL *transfer_handle(struct transfer *transfer)
{
	return transfer->easy;
}

const struct network_message *transfer_message(const struct transfer *transfer)
{
	return &transfer->message;
}

static uint32_t failure_of_task(enum transfer_task task, uint32_t outcome)
{
	if (task == TASK_NONCE)
		return outcome;
	return outcome == MESSAGE_SERVER_FAILED ? MESSAGE_CHECK_SERVER_FAILED
						: MESSAGE_CHECK_MACHINE_FAILED;
}

/* Sets the message to "URL (redirected to URL): reason". Always returns false. */
static bool fail(struct transfer *transfer, uint32_t outcome, const char *reason)
{
	CLEANUP(cleanup_text) char *last = transfer->url == NULL ? NULL : url_shown(transfer->url);
	bool moved = transfer->redirects > 0 && last != NULL;
	CLEANUP(cleanup_text)
	char *text = text_format(
		"%s%s%s%s: %s%s", transfer->asked_url == NULL ? "the server" : transfer->asked_url,
		moved ? " (redirected to " : "", moved ? last : "", moved ? ")" : "",
		transfer->task == TASK_NONCE ? "" : "cannot check the token: ",
		reason == NULL ? "out of memory" : reason);
	CLEANUP(cleanup_text)
	char *printable = text == NULL ? NULL : text_of_others(text, strlen(text), true);

	if (reason == NULL)
		outcome = MESSAGE_MACHINE_FAILED;
	message_set_failure(&transfer->message, failure_of_task(transfer->task, outcome),
			    printable == NULL ? "the server: out of memory" : printable);
	return false;
}

static bool fail_with(struct transfer *transfer, const struct chronosign_error *error)
{
	return fail(transfer,
		    chronosign_error_get_kind(error) == CHRONOSIGN_ERROR_OTHER
			    ? MESSAGE_MACHINE_FAILED
			    : MESSAGE_SERVER_FAILED,
		    chronosign_error_message(error));
}

/* Only libcurl 8.7 and later can tell; with older ones the port that answered shows whether
 * no_proxy applied. */
static bool went_by_proxy(const struct transfer *transfer)
{
	CLEANUP(cleanup_text) char *port = url_part(transfer->url, CURLUPART_PORT);
	long peer = curl_number(transfer->easy, CURLINFO_PRIMARY_PORT);

	return transfer->proxy != NULL &&
	       (peer == 0 || port == NULL || peer != strtol(port, NULL, 10));
}

/* libcurl repeats names of a certificate as they are, and a line in one could look like a message
 * of ours. */
static void make_one_line(char *text)
{
	for (char *end = strchr(text, '\n'); end != NULL; end = strchr(end, '\n'))
		*end = ' ';
}

static bool fail_by_curl(struct transfer *transfer, CURLcode code)
{
	if (code == CURLE_ABORTED_BY_CALLBACK)
		tunnel_tell_refusal(transfer->easy, transfer->reason, sizeof transfer->reason);
	make_one_line(transfer->reason);
	bool ca_file_given = transfer->settings->ca_file != NULL;
	CLEANUP(cleanup_text) char *lost_folder = ca_file_given ? NULL : ca_folder_lost();
	CLEANUP(cleanup_text)
	char *key = code == CURLE_SSL_PINNEDPUBKEYNOTMATCH ? presented_key(transfer->easy) : NULL;
	CLEANUP(cleanup_text) char *not_asked = names_not_asked("/etc/nsswitch.conf");
	const struct transfer_failure failure = {
		.code = code,
		.not_asked = not_asked,
		.presented_key = key,
		.proxy_variable = transfer->proxy,
		.proxy_misread = transfer->proxy != NULL && !proxy_variable_is_url(transfer->proxy),
		.reason = transfer->reason,
		.verify_result = curl_number(transfer->easy, CURLINFO_SSL_VERIFYRESULT),
		.connect_status = curl_number(transfer->easy, CURLINFO_HTTP_CONNECTCODE),
		.timeout_seconds = transfer->settings->timeout_seconds,
		.begun = transfer->answer.bytes > 0,
		.ca_file_given = ca_file_given,
		.lost_folder = lost_folder,
		.os_error = (int)curl_number(transfer->easy, CURLINFO_OS_ERRNO),
		.at_home = url_is_at_home(transfer->url),
		.no_port = !url_has_port(transfer->url),
		.https = url_is_https(transfer->url),
		.by_proxy = went_by_proxy(transfer),
		.verbose = transfer->settings->verbose,
	};
	CLEANUP(cleanup_text) char *text = curl_error_text(&failure);

	return fail(transfer,
		    curl_error_is_local(code) ? MESSAGE_MACHINE_FAILED : MESSAGE_SERVER_FAILED,
		    text);
}

static bool fail_by_timeout(struct transfer *transfer)
{
	snprintf(transfer->reason, sizeof transfer->reason, "after %u redirects",
		 transfer->redirects);
	return fail_by_curl(transfer, CURLE_OPERATION_TIMEDOUT);
}

/* The time left of the whole exchange, in milliseconds; 0: none. */
static long time_left(const struct transfer *transfer)
{
	int64_t left = (int64_t)transfer->settings->timeout_seconds * 1000 -
		       (milliseconds() - transfer->started);

	if (left < 0)
		return 0;
	return left < INT_MAX ? (long)left : INT_MAX;
}

/* libcurl chooses the proxy by the variables (NULL); for this machine there is none (""). */
static bool set_proxy(struct transfer *transfer)
{
	bool loopback = url_is_loopback(transfer->url);

	transfer->proxy = loopback ? NULL : proxy_variable(url_is_https(transfer->url));
	return CURL_SET(transfer->easy, CURLOPT_PROXY, loopback ? "" : NULL);
}

/* Makes the handle ready for the hop to transfer->url. */
static bool prepare_hop(struct transfer *transfer)
{
	CLEANUP(cleanup_text) char *url = url_part(transfer->url, CURLUPART_URL);
	long left = time_left(transfer);

	headers_clear(&transfer->answer);
	transfer->body_length = 0;
	transfer->body_longer = false;
	transfer->reason[0] = '\0';
	if (left == 0)
		return fail_by_timeout(transfer);
	if (url == NULL || !renew_handle(transfer) || !set_proxy(transfer) ||
	    !CURL_SET(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers) ||
	    !CURL_SET(transfer->easy, CURLOPT_URL, url) ||
	    !CURL_SET(transfer->easy, CURLOPT_TIMEOUT_MS, left) ||
	    !CURL_SET(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS, left))
		return fail(transfer, MESSAGE_MACHINE_FAILED, NULL);
	return true;
}

static void begin(struct transfer *transfer, enum transfer_task task, size_t server)
{
	message_init(&transfer->message, server);
	transfer->task = task;
	transfer->redirects = 0;
	transfer->proxy = NULL;
	transfer->started = milliseconds();
	free(TAKE(transfer->asked_url));
	curl_url_cleanup(TAKE(transfer->url));
	curl_slist_free_all(TAKE(transfer->headers));
}

/* Takes ownership of the URL. */
static bool set_out(struct transfer *transfer, CURLU *url, const char *base,
		    const struct chronosign_error *error)
{
	transfer->url = url;
	transfer->asked_url = url_as_given(base);
	if (url == NULL)
		return fail_with(transfer, error);
	return prepare_hop(transfer);
}

bool transfer_prepare(struct transfer *transfer, size_t server, const char *base)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	begin(transfer, TASK_NONCE, server);
	CURLU *url = url_of_nonce(base, &error);
	return set_out(transfer, url, base, error);
}

bool transfer_prepare_check(struct transfer *transfer, const struct network_request *request,
			    const char *base)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_text)
	char *header = text_format(SERVER_TOKEN_HEADER "%s", request->token);

	begin(transfer, TASK_CHECK, request->server);
	message_set_check(&transfer->message, MESSAGE_CHECK_MACHINE_FAILED, request->nonce);
	if (header != NULL)
		transfer->headers = curl_slist_append(NULL, header);
	if (transfer->headers == NULL)
		return fail(transfer, MESSAGE_MACHINE_FAILED, NULL);
	CURLU *url = url_of_check(base, &error);
	return set_out(transfer, url, base, error);
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool follow(struct transfer *transfer, const char *location)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	if (transfer->redirects == TRANSFER_REDIRECTS_MAX)
		return fail(
			transfer, MESSAGE_SERVER_FAILED,
			"more than 10 redirects\nDoes something in front of Chronograf send it in "
			"circles?");
	CLEANUP(cleanup_url) CURLU *to = curl_url_dup(transfer->url);
	if (to == NULL)
		return fail(transfer, MESSAGE_MACHINE_FAILED, NULL);
	if (!url_resolve(to, location, &error) || !url_may_follow(transfer->url, to, &error))
		return fail_with(transfer, error);
	curl_url_cleanup(transfer->url);
	transfer->url = TAKE(to);
	transfer->redirects++;
	return prepare_hop(transfer);
}

static enum answer_source source_of(const struct transfer *transfer)
{
	return answer_source(headers_value(&transfer->answer, HEADER_RELEASE),
			     headers_value(&transfer->answer, HEADER_AUTHENTICATE));
}

/* Takes an answer, or the first part of one that is too long. */
static bool take_answer(struct transfer *transfer)
{
	const struct nonce_response response = {
		.status = transfer->message.http_status,
		.content_type = headers_value(&transfer->answer, HEADER_CONTENT_TYPE),
		.source = source_of(transfer),
		.body = transfer->body,
		.length = transfer->body_length,
		.longer = transfer->body_longer,
	};

	if (!nonce_found(&response)) {
		CLEANUP(cleanup_text) char *refusal = nonce_refusal(&response);
		return fail(transfer, MESSAGE_SERVER_FAILED, refusal);
	}
	const char *date = headers_value(&transfer->answer, HEADER_DATE);
	const char *expires = headers_value(&transfer->answer, HEADER_EXPIRES);
	message_set_nonce(&transfer->message, transfer->body, nonce_life(date, expires));
	return false;
}

/* A token is sent to no other URL. */
static bool refuse_redirect(struct transfer *transfer, const char *location)
{
	CLEANUP(cleanup_url) CURLU *to = curl_url_dup(transfer->url);
	bool is_url = to != NULL && url_resolve(to, location, NULL);
	CLEANUP(cleanup_text) char *shown = is_url ? url_shown(to) : strdup("an invalid URL");
	CLEANUP(cleanup_text) char *base = is_url ? url_base_shown(to, SERVER_CHECK_PATH) : NULL;
	CLEANUP(cleanup_text)
	char *reason =
		shown == NULL ? NULL : check_redirected(transfer->message.http_status, shown, base);

	return fail(transfer, MESSAGE_SERVER_FAILED, reason);
}

static bool fail_unclear(struct transfer *transfer, const struct check_response *response)
{
	CLEANUP(cleanup_text) char *reason = check_unclear(response);

	return fail(transfer, MESSAGE_SERVER_FAILED, reason);
}

/* The token was accepted if the list came. Then the same request follows without a token. */
static bool take_check(struct transfer *transfer, const char *location)
{
	struct network_message *message = &transfer->message;
	const struct check_response response = {
		.status = message->http_status,
		.content_type = headers_value(&transfer->answer, HEADER_CONTENT_TYPE),
		.source = source_of(transfer),
		.has_body = transfer->body_length > 0,
	};
	enum check_result result = check_judge(&response);

	if (transfer->task == TASK_CHECK_EVERYONE) {
		message->outcome = result == CHECK_PASSED ? MESSAGE_EVERYONE : MESSAGE_ACCEPTED;
		message->http_status = 200;
		return false;
	}
	if (is_redirect(message->http_status) && location != NULL)
		return refuse_redirect(transfer, location);
	if (result == CHECK_UNCLEAR)
		return fail_unclear(transfer, &response);
	message->outcome = MESSAGE_REFUSED;
	if (result == CHECK_REFUSED)
		return false;
	transfer->task = TASK_CHECK_EVERYONE;
	curl_slist_free_all(TAKE(transfer->headers));
	return prepare_hop(transfer);
}

/*
 * libcurl has limits of its own, for one header and for all, and reports them as a lack of memory.
 */
static const char *headers_refusal(const struct transfer *transfer, CURLcode result)
{
	bool by_curl = result == CURLE_OUT_OF_MEMORY;

#if LIBCURL_VERSION_NUM >= 0x080600
	by_curl = by_curl || result == CURLE_TOO_LARGE;
#endif
	if (by_curl && !transfer->answer.complete &&
	    curl_number(transfer->easy, CURLINFO_REQUEST_SIZE) > 0)
		return HEADERS_TOO_LONG;
	/* libcurl 8.12 and later refuses it before it shows the line. */
	if (result == CURLE_BAD_CONTENT_ENCODING)
		return HEADERS_CODED;
	return transfer->answer.refusal;
}

/* True if there is another hop to run. */
static bool take_result(struct transfer *transfer, CURLcode result)
{
	bool answered = result == CURLE_OK || transfer->body_longer;
	const char *location = headers_value(&transfer->answer, HEADER_LOCATION);

	const char *refusal = headers_refusal(transfer, result);

	if (refusal != NULL)
		return fail(transfer, MESSAGE_SERVER_FAILED, refusal);
	/* So libcurl calls a first header line that begins with a blank. */
	if (result == CURLE_BAD_FUNCTION_ARGUMENT && transfer->answer.bytes > 0)
		result = CURLE_WEIRD_SERVER_REPLY;
	if (!answered)
		return fail_by_curl(transfer, result);
	if (transfer->task != TASK_NONCE)
		return take_check(transfer, location);
	if (is_redirect(transfer->message.http_status) && location != NULL)
		return follow(transfer, location);
	return take_answer(transfer);
}

/*
 * Adds one line about the exchange, for --verbose. What holds for all of them is in the first one.
 */
static void trace(struct transfer *transfer)
{
	const struct transfer_settings *settings = transfer->settings;

	if (!settings->verbose || transfer->url == NULL)
		return;
	const struct trace facts = {
		.easy = transfer->easy,
		.url = transfer->url,
		.status = transfer->message.http_status,
		.body_length = transfer->body_length,
		.redirects = transfer->redirects,
		.by_proxy = went_by_proxy(transfer),
		.milliseconds = milliseconds() - transfer->started,
		.confinement = transfer->message.server == 0 ? settings->confinement : NULL,
	};
	CLEANUP(cleanup_text) char *line = trace_line(&facts);

	if (line != NULL)
		message_set_trace(&transfer->message, line);
}

bool transfer_finish(struct transfer *transfer, CURLcode result)
{
	long status = curl_number(transfer->easy, CURLINFO_RESPONSE_CODE);

	transfer->message.http_status = status < 0 || status > 999 ? 0 : (uint32_t)status;
	transfer->message.reached =
		reached_by(transfer->easy, transfer->message.http_status, result);
	transfer->message.tls = url_is_https(transfer->url);
	message_set_release(&transfer->message, headers_value(&transfer->answer, HEADER_RELEASE));
	if (take_result(transfer, result))
		return true;
	trace(transfer);
	return false;
}
