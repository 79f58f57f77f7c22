/* Fills messages in the network program, and checks them in the key process. Sends and reads
 * nothing. */
#include "network/message.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

/* Copies as many whole characters as fit. */
static void put_text(char *field, size_t size, const char *text)
{
	static const char more[] = "...";
	size_t length = strlen(text);

	memset(field, 0, size);
	if (length < size) {
		memcpy(field, text, length);
		return;
	}
	length = size - sizeof more;
	while (length > 0 && (text[length] & 0xc0) == 0x80)
		length--;
	memcpy(field, text, length);
	memcpy(field + length, more, sizeof more);
}

void message_init(struct network_message *message, size_t server)
{
	memset(message, 0, sizeof *message);
	message->magic = MESSAGE_MAGIC;
	message->version = MESSAGE_VERSION;
	message->server = server;
	message->valid_for = -1;
}

void message_set_nonce(struct network_message *message, const char *nonce, struct nonce_life life)
{
	message->outcome = MESSAGE_NONCE;
	message->reached = REACHED_ANSWER;
	memcpy(message->nonce, nonce, UUID_LENGTH);
	message->valid_for = life.seconds < MESSAGE_LIFE_MAX ? life.seconds : MESSAGE_LIFE_MAX;
	message->at_least = life.at_least;
	message->answered = milliseconds();
}

void message_set_check(struct network_message *message, uint32_t outcome, const char *nonce)
{
	message->outcome = outcome;
	memcpy(message->nonce, nonce, UUID_LENGTH);
}

void message_set_failure(struct network_message *message, uint32_t outcome, const char *text)
{
	message->outcome = outcome;
	put_text(message->failure, sizeof message->failure, text);
}

void message_set_release(struct network_message *message, const char *release)
{
	static const char unnamed[] = "of unknown version";
	const char *text = release == NULL ? "" : release;

	if (release != NULL && release[0] == '\0')
		text = unnamed;
	put_text(message->release, sizeof message->release, text);
}

void message_set_trace(struct network_message *message, const char *text)
{
	put_text(message->trace, sizeof message->trace, text);
}

/* No honest program sends such a message: a server has taken the program over. */
bool message_wrong(const char *what, struct chronosign_error **error)
{
	error_set(error, CHRONOSIGN_ERROR_OTHER,
		  "the network program misbehaves: it sent a message with %s\nNothing it says "
		  "is believed. Does a server attack it?",
		  what);
	return error_mark_misbehaviour(error);
}

static bool terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/* A line that follows none of our words: other scripts have letters that look like these, or
 * like nothing. */
static bool looks_like_us(const char *line)
{
	static const char us[] = "chronoctl";

	line += strspn(line, " ");
	for (size_t i = 0; i < strlen(us) && line[i] != '\0' && line[i] != '\n'; i++)
		if ((line[i] & 0x80) != 0)
			return true;
	return strncasecmp(line, us, strlen(us)) == 0;
}

/* Its text is printed behind chronoctl's own words; a line that imitates them is a forgery. */
static bool speaks_for_us(const char *text)
{
	if (strncmp(text, "chronoctl", strlen("chronoctl")) == 0)
		return true;
	/* An indented line is printed as one by itself (report.c), and so is what follows it. */
	for (const char *end = strchr(text, '\n'); end != NULL; end = strchr(end + 1, '\n'))
		if (end[1] == ' ' || looks_like_us(end + 1))
			return true;
	return false;
}

/* Its words come after a URL, so that it is seen that they are not chronoctl's own. */
static bool check_failure(const struct network_message *message, struct chronosign_error **error)
{
	static const char *const subjects[] = {"http://", "https://", "the server: "};

	if (message->failure[0] == '\0')
		return message_wrong("a failure without a reason", error);
	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
		if (strncasecmp(message->failure, subjects[i], strlen(subjects[i])) == 0)
			return true;
	return message_wrong("a failure of no server", error);
}

static bool all_zero(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != '\0')
			return false;
	return true;
}

static bool is_check(uint32_t outcome)
{
	return outcome >= MESSAGE_ACCEPTED && outcome <= MESSAGE_CHECK_MACHINE_FAILED;
}

static bool is_failure(uint32_t outcome)
{
	return outcome == MESSAGE_SERVER_FAILED || outcome == MESSAGE_MACHINE_FAILED ||
	       outcome == MESSAGE_CHECK_SERVER_FAILED || outcome == MESSAGE_CHECK_MACHINE_FAILED;
}

