/*
 * Fuzzes the message between the processes. A message of an honest network program, with a text of
 * the input in it, is accepted; one that the input has changed is accepted or refused. The first
 * byte chooses the message, the second how much of it arrives. Patches follow, each with two bytes
 * of offset, one of length, and the bytes.
 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "network/message.h"

#include <string.h>

enum { SERVERS = 3 };

static struct network_message honest_message(uint8_t choice, const char *text)
{
	struct network_message message;
	CLEANUP(cleanup_text) char *words = text_format("http://host: %s", text);

	PROMISE(words != NULL);
	message_init(&message, (choice & 1) == 0 ? 0 : 2);
	message.http_status = 200;
	if ((choice & 8) != 0)
		message_set_check(&message, (choice & 2) == 0 ? MESSAGE_ACCEPTED : MESSAGE_EVERYONE,
				  "7d9f2c1e-5b3a-4c6d-8e9f-0a1b2c3d4e5f");
	else if ((choice & 2) == 0)
		message_set_nonce(&message, "7d9f2c1e-5b3a-4c6d-8e9f-0a1b2c3d4e5f",
				  (struct nonce_life){choice, (choice & 16) != 0});
	else
		message_set_failure(
			&message,
			(choice & 4) == 0 ? MESSAGE_SERVER_FAILED : MESSAGE_MACHINE_FAILED, words);
	message_set_trace(&message, text);
	return message;
}

static void patch(struct network_message *message, const uint8_t *data, size_t size)
{
	uint8_t *bytes = (uint8_t *)message;

	while (size > 3) {
		size_t offset = (size_t)(data[0] << 8 | data[1]) % sizeof *message;
		size_t length = data[2];
		data += 3;
		size -= 3;
		if (length > size)
			length = size;
		if (length > sizeof *message - offset)
			length = sizeof *message - offset;
		memcpy(bytes + offset, data, length);
		data += length;
		size -= length;
	}
}

static bool receive(const struct network_message *message, size_t length)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct network_answer answer;
	bool believed = message_check(message, length, SERVERS, &error);

	fuzz_promise_outcome(believed, error);
	if (!believed)
		return false;
	/* network.c accepts it once, before any answer. */
	if (message->outcome == MESSAGE_SANDBOX)
		return true;
	message_to_answer(message, "http://host", &answer);
	PROMISE(answer.server < SERVERS);
	PROMISE(answer.valid_for >= -1 && answer.valid_for <= MESSAGE_LIFE_MAX);
	PROMISE(fuzz_is_printable(answer.trace));
	PROMISE(fuzz_is_printable(answer.release));
	if (answer.about == NETWORK_ANSWER_FILES_REPLACED)
		return true;
	bool has_nonce = uuid_is_version_4(answer.nonce, strlen(answer.nonce));
	bool has_verdict = answer.verdict != VERDICT_NONE;
	PROMISE(has_nonce || answer.about == NETWORK_ANSWER_NONCE);
	fuzz_promise_outcome(answer.about == NETWORK_ANSWER_NONCE ? has_nonce : has_verdict,
			     answer.error);
	network_answer_clear(&answer);
	return true;
}

/* What an honest program says: none of its lines is, or looks like, one of chronoctl's own. */
static bool is_plain(const char *text)
{
	for (const char *byte = text; *byte != '\0'; byte++)
		if ((*byte & 0x80) != 0)
			return false;
	return strcasestr(text, "chronoctl") == NULL && strstr(text, "\n ") == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	CLEANUP(cleanup_text) char *text = fuzz_text(data + 2, size - 2);
	struct network_message message = honest_message(data[0], text);
	message_set_release(&message, data[0] % 2 == 0 ? text : NULL);

	if (is_plain(text))
		PROMISE(receive(&message, sizeof message));
	patch(&message, data + 2, size - 2);
	receive(&message, sizeof message - data[1]);
	return 0;
}
