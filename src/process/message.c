/* Fills messages in the network process, and checks them in the key process. Sends and reads
 * nothing. */
#include "process/message.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

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

void message_init(network_message *message, size_t server)
{
	memset(message, 0, sizeof *message);
	message->magic = MESSAGE_MAGIC;
	message->version = MESSAGE_VERSION;
	message->server = server;
	message->valid_for = -1;
}

void message_set_nonce(network_message *message, const char *nonce, int64_t valid_for)
{
	message->outcome = MESSAGE_NONCE;
	memcpy(message->nonce, nonce, CHRONOSIGN_NONCE_LENGTH);
	message->valid_for = valid_for;
}

void message_set_failure(network_message *message, uint32_t outcome, const char *text)
{
	message->outcome = outcome;
	put_text(message->failure, sizeof message->failure, text);
}

void message_set_trace(network_message *message, const char *text)
{
	put_text(message->trace, sizeof message->trace, text);
}

/* Nothing but a hostile answer makes the network process send such a message: the server is to
 * blame. */
static bool wrong(const char *what, chronosign_error **error)
{
	return error_set(
		error, CHRONOSIGN_ERROR_SERVER,
		"the network process sent a message with %s: nothing it says is believed; does a "
		"server attack it?",
		what);
}

static bool terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool all_zero(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != '\0')
			return false;
	return true;
}

static bool check_outcome(const network_message *message, chronosign_error **error)
{
	switch (message->outcome) {
	case MESSAGE_NONCE:
		if (!chronosign_nonce_valid(message->nonce, sizeof message->nonce))
			return wrong("a nonce that is none", error);
		if (message->http_status != 200)
			return wrong("a nonce of another status than 200", error);
		if (message->failure[0] != '\0')
			return wrong("both a nonce and a failure", error);
		return true;
	case MESSAGE_SERVER_FAILED:
	case MESSAGE_MACHINE_FAILED:
		if (!all_zero(message->nonce, sizeof message->nonce))
			return wrong("both a failure and a nonce", error);
		if (message->failure[0] == '\0')
			return wrong("a failure without a reason", error);
		return true;
	default:
		return wrong("an unknown outcome", error);
	}
}

bool message_check(const network_message *message, size_t length, size_t server_count,
		   const bool *answered, chronosign_error **error)
{
	if (length != sizeof *message)
		return wrong("a wrong length", error);
	if (message->magic != MESSAGE_MAGIC)
		return wrong("a wrong beginning", error);
	if (message->version != MESSAGE_VERSION)
		return wrong("an unknown version", error);
	if (message->server >= server_count)
		return wrong("a server that was not asked for", error);
	if (answered != NULL && answered[message->server])
		return wrong("a second answer of one server", error);
	if (message->http_status > 999)
		return wrong("an impossible HTTP status", error);
	if (message->valid_for < -1)
		return wrong("an impossible life of the nonce", error);
	if (!terminated(message->failure, sizeof message->failure) ||
	    !terminated(message->trace, sizeof message->trace))
		return wrong("a text without end", error);
	return check_outcome(message, error);
}

void message_to_answer(const network_message *message, chronosign_answer *answer)
{
	CLEANUP(cleanup_text)
	char *trace = text_printable(message->trace, strlen(message->trace), false);

	memset(answer, 0, sizeof *answer);
	answer->server = message->server;
	answer->valid_for = message->valid_for;
	if (trace != NULL)
		put_text(answer->trace, sizeof answer->trace, trace);
	if (message->outcome == MESSAGE_NONCE)
		memcpy(answer->nonce, message->nonce, sizeof message->nonce);
	else
		answer->error = error_make(message->outcome == MESSAGE_SERVER_FAILED
						   ? CHRONOSIGN_ERROR_SERVER
						   : CHRONOSIGN_ERROR_OTHER,
					   message->failure);
}
