/* Packs, sends, receives and unpacks a job. The program judges the URLs. */
#include "network/job.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "network/ca_file.h"
#include "network/pinned_key.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static uint64_t total(const struct job_header *header)
{
	return header->url_bytes + header->ca_bytes + header->pin_bytes;
}

bool job_header_check(const struct job_header *header, size_t length)
{
	bool ca_given = (header->flags & JOB_CA_GIVEN) != 0;

	return length == sizeof *header && header->magic == JOB_MAGIC &&
	       (header->flags & ~(uint32_t)JOB_FLAGS) == 0 && header->url_count >= 1 &&
	       header->url_count <= JOB_URLS_MAX && header->url_bytes >= header->url_count &&
	       header->url_bytes <= JOB_URL_BYTES_MAX && header->ca_bytes <= JOB_CA_BYTES_MAX &&
	       header->pin_bytes <= JOB_PIN_BYTES_MAX && ca_given == (header->ca_bytes > 0) &&
	       header->timeout_seconds >= 1 && header->timeout_seconds <= JOB_SECONDS_MAX &&
	       header->poll_seconds <= JOB_SECONDS_MAX;
}

/* ---- In the key process ---- */

/* libcurl would ignore the pinned keys of a server without TLS. */
static bool check_pinned(const struct network_job *wanted, struct chronosign_error **error)
{
	if (wanted->pinned_pubkey == NULL)
		return true;
	if (!pinned_key_is_valid(wanted->pinned_pubkey) ||
	    strlen(wanted->pinned_pubkey) >= JOB_PIN_BYTES_MAX)
		return error_set(
			error, CHRONOSIGN_ERROR_USAGE,
			"--pinned-pubkey takes sha256//BASE64 (of 32 bytes), or several of "
			"these with ';' between");
	for (size_t i = 0; i < wanted->url_count; i++)
		if (strncasecmp(wanted->urls[i], "https://", strlen("https://")) != 0) {
			CLEANUP(cleanup_text) char *shown = url_without_user(wanted->urls[i]);
			return error_set(
				error, CHRONOSIGN_ERROR_USAGE,
				"--pinned-pubkey is for https:// only, and '%s' has no TLS",
				shown == NULL ? "a server" : shown);
		}
	return true;
}

static bool check_wanted(const struct network_job *wanted, struct chronosign_error **error)
{
	if (wanted->url_count == 0)
		return error_set(error, CHRONOSIGN_ERROR_USAGE, "there is no server to ask");
	if (wanted->timeout_seconds == 0)
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "the time-out is 0 seconds: give 1 or more");
	for (size_t i = 0; i < wanted->url_count; i++)
		if (wanted->urls[i][0] == '\0')
			return error_set(error, CHRONOSIGN_ERROR_USAGE,
					 "the URL of a server is empty: give it with "
					 "--chronograf-url or CHRONOGRAF_URL");
	return check_pinned(wanted, error);
}

static bool too_much(struct chronosign_error **error)
{
	return error_set(error, CHRONOSIGN_ERROR_USAGE,
			 "the list of servers is too long: at most %llu URLs and %llu MiB",
			 (unsigned long long)JOB_URLS_MAX,
			 (unsigned long long)(JOB_URL_BYTES_MAX >> 20));
}

static uint32_t least(uint32_t one, uint32_t other)
{
	return one < other ? one : other;
}

static void fill_header(const struct network_job *wanted, size_t ca_length,
			struct job_header *header)
{
	*header = (struct job_header){
		.magic = JOB_MAGIC,
		.flags = (wanted->skip_verify ? JOB_SKIP_VERIFY : 0) |
			 (wanted->verbose ? JOB_VERBOSE : 0) |
			 (wanted->requests || wanted->watch ? JOB_REQUESTS : 0) |
			 (wanted->require_sandbox ? JOB_REQUIRE_SANDBOX : 0) |
			 (ca_length > 0 ? JOB_CA_GIVEN : 0),
		.url_count = wanted->url_count,
		.ca_bytes = ca_length,
		.timeout_seconds = least(wanted->timeout_seconds, JOB_SECONDS_MAX),
	};
	if (wanted->watch)
		header->poll_seconds = wanted->poll_seconds == 0
					       ? NETWORK_POLL_SECONDS
					       : least(wanted->poll_seconds, JOB_SECONDS_MAX);
	if (wanted->pinned_pubkey != NULL)
		header->pin_bytes = strlen(wanted->pinned_pubkey) + 1;
	for (size_t i = 0; i < wanted->url_count; i++)
		header->url_bytes += strlen(wanted->urls[i]) + 1;
}

