/*
 * The network program as the key process sees it: start, ask, listen, end. It fetches nonces and
 * tries tokens; everything that it says is checked (message.h).
 */
#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H

#include "base/cleanup.h"
#include "base/uuid.h"
#include "chronograf/check.h"

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* By default a watched server is asked at least this often. */
#define NETWORK_POLL_SECONDS 60

/* What confines the program: both, as far as the kernel and the build have them. */
enum {
	NETWORK_SANDBOX_FILES = 1, /* Landlock: it reads what it needs, and writes nothing */
	NETWORK_SANDBOX_CALLS = 2, /* a seccomp filter: the system calls that it needs */
	NETWORK_SANDBOX_WHOLE = 3,
};

/* The servers to ask, and how. Nothing of it is needed after network_start. */
struct network_job {
	const char *const *urls;   /* base URLs, http or https, with or without a trailing slash */
	size_t url_count;          /* at least 1 */
	const char *ca_file;       /* PEM file of the CAs to trust; NULL: the machine's */
	unsigned timeout_seconds;  /* for the whole exchange with one server, 1 or more */
	const char *pinned_pubkey; /* hashes of the server's key (pinned_key.h); NULL: any key */
	bool skip_verify;          /* do not check the server's certificate */
	bool verbose;              /* describe each exchange in the answers' `trace` */
	bool require_sandbox;      /* ask nobody unless it is confined by both */
	/* Called by network_next once after each start, before any answer; NULL: not called. */
	void (*tell_sandbox)(unsigned sandbox);
	/* Called with the reason, once, when the program is ended for a message that no honest one sends; NULL: not
	 * called. */
	void (*tell_misbehaviour)(const char *reason);
	bool requests;         /* there will be requests: network_ask_again and so on */
	bool watch;            /* ask again and again: ahead of the nonces' ends, and at least */
	unsigned poll_seconds; /* so often; 0: every minute */
};

enum network_answer_kind {
	NETWORK_ANSWER_NONCE,
	NETWORK_ANSWER_CHECK, /* to network_try_token */
	/*
	 * With `watch`: a file that the program read when it started, or may read, has been replaced
	 * (resolv.conf, hosts, CAs). Its sandbox may hold the old one: call network_restart. Nothing else
	 * in the answer counts.
	 */
	NETWORK_ANSWER_FILES_REPLACED,
	NETWORK_ANSWER_STARTED,  /* without a request: a watching program is confined, and begins */
	NETWORK_ANSWER_STARTING, /* the same, before: after network_restart. Nothing else counts */
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
	bool at_least;               /* that is a lower bound; no more is known */
	int64_t answered;            /* when, by milliseconds() (base/clock.h) */
	enum verdict verdict;
	struct chronosign_error
		*error; /* why there is no nonce or verdict; NULL if there is one. Owned
				    by the answer */
	enum reached reached;
	bool tls;             /* it went to an https URL; after redirects, the last one */
	unsigned http_status; /* of the last answer; 0: none came */
	char release[64];     /* of Chronograf, printable; empty: nothing says that the last answer
				 was Chronograf's (no SERVER_RELEASE_HEADER) */
	char trace[512];      /* one printable line about the exchange, or empty */
};

struct network;

/*
 * Starts the network program, which was installed with this command (process.h), and gives it the
 * job. It shares no memory, environment or descriptors with this process and dies with it, so it
 * can be started at any time. It takes some milliseconds to start; this function does not wait.
 * NULL with *error set.
 */
struct network *network_start(const struct network_job *job, struct chronosign_error **error);

/*
 * Waits until the program has taken its job, until 10 seconds after its time-out at most; to be called before it is
 * listened to or asked. An invalid URL is a usage error. False with *error set, each time.
 */
bool network_await(struct network *network, struct chronosign_error **error);

/*
 * Starts the program anew with the same job, whether it runs, has died or was ended for a wrong message; it is the
 * one that was opened by network_start, whatever has been installed since. Everything starts again: each server is
 * asked for its nonce at once. Open requests are dropped: the caller has to try a token on trial again, once a new
 * nonce has come or before. network_descriptor changes. Only where a long job does not fit into the socket does it
 * wait, and no longer than a start may take. Call network_await then or, with `watch`, network_next, which fails if
 * it does not start. False with *error set: it is not running, and may be started again later.
 */
bool network_restart(struct network *network, struct chronosign_error **error);

/* True if OpenSSL's FIPS module is active in the program: its TLS is the module's. */
bool network_has_fips(const struct network *network);

/* The same for a program that is started only for this, without a job. False with *error set. */
bool network_tell_fips(bool *fips, struct chronosign_error **error);

/* True if the program runs, as far as is known: false once network_next has reported its end. */
bool network_is_running(const struct network *network);

/* True if network_next has failed since the program ended by itself, was silent or did not start, and not for a
 * wrong message. */
bool network_has_died(const struct network *network);

/* Ends the program for a message that was not due, with *reason, as network_next does for a wrong one. Always returns
 * false. */
bool network_refuse(struct network *network, struct chronosign_error **reason);

/*
 * In milliseconds: an honest busy program is never silent for longer; network_next ends one that
 * is, or whose silences are longer together than all its questions may take. Callers that watch, and do not wait in network_next, call network_give_up.
 */
int64_t network_patience(const struct network *network);

/* In milliseconds: a watching program pauses so long between two questions to a server at most, and then an honest one
 * has the answer to this one, or to a trial, so much later at most. */
int64_t network_pause(const struct network *network);
int64_t network_answer_time(const struct network *network);

/* Ends the program, with *error set: it has been silent for too long. Always returns false. */
bool network_give_up(struct network *network, struct chronosign_error **error);

/*
 * Waits for the next answer, in the order in which they come: one for each server and one for each
 * request, or, with `watch`, a nonce whenever it was asked for. True: *answer is filled, release it
 * with network_answer_clear. False with *error set: the program died or sent what it should not
 * (every message is checked again here). False with *error NULL: everything has been answered, and
 * the job has neither `watch` nor `requests`.
 */
bool network_next(struct network *network, struct network_answer *answer,
		  struct chronosign_error **error);

/* Becomes readable when an answer has come: for poll(2). -1 while the program does not run. */
int network_descriptor(const struct network *network);

/*
 * Asks a server for its nonce once more, now. There may be one open question to a server, unless it is
 * watched: then nothing is asked either while the program is too busy to take a question.
 */
bool network_ask_again(struct network *network, size_t server, struct chronosign_error **error);

/*
 * Asks a server until its nonce is another one, `wait_ms` from now for the last time. Then the answer
 * is that nonce once more.
 */
bool network_ask_next(struct network *network, size_t server, const char *nonce, int64_t wait_ms,
		      struct chronosign_error **error);

/*
 * Tries a token, made for that nonce, on its server (SERVER_CHECK_PATH). It goes to that URL alone:
 * redirects are not followed. If it is accepted, the server is asked once more without a token.
 */
bool network_try_token(struct network *network, size_t server, const char *nonce, const char *token,
		       struct chronosign_error **error);

void network_answer_clear(struct network_answer *answer);

/* Ends the program if it still runs, and frees. NULL is allowed. */
void network_free(struct network *network);

DEFINE_CLEANUP(network, struct network *, network_free)

/*
 * A server's URL without user and password, otherwise unchanged, for display and storage. The
 * caller frees it. NULL if memory is out.
 */
char *url_without_user(const char *text);

/* As url_without_user, for a message, which may need room for more; and any text, cut alike. */
char *url_as_given(const char *base);
char *url_shortened(const char *text);

/* Overwrites them where they stand. */
void url_mask_user(char *text);

#endif
