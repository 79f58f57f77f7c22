/*
 * What the network process tells the key process: one message of fixed size for each server, sent
 * by one write, which a pipe keeps whole (pipe(7), PIPE_BUF). The receiver trusts nothing in it.
 */
#ifndef PROCESS_MESSAGE_H
#define PROCESS_MESSAGE_H

#include <chronosign/nonce.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAGIC 0x4e4f4e43u
#define MESSAGE_VERSION 1u
#define MESSAGE_TRACE_SIZE 512
#define MESSAGE_FAILURE_SIZE 2044

enum {
	MESSAGE_NONCE = 1,          /* `nonce` and `valid_for` count */
	MESSAGE_SERVER_FAILED = 2,  /* `failure` says why: the network, TLS, the answer */
	MESSAGE_MACHINE_FAILED = 3, /* `failure` says why: memory, a library */
};

/* Integers of fixed width, because the receiver cannot rely on a hostile sender's enums. */
typedef struct {
	uint32_t magic;
	uint32_t version;
	uint64_t server; /* index */
	uint32_t outcome;
	uint32_t http_status; /* 0: no answer */
	int64_t valid_for;    /* seconds; -1: unknown */
	char nonce[CHRONOSIGN_NONCE_LENGTH];
	char trace[MESSAGE_TRACE_SIZE];
	char failure[MESSAGE_FAILURE_SIZE];
} network_message;

_Static_assert(sizeof(network_message) <= PIPE_BUF, "a message is sent by one write");
_Static_assert(sizeof(network_message) ==
		       32 + CHRONOSIGN_NONCE_LENGTH + MESSAGE_TRACE_SIZE + MESSAGE_FAILURE_SIZE,
	       "a message has no padding");

/* An empty message about a server; its outcome is still to be set. */
void message_init(network_message *message, size_t server);

void message_set_nonce(network_message *message, const char *nonce, int64_t valid_for);

/* Sets outcome (one of the two failures) and text; a text that does not fit ends in "...". */
void message_set_failure(network_message *message, uint32_t outcome, const char *text);

/* A text that does not fit ends in "...". */
void message_set_trace(network_message *message, const char *text);

/*
 * True if these `length` bytes are a message that can be believed: about one of `server_count`
 * servers, and one that `answered` (an array of that many, or NULL) does not mark. Otherwise false
 * with *error set.
 */
bool message_check(const network_message *message, size_t length, size_t server_count,
		   const bool *answered, chronosign_error **error);

/* Makes the answer of a message that was checked; its texts are made printable again. */
void message_to_answer(const network_message *message, chronosign_answer *answer);

#endif