/* What a check found; the status is that of its last answer. */
static bool check_verdict(const struct network_message *message, struct chronosign_error **error)
{
	bool refused = message->http_status == 401 || message->http_status == 403;

	if (!uuid_is_version_4(message->nonce, sizeof message->nonce))
		return message_wrong("a check of an invalid nonce", error);
	if (is_failure(message->outcome))
		return check_failure(message, error);
	if (message->failure[0] != '\0')
		return message_wrong("both a verdict and a failure", error);
	if (refused != (message->outcome == MESSAGE_REFUSED))
		return message_wrong("a verdict that its status contradicts", error);
	return true;
}

static bool check_outcome(const struct network_message *message, struct chronosign_error **error)
{
	if (is_check(message->outcome))
		return check_verdict(message, error);
	switch (message->outcome) {
	case MESSAGE_NONCE:
		if (!uuid_is_version_4(message->nonce, sizeof message->nonce))
			return message_wrong("an invalid nonce", error);
		if (message->http_status != 200)
			return message_wrong("a nonce of another status than 200", error);
		if (message->reached != REACHED_ANSWER)
			return message_wrong("a nonce without an answer", error);
		if (message->failure[0] != '\0')
			return message_wrong("both a nonce and a failure", error);
		return true;
	case MESSAGE_SERVER_FAILED:
	case MESSAGE_MACHINE_FAILED:
		if (!all_zero(message->nonce, sizeof message->nonce))
			return message_wrong("both a failure and a nonce", error);
		return check_failure(message, error);
	case MESSAGE_FILES_REPLACED:
	case MESSAGE_SANDBOX:
		return true;
	default:
		return message_wrong("an unknown outcome", error);
	}
}

static bool check_frame(const struct network_message *message, size_t length,
			struct chronosign_error **error)
{
	if (length != sizeof *message)
		return message_wrong("a wrong length", error);
	if (message->magic != MESSAGE_MAGIC)
		return message_wrong("a wrong beginning", error);
	if (message->version != MESSAGE_VERSION)
		return message_wrong("an unknown version", error);
	if (!terminated(message->failure, sizeof message->failure) ||
	    !terminated(message->trace, sizeof message->trace) ||
	    !terminated(message->release, sizeof message->release))
		return message_wrong("a text without end", error);
	if (speaks_for_us(message->failure))
		return message_wrong("a text that is to look like chronoctl's", error);
	return true;
}

/* Words that do not name the URL that they are about say whose they are. */
static struct chronosign_error *error_of_words(enum chronosign_error_kind kind, const char *words,
					       bool named)
{
	size_t length = strlen(words);
	CLEANUP(cleanup_text)
	char *shown = named ? text_of_others(words, length, true) : text_quoted(words, length);

	struct chronosign_error *error = NULL;

	if (shown == NULL)
		return error_make(kind, "out of memory");
	error_set(&error, kind, "%s%s", named ? "" : "chronoctl-network says: ", shown);
	return error;
}

/* "URL: reason" or "URL (redirected to URL): reason". No note of chronoctl's own has this form. */
static bool names_server(const char *words, const char *url)
{
	static const char moved[] = " (redirected to http";
	CLEANUP(cleanup_text) char *given = url_as_given(url);
	CLEANUP(cleanup_text)
	char *shown = given == NULL ? NULL : text_of_others(given, strlen(given), true);
	size_t length = shown == NULL ? 0 : strlen(shown);

	if (length == 0 || strncmp(words, shown, length) != 0)
		return false;
	words += length;
	if (strncmp(words, moved, strlen(moved)) != 0)
		return strncmp(words, ": ", 2) == 0;
	/* A URL has no blank. */
	words += strlen(moved) + strcspn(words + strlen(moved), " \n");
	return strncmp(words - 2, "): ", 3) == 0;
}

bool message_check_job(const struct network_message *message, size_t length,
		       const struct packed_job *job, struct chronosign_error **error)
{
	if (!check_frame(message, length, error))
		return false;
	if (message->outcome == MESSAGE_JOB_TAKEN)
		return true;
	if (message->outcome != MESSAGE_JOB_REFUSED && message->outcome != MESSAGE_JOB_FAILED)
		return message_wrong("no answer to its job", error);
	if (message->failure[0] == '\0')
		return message_wrong("a failure without a reason", error);
	if (error != NULL)
		*error = error_of_words(message->outcome == MESSAGE_JOB_REFUSED
						? CHRONOSIGN_ERROR_USAGE
						: CHRONOSIGN_ERROR_OTHER,
					message->failure, packed_job_names(job, message->failure));
	return false;
}

bool message_check(const struct network_message *message, size_t length, size_t server_count,
		   struct chronosign_error **error)
{
	if (!check_frame(message, length, error))
		return false;
	if (message->server >= server_count)
		return message_wrong("a server that was not asked for", error);
	if (message->http_status > 999)
		return message_wrong("an impossible HTTP status", error);
	if (message->reached > REACHED_ANSWER || message->tls > 1)
		return message_wrong("an impossible way to the server", error);
	if (message->answered < 0 || message->answered > milliseconds())
		return message_wrong("an answer of another time", error);
	if (message->valid_for < -1 || message->valid_for > MESSAGE_LIFE_MAX ||
	    message->at_least > 1)
		return message_wrong("an impossible life of the nonce", error);
	return check_outcome(message, error);
}

