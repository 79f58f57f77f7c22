/*
 * The network program as the key process sees it: started, asked, heard, ended. It fetches nonces and
 * tries tokens, and nothing that it says is believed unchecked (message.h).
 */
#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H

#include "base/uuid.h"
#include "chronograf/check.h"

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The servers to ask, and how. The strings and the array are copied by network_start. */
struct network_job {
	const char *const *urls;  /* base URLs, http or https, with or without a trailing slash */
	size_t url_count;         /* at least 1 */
	const char *ca_file;      /* PEM file of the CAs to trust; NULL: the machine's */
	unsigned timeout_seconds; /* for the whole exchange with one server, 1 or more */
	bool skip_verify;         /* do not check the server's certificate */
	bool verbose;             /* describe each exchange in the answers' `trace` */
	bool requests;            /* network_ask_again and network_try_token will be called */
	bool watch;               /* ask again and again: ahead of the nonces' ends, and at least */
	unsigned poll_seconds;    /* so often; 0: every minute */
};

enum network_answer_kind {
	NETWORK_ANSWER_NONCE,
	NETWORK_ANSWER_CHECK, /* to network_try_token */
};

/* How far the last request of an exchange got. */
enum reached {
	REACHED_NOTHING,
	REACHED_HOST,   /* a connection, but no TLS where it is asked for, and no answer */
	REACHED_TLS,    /* TLS, but no answer */
	REACHED_ANSWER, /* an HTTP answer, whatever it says */
};

/* What came from one server. */
struct network_answer {
	size_t server; /* index into urls */
	enum network_answer_kind about;
	char nonce[UUID_LENGTH + 1]; /* NUL-terminated; empty if there is none; of a check: what its
					token was made for */
	int64_t valid_for;           /* seconds of life left by the server's clock; -1: unknown */
	enum verdict verdict;
	chronosign_error *error; /* why there is no nonce or verdict; NULL if there is one. Owned
				    by the answer */
	enum reached reached;
	bool tls;             /* it went to an https URL; after redirects, the last one */
	unsigned http_status; /* of the last answer; 0: none came */
	char trace[512];      /* one printable line about the exchange, or empty */
};

struct network;

/*
 * Starts the network process: forks, so call it before OpenSSL, libcurl or a PKCS#11 module is
 * initialised. The process gets no descriptor but its pipe and standard error, and dies with its
 * parent.
 */
struct network *network_start(const struct network_job *job, chronosign_error **error);

/*
 * Waits for the next answer, in the order in which they come: one for each server and one for each
 * request, or, with `watch`, a nonce whenever it was asked for. True: *answer is filled, release it
 * with network_answer_clear. False with *error set: the process died or sent what it should not
 * (every message is checked again here). False with *error NULL: everything has been answered for
 * (with `requests`: and network_finish was called).
 */
bool network_next(struct network *network, struct network_answer *answer, chronosign_error **error);

/* Becomes readable when an answer can be had without waiting: for poll(2). */
int network_descriptor(const struct network *network);

/*
 * Asks a server for its nonce once more, now. There may be one open question to a server, unless it
 * is watched.
 */
bool network_ask_again(struct network *network, size_t server, chronosign_error **error);

/*
 * Tries a token, made for that nonce, on its server: `GET {url}/chronograf/v1/mappings`, which only
 * a superadmin may. It goes to that URL alone: redirects are not followed. Where it is accepted, it
 * is also tried whether the server asks for any.
 */
bool network_try_token(struct network *network, size_t server, const char *nonce, const char *token,
		       chronosign_error **error);

/* There will be no more requests; what is under way is still answered. Ends watching. */
void network_finish(struct network *network);

void network_answer_clear(struct network_answer *answer);

/* Ends the network process if it still runs, and frees. NULL is allowed. */
void network_free(struct network *network);

/*
 * A server's URL without the user and password in it, else just as it is: to be shown and stored.
 * The caller frees it. NULL if memory is out.
 */
char *url_without_user(const char *text);

/* What the process does; it ends, with this success, when it returns. */
typedef bool network_work(const void *context, int pipe);

/*
 * Forks a process that is isolated (isolate.h) and does the work, which is to write a message
 * (message.h) for each of `server_count` servers to the pipe. NULL with *error set if that cannot
 * be.
 */
struct network *network_fork(size_t server_count, network_work *work, const void *context,
			     chronosign_error **error);

#endif
