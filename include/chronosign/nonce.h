/*
 * The server's nonce: what it looks like, and the process of its own that fetches it and tries
 * tokens.
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
	bool requests;            /* chronosign_fetch_again and _check will be called */
	bool watch;               /* ask again and again: ahead of the nonces' ends, and at least */
	unsigned poll_seconds;    /* so often; 0: every minute */
} chronosign_servers;

typedef enum {
	CHRONOSIGN_ANSWER_NONCE,
	CHRONOSIGN_ANSWER_CHECK, /* to chronosign_fetch_check */
} chronosign_answer_kind;

typedef enum {
	CHRONOSIGN_VERDICT_NONE, /* there was no check, or it failed */
	CHRONOSIGN_VERDICT_ACCEPTED,
	CHRONOSIGN_VERDICT_REFUSED,
	CHRONOSIGN_VERDICT_EVERYONE, /* the server lets in everyone, without a token too */
} chronosign_verdict;

/* How far the last request of an exchange got. */
typedef enum {
	CHRONOSIGN_REACHED_NOTHING,
	CHRONOSIGN_REACHED_HOST, /* a connection, but no TLS where it is asked for, and no answer */
	CHRONOSIGN_REACHED_TLS,  /* TLS, but no answer */
	CHRONOSIGN_REACHED_ANSWER, /* an HTTP answer, whatever it says */
} chronosign_reached;

/* What came from one server. */
typedef struct {
	size_t server; /* index into urls */
	chronosign_answer_kind about;
	char nonce[CHRONOSIGN_NONCE_LENGTH + 1]; /* NUL-terminated; empty if there is none; of a
						    check: what its token was made for */
	int64_t valid_for; /* seconds of life left by the server's clock; -1: unknown */
	chronosign_verdict verdict;
	chronosign_error *error; /* why there is no nonce or verdict; NULL if there is one. Owned
				    by the answer */
	chronosign_reached reached;
	bool tls;             /* it went to an https URL; after redirects, the last one */
	unsigned http_status; /* of the last answer; 0: none came */
	char trace[512];      /* one printable line about the exchange, or empty */
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
 * Waits for the next answer, in the order in which they come: one for each server and one for each
 * request, or, with `watch`, a nonce whenever it was asked for. True: *answer is filled, release it
 * with chronosign_answer_clear. False with *error set: the process died or sent what it should not
 * (every message is checked again here). False with *error NULL: everything has been answered for
 * (with `requests`: and chronosign_fetch_finish was called).
 */
bool chronosign_fetch_next(chronosign_fetch *fetch, chronosign_answer *answer,
			   chronosign_error **error);

/* Becomes readable when an answer can be had without waiting: for poll(2). */
int chronosign_fetch_descriptor(const chronosign_fetch *fetch);

/*
 * The next three may be called by other threads than chronosign_fetch_next, but by one at a time.
 * There may be one open question to a server, unless it is watched.
 *
 * Asks a server for its nonce once more, now.
 */
bool chronosign_fetch_again(chronosign_fetch *fetch, size_t server, chronosign_error **error);

/*
 * Tries a token, made for that nonce, on its server: `GET {url}/chronograf/v1/mappings`, which only
 * a superadmin may. It goes to that URL alone: redirects are not followed. Where it is accepted, it
 * is also tried whether the server asks for any.
 */
bool chronosign_fetch_check(chronosign_fetch *fetch, size_t server, const char *nonce,
			    const char *token, chronosign_error **error);

/* There will be no more requests; what is under way is still answered. Ends watching. */
void chronosign_fetch_finish(chronosign_fetch *fetch);

/* Ends the network process at once: chronosign_fetch_next fails. For any thread. */
void chronosign_fetch_stop(chronosign_fetch *fetch);

/*
 * A server's URL without the user and password in it, else just as it is: to be shown and stored.
 * The caller frees it. NULL if memory is out.
 */
char *chronosign_url_shown(const char *text);

void chronosign_answer_clear(chronosign_answer *answer);

/* Ends the network process if it still runs, and frees. NULL is allowed. */
void chronosign_fetch_free(chronosign_fetch *fetch);

#ifdef __cplusplus
}
#endif
#endif
