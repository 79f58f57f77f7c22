/*
 * The server's nonce: what it looks like, and the process of its own that fetches it.
 *
 * `GET {url}/nonce` answers 200 and exactly 36 bytes: a canonical lower-case version 4 UUID (RFC
 * 9562 §4, §5.4). Nothing else is ever handed on: what is not a nonce must not get signed.
 */
#ifndef CHRONOSIGN_NONCE_H
#define CHRONOSIGN_NONCE_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CHRONOSIGN_NONCE_LENGTH 36

/* True if these `length` bytes are a nonce as Chronograf makes it. */
bool chronosign_nonce_valid(const char *bytes, size_t length);

/* The servers to ask, and how. The strings and the array are copied by chronosign_fetch_start. */
typedef struct {
	const char *const *urls;  /* base URLs, http or https, with or without a trailing slash */
	size_t url_count;         /* at least 1 */
	const char *ca_file;      /* PEM file of the CAs to trust; NULL: the machine's */
	unsigned timeout_seconds; /* for the whole exchange with one server, 1 or more */
	bool skip_verify;         /* do not check the server's certificate */
	bool verbose;             /* describe each exchange in the answers' `trace` */
} chronosign_servers;

/* What came from one server. */
typedef struct {
	size_t server;                           /* index into urls */
	char nonce[CHRONOSIGN_NONCE_LENGTH + 1]; /* NUL-terminated; empty if there is none */
	int64_t valid_for; /* seconds of life left by the server's clock; -1: unknown */
	chronosign_error
		*error;  /* why there is no nonce; NULL if there is one. Owned by the answer */
	char trace[512]; /* one printable line about the exchange, or empty */
} chronosign_answer;

/* A network process at work. */
typedef struct chronosign_fetch chronosign_fetch;

/*
 * Starts the network process: forks, so call it before any thread is started and before OpenSSL,
 * libcurl or a PKCS#11 module is initialised. The process gets no descriptor but its pipe and
 * standard error, and dies with its parent.
 */
chronosign_fetch *chronosign_fetch_start(const chronosign_servers *servers,
					 chronosign_error **error);

/*
 * Waits for the next answer, in the order in which they come; one for each server. True: *answer is
 * filled, release it with chronosign_answer_clear. False with *error set: the process died or sent
 * what it should not (every message is checked again here). False with *error NULL: every server
 * has been answered for.
 */
bool chronosign_fetch_next(chronosign_fetch *fetch, chronosign_answer *answer,
			   chronosign_error **error);

void chronosign_answer_clear(chronosign_answer *answer);

/* Ends the network process if it still runs, and frees. NULL is allowed. */
void chronosign_fetch_free(chronosign_fetch *fetch);

#ifdef __cplusplus
}
#endif
#endif