static const enum verdict verdicts[] = {
	[MESSAGE_ACCEPTED] = VERDICT_ACCEPTED,
	[MESSAGE_REFUSED] = VERDICT_REFUSED,
	[MESSAGE_EVERYONE] = VERDICT_EVERYONE,
};

void message_to_answer(const struct network_message *message, const char *url,
		       struct network_answer *answer)
{
	uint32_t outcome = message->outcome;
	bool by_server = outcome == MESSAGE_SERVER_FAILED || outcome == MESSAGE_CHECK_SERVER_FAILED;
	CLEANUP(cleanup_text)
	char *trace = text_of_others(message->trace, strlen(message->trace), false);

	CLEANUP(cleanup_text)
	char *release = text_of_others(message->release, strlen(message->release), false);

	memset(answer, 0, sizeof *answer);
	answer->server = message->server;
	answer->valid_for = message->valid_for;
	answer->at_least = message->at_least == 1;
	answer->answered = message->answered;
	answer->reached = (enum reached)message->reached;
	answer->tls = message->tls == 1;
	answer->http_status = message->http_status;
	answer->about = is_check(outcome) ? NETWORK_ANSWER_CHECK : NETWORK_ANSWER_NONCE;
	if (outcome == MESSAGE_FILES_REPLACED)
		answer->about = NETWORK_ANSWER_FILES_REPLACED;
	if (outcome == MESSAGE_SANDBOX)
		answer->about = NETWORK_ANSWER_STARTED;
	if (trace != NULL)
		put_text(answer->trace, sizeof answer->trace, trace);
	if (release != NULL)
		put_text(answer->release, sizeof answer->release, release);
	memcpy(answer->nonce, message->nonce, sizeof message->nonce);
	if (is_failure(outcome))
		answer->error =
			error_of_words(by_server ? CHRONOSIGN_ERROR_SERVER : CHRONOSIGN_ERROR_OTHER,
				       message->failure, names_server(message->failure, url));
	else if (is_check(outcome))
		answer->verdict = verdicts[outcome];
}

/* Base64 (RFC 4648 §4) only: it becomes part of a header. */
static bool is_token(const char *token)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/=";

	return token[strspn(token, base64)] == '\0';
}

bool request_init(struct network_request *request, uint32_t kind, size_t server, const char *nonce,
		  const char *token)
{
	memset(request, 0, sizeof *request);
	request->magic = MESSAGE_MAGIC;
	request->version = MESSAGE_VERSION;
	request->server = server;
	request->kind = kind;
	if (token == NULL)
		return true;
	if (!uuid_is_version_4(nonce, strlen(nonce)) || token[0] == '\0' ||
	    strlen(token) >= sizeof request->token || !is_token(token))
		return false;
	memcpy(request->nonce, nonce, sizeof request->nonce);
	memcpy(request->token, token, strlen(token));
	return true;
}

bool request_init_next(struct network_request *request, size_t server, const char *nonce,
		       int64_t wait_ms)
{
	request_init(request, REQUEST_NEXT, server, NULL, NULL);
	if (!uuid_is_version_4(nonce, strlen(nonce)) || wait_ms < 0 || wait_ms > REQUEST_WAIT_MAX)
		return false;
	memcpy(request->nonce, nonce, sizeof request->nonce);
	request->wait_ms = (uint32_t)wait_ms;
	return true;
}

static bool is_check_request(const struct network_request *request)
{
	return request->kind == REQUEST_CHECK && request->wait_ms == 0 &&
	       uuid_is_version_4(request->nonce, sizeof request->nonce) &&
	       request->token[0] != '\0' && is_token(request->token);
}

static bool is_nonce_request(const struct network_request *request)
{
	return request->kind == REQUEST_NONCE && request->wait_ms == 0 &&
	       all_zero(request->nonce, sizeof request->nonce) && request->token[0] == '\0';
}

static bool is_next_request(const struct network_request *request)
{
	return request->kind == REQUEST_NEXT && request->wait_ms <= REQUEST_WAIT_MAX &&
	       uuid_is_version_4(request->nonce, sizeof request->nonce) &&
	       request->token[0] == '\0';
}

bool request_check(const struct network_request *request, size_t length, size_t server_count)
{
	return length == sizeof *request && request->magic == MESSAGE_MAGIC &&
	       request->version == MESSAGE_VERSION && request->server < server_count &&
	       terminated(request->token, sizeof request->token) &&
	       (is_check_request(request) || is_nonce_request(request) || is_next_request(request));
}
