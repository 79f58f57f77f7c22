/*
 * The messages between the network program and the key process: of fixed size, with boundaries kept
 * by the socket (unix(7), SOCK_SEQPACKET). The key process trusts nothing that it receives.
 */
#ifndef NETWORK_MESSAGE_H
#define NETWORK_MESSAGE_H

#include "chronograf/nonce.h"
#include "network/job.h"
#include "network/network.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAGIC 0x4e4f4e43u
#define MESSAGE_VERSION 3u
#define MESSAGE_TRACE_SIZE 512
#define MESSAGE_RELEASE_SIZE 64
#define MESSAGE_FAILURE_SIZE 2032
/* Base64 of the largest signature (chronosign/signer.h), NUL and padding. */
#define MESSAGE_TOKEN_SIZE 2740

enum {
	MESSAGE_NONCE = 1,          /* `nonce`, its life and `answered` count */
	MESSAGE_SERVER_FAILED = 2,  /* `failure` says why: the network, TLS, the answer */
	MESSAGE_MACHINE_FAILED = 3, /* `failure` says why: memory, a library */
	/* The result of a check; `nonce` is the token's. */
	MESSAGE_ACCEPTED = 4,
	MESSAGE_REFUSED = 5,              /* `http_status` is 401 or 403 */
	MESSAGE_EVERYONE = 6,             /* the server lets in everyone, with a token or not */
	MESSAGE_CHECK_SERVER_FAILED = 7,  /* as 2 */
	MESSAGE_CHECK_MACHINE_FAILED = 8, /* as 3 */
	/* A file that it reads has been replaced; nothing else counts. */
	MESSAGE_FILES_REPLACED = 9,
	/* The first message: `reached` says what confines the program; nothing else counts. */
	MESSAGE_SANDBOX = 10,
};

/* The program's answer to its job; the first message after its hello (process.h). */
enum {
	MESSAGE_JOB_TAKEN = 32,
	MESSAGE_JOB_REFUSED = 33, /* a usage error: `failure` says why */
	MESSAGE_JOB_FAILED = 34,  /* as 3 */
};

/* No known server has nonces that live longer: the program reports no more. */
#define MESSAGE_LIFE_MAX (INT64_C(10) * 366 * 24 * 3600)

/* Integers of fixed width, because the receiver cannot rely on a hostile sender's enums. */
struct network_message {
	uint32_t magic;
	uint32_t version;
	uint64_t server; /* index */
	uint32_t outcome;
	uint32_t http_status; /* 0: no answer */
	int64_t valid_for;    /* seconds; -1: unknown */
	int64_t answered;     /* when the answer was there, by milliseconds() (base/clock.h) */
	uint32_t at_least;    /* 1: `valid_for` is a lower bound; else 0 */
	uint32_t reached;     /* an enum reached */
	uint32_t tls;         /* 1: the URL was https; else 0 */
	char nonce[UUID_LENGTH];
	char release
		[MESSAGE_RELEASE_SIZE]; /* Chronograf's, as its answer says; empty: it says none */
	char trace[MESSAGE_TRACE_SIZE];
	char failure[MESSAGE_FAILURE_SIZE];
};

_Static_assert(sizeof(struct network_message) == 52 + UUID_LENGTH + MESSAGE_RELEASE_SIZE +
							 MESSAGE_TRACE_SIZE + MESSAGE_FAILURE_SIZE,
	       "a message has no padding");

enum {
	REQUEST_NONCE = 1, /* ask for the nonce once more, now */
	REQUEST_CHECK = 2, /* try `token`, made for `nonce`, on the server */
	REQUEST_NEXT =
		3, /* ask until it is another than `nonce`, `wait_ms` from now at the latest */
};

/* A day, which is the longest that --min-life takes, and a second for what Expires cuts off. */
#define REQUEST_WAIT_MAX UINT32_C(86402000)

/* What the key process asks for. */
struct network_request {
	uint32_t magic;
	uint32_t version;
	uint64_t server;
	uint32_t kind;
	uint32_t wait_ms; /* NEXT; else 0 */
	char nonce[UUID_LENGTH];
	char token[MESSAGE_TOKEN_SIZE]; /* NUL-terminated */
};

_Static_assert(sizeof(struct network_request) == 24 + UUID_LENGTH + MESSAGE_TOKEN_SIZE,
	       "a request has no padding");

/* An empty message about a server; its outcome is still to be set. */
void message_init(struct network_message *message, size_t server);

/* The answer with it is there now. */
void message_set_nonce(struct network_message *message, const char *nonce, struct nonce_life life);

/* Sets outcome and nonce (UUID_LENGTH bytes) of a check. */
void message_set_check(struct network_message *message, uint32_t outcome, const char *nonce);

/* Sets outcome (one of the failures) and text; a text that does not fit ends in "...". */
void message_set_failure(struct network_message *message, uint32_t outcome, const char *text);

/*
 * What SERVER_RELEASE_HEADER says of the last answer; NULL: missing, so that the answer is not known
 * to be Chronograf's.
 */
void message_set_release(struct network_message *message, const char *release);

/* A text that does not fit ends in "...". */
void message_set_trace(struct network_message *message, const char *text);

/*
 * True if these `length` bytes are a valid message about one of `server_count` servers. Otherwise
 * false with *error set.
 */
bool message_check(const struct network_message *message, size_t length, size_t server_count,
		   struct chronosign_error **error);

/* The same for the answer to that job. True if the job was taken. */
bool message_check_job(const struct network_message *message, size_t length,
		       const struct packed_job *job, struct chronosign_error **error);

/* Sets *error to "the network program sent a message with `what`", marked as misbehaviour. Always returns false. */
bool message_wrong(const char *what, struct chronosign_error **error);

/* A request of that kind; NULL for both without a token. False if either is invalid. */
bool request_init(struct network_request *request, uint32_t kind, size_t server, const char *nonce,
		  const char *token);

/* The same of REQUEST_NEXT. */
bool request_init_next(struct network_request *request, size_t server, const char *nonce,
		       int64_t wait_ms);

/* True if these `length` bytes are a request about one of `server_count` servers. */
bool request_check(const struct network_request *request, size_t length, size_t server_count);

/*
 * Converts a checked message to an answer; its texts are made printable again. A failure that does not name `url`, which
 * is its server's, is quoted, and it is said whose words they are.
 */
void message_to_answer(const struct network_message *message, const char *url,
		       struct network_answer *answer);

#endif
