/* Fuzzes the server's answer to GET /nonce: one line each for status, Content-Type, Date and
 * Expires, then the body. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "chronograf/nonce.h"
#include "network/program/transfer.h"

#include <string.h>

/* Only 36 bytes of a 200 answer are signed, and the key process trusts them. */
static void promise_nonce(const struct nonce_response *response, struct nonce_life life)
{
	struct network_message message;

	PROMISE(response->status == 200 && response->length == UUID_LENGTH);
	PROMISE(strspn(response->body, "0123456789abcdef-") >= UUID_LENGTH);
	message_init(&message, 0);
	message.http_status = response->status;
	message_set_nonce(&message, response->body, life);
	PROMISE(message_check(&message, sizeof message, 1, NULL));
}

static void promise_refusal(const struct nonce_response *response)
{
	CLEANUP(cleanup_text) char *refusal = nonce_refusal(response);

	PROMISE(refusal != NULL && refusal[0] != '\0');
	PROMISE(fuzz_is_printable(refusal));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cleanup_text) char *status = fuzz_line(&data, &size);
	CLEANUP(cleanup_text) char *type = fuzz_line(&data, &size);
	CLEANUP(cleanup_text) char *date = fuzz_line(&data, &size);
	CLEANUP(cleanup_text) char *expires = fuzz_line(&data, &size);
	size_t length = size < TRANSFER_BODY_MAX ? size : TRANSFER_BODY_MAX;
	CLEANUP(cleanup_text) char *body = fuzz_text(data, length);
	const struct nonce_response response = {
		.status = (unsigned)strtoul(status, NULL, 10) % 1000,
		.content_type = type[0] == '\0' ? NULL : type,
		.source = size % 2 == 0 ? SOURCE_UNNAMED : SOURCE_CHRONOGRAF,
		.body = body,
		.length = length,
		.longer = size > length,
	};
	struct nonce_life life = nonce_life(date, expires);

	PROMISE(life.seconds >= -1);
	PROMISE(!life.at_least || (life.seconds >= 0 && life.seconds < 15 * 60));
	if (nonce_found(&response))
		promise_nonce(&response, life);
	else
		promise_refusal(&response);
	return 0;
}