bool job_pack(const struct network_job *wanted, struct packed_job *packed,
	      struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *pem = NULL;
	size_t length = 0;

	*packed = (struct packed_job){0};
	if (!check_wanted(wanted, error))
		return false;
	if (wanted->ca_file != NULL &&
	    (pem = ca_file_read(wanted->ca_file, &length, error)) == NULL)
		return false;
	fill_header(wanted, length, &packed->header);
	if (!job_header_check(&packed->header, sizeof packed->header))
		return too_much(error);
	packed->bytes = malloc((size_t)total(&packed->header) + 1);
	if (packed->bytes == NULL)
		return error_out_of_memory(error);
	char *end = packed->bytes;
	for (size_t i = 0; i < wanted->url_count; i++)
		end = stpcpy(end, wanted->urls[i]) + 1;
	if (length > 0)
		end = mempcpy(end, pem, length);
	if (wanted->pinned_pubkey != NULL)
		memcpy(end, wanted->pinned_pubkey, (size_t)packed->header.pin_bytes);
	return true;
}

/* One of the reasons, and how a URL is written. */
static bool is_reason(const char *words, const char *url)
{
	static const char *const reasons[] = {
		URL_REASON_BLANK "\n" URL_FORM,     URL_REASON_PORT "\n" URL_FORM,
		URL_REASON_SCHEME "\n" URL_FORM,    URL_REASON_SLASHES "\n" URL_FORM,
		URL_REASON_MALFORMED "\n" URL_FORM,
	};

	(void)url;
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (strcmp(words, reasons[i]) == 0)
			return true;
	return false;
}

/* As text_shell_word() writes it. */
static bool has_scheme_added(const char *words, const char *url)
{
	CLEANUP(cleanup_text) char *right = text_format("http://%s", url);
	CLEANUP(cleanup_text) char *word = right == NULL ? NULL : text_shell_word(right);

	return word != NULL && strcmp(words, word) == 0;
}

/* What text_shell_word() made one word of, if it did: in it a quote ends the quotes, stands escaped, and begins them anew. */
static bool is_shell_word(const char *word, size_t length)
{
	static const char quote[] = "'\\''";

	for (size_t i = 1; i + 1 < length; i++) {
		if (word[i] <= ' ' || word[i] > '~')
			return false;
		if (word[i] == '\'' && strncmp(word + i, quote, strlen(quote)) != 0)
			return false;
		i += word[i] == '\'' ? strlen(quote) - 1 : 0;
	}
	return length >= strlen("''") && word[0] == '\'' && word[length - 1] == '\'';
}

/* A word of a shell for a URL without anything that could be taken for a sentence. */
static bool is_of_same_server(const char *words, const char *url)
{
	const char *host = strstr(url, "://");
	size_t length = host == NULL ? 0 : (size_t)(host + strlen("://") - url);
	size_t all = strlen(words);

	length += host == NULL ? 0 : strcspn(url + length, "/?#");
	if (length == 0 || all < length + strlen("''") ||
	    strncasecmp(words + 1, url, length) != 0 || !is_shell_word(words, all))
		return false;
	return all == length + strlen("''") || words[length + 1] == '/';
}

/* All of what is said of the URL. */
static const struct {
	const char *words;
	bool (*goes_on)(const char *words, const char *url);
} said_of_urls[] = {
	{URL_IS_NONE, is_reason},
	{URL_WITHOUT_SCHEME, has_scheme_added},
	{URL_WITH_QUERY, is_of_same_server},
	{URL_WITH_NONCE, is_of_same_server},
};

static bool is_said_of_url(const char *words, const char *url)
{
	for (size_t i = 0; i < sizeof said_of_urls / sizeof said_of_urls[0]; i++) {
		size_t length = strlen(said_of_urls[i].words);
		if (strncmp(words, said_of_urls[i].words, length) == 0)
			return said_of_urls[i].goes_on(words + length, url);
	}
	return false;
}

bool packed_job_names(const struct packed_job *packed, const char *words)
{
	const char *url = packed->bytes;

	for (uint64_t i = 0; i < packed->header.url_count; i++, url += strlen(url) + 1) {
		CLEANUP(cleanup_text) char *given = url_as_given(url);
		CLEANUP(cleanup_text)
		char *shown = given == NULL ? NULL : text_printable(given, strlen(given), true);
		CLEANUP(cleanup_text)
		char *name = shown == NULL ? NULL : text_format("'%s' ", shown);
		if (name != NULL && strncmp(words, name, strlen(name)) == 0 &&
		    is_said_of_url(words + strlen(name), given))
			return true;
	}
	return false;
}

void packed_job_release(struct packed_job *packed)
{
	free(TAKE(packed->bytes));
}

static bool send_packet(int socket, const void *bytes, size_t length, int64_t until)
{
	return wait_until(until, socket, POLLOUT) &&
	       send(socket, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

bool job_send(const struct packed_job *packed, int socket, int64_t until)
{
	size_t left = (size_t)total(&packed->header);

	if (!send_packet(socket, &packed->header, sizeof packed->header, until))
		return false;
	for (const char *next = packed->bytes; left > 0;) {
		size_t length = left < JOB_PACKET ? left : JOB_PACKET;
		if (!send_packet(socket, next, length, until))
			return false;
		next += length;
		left -= length;
	}
	return true;
}

/* ---- In the network program ---- */

static ssize_t receive_packet(int socket, void *bytes, size_t room)
{
	ssize_t got;

	do
		got = recv(socket, bytes, room, MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	return got;
}

static bool split_urls(const char *next, const char *end, const char **urls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *nul = memchr(next, '\0', (size_t)(end - next));
		if (nul == NULL)
			return false;
		urls[i] = next;
		next = nul + 1;
	}
	return next == end;
}

/* They are at the end, followed by a NUL. */
static bool take_pinned(const struct job_header *header, struct program_job *job)
{
	if (header->pin_bytes == 0)
		return true;
	job->pinned_pubkey = job->bytes + header->url_bytes + header->ca_bytes;
	return memchr(job->pinned_pubkey, '\0', (size_t)header->pin_bytes) ==
		       job->pinned_pubkey + header->pin_bytes - 1 &&
	       pinned_key_is_valid(job->pinned_pubkey);
}

bool job_unpack(struct packed_job *packed, struct program_job *job)
{
	const struct job_header *header = &packed->header;
	size_t url_bytes = (size_t)header->url_bytes;

	*job = (struct program_job){
		.url_count = (size_t)header->url_count,
		.ca_length = (size_t)header->ca_bytes,
		.timeout_seconds = header->timeout_seconds,
		.skip_verify = (header->flags & JOB_SKIP_VERIFY) != 0,
		.verbose = (header->flags & JOB_VERBOSE) != 0,
		.require_sandbox = (header->flags & JOB_REQUIRE_SANDBOX) != 0,
		.requests = (header->flags & JOB_REQUESTS) != 0,
		.poll_seconds = header->poll_seconds,
	};
	job->bytes = TAKE(packed->bytes);
	if (job->ca_length > 0)
		job->ca_pem = job->bytes + url_bytes;
	if (!take_pinned(header, job))
		return false;
	const char **urls = calloc(job->url_count, sizeof *urls);
	job->urls = urls;
	return urls != NULL && split_urls(job->bytes, job->bytes + url_bytes, urls, job->url_count);
}

static bool receive_bytes(int socket, char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t got = receive_packet(socket, bytes, length);
		if (got <= 0 || (size_t)got > length)
			return false;
		bytes += got;
		length -= (size_t)got;
	}
	return true;
}

bool job_receive(int socket, struct program_job *job)
{
	struct packed_job packed = {0};
	ssize_t got = receive_packet(socket, &packed.header, sizeof packed.header);

	*job = (struct program_job){0};
	if (got < 0 || !job_header_check(&packed.header, (size_t)got))
		return false;
	packed.bytes = malloc((size_t)total(&packed.header) + 1);
	bool good = packed.bytes != NULL &&
		    receive_bytes(socket, packed.bytes, (size_t)total(&packed.header)) &&
		    job_unpack(&packed, job);
	packed_job_release(&packed);
	return good;
}

void program_job_release(struct program_job *job)
{
	free((void *)TAKE(job->urls));
	free(TAKE(job->bytes));
}
