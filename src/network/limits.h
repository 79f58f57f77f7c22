/*
 * What an honest network program may take: time for its start, for each answer and for all of them, and,
 * with --watch, messages. Without limits one that was taken over could keep the command for ever.
 */
#ifndef NETWORK_LIMITS_H
#define NETWORK_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Times are milliseconds() (base/clock.h) and in milliseconds, unless they are named in seconds. */
struct limits {
	unsigned timeout_seconds; /* of one transfer */
	unsigned poll_seconds; /* the longest pause of a watching program between two questions */
	size_t server_count;
	int64_t started_at;
	unsigned wait_seconds; /* the longest that a next nonce is awaited */
	unsigned rounds;       /* the most questions to one server */
	int64_t waited;        /* for its messages, in all */
	int64_t allowed;       /* messages of a watching program, now */
	int64_t allowed_at;    /* counted then */
};

/* Before the first start. */
void limits_init(struct limits *limits, unsigned timeout_seconds, unsigned poll_seconds,
		 size_t server_count, int64_t now);

/* The program starts now. What it may say is not counted anew, because it can ask for a restart. */
void limits_begin(struct limits *limits);

/* The program has been started, but says nothing yet. */
unsigned limits_start_seconds(const struct limits *limits);
int64_t limits_start_end(const struct limits *limits);

/* How long it may be silent once it has taken its job. */
int64_t limits_silence_seconds(const struct limits *limits);

/* How long after a question to one server is due, or its trial is requested, a watching program may be without the
 * answer. */
int64_t limits_server_seconds(const struct limits *limits);

/* How long all of its answers may take together. */
int64_t limits_total_seconds(const struct limits *limits);

/* A server has been asked so many questions; or, for so many milliseconds, its next nonce is awaited. */
void limits_note_questions(struct limits *limits, unsigned count);
void limits_note_wait(struct limits *limits, uint32_t wait_ms);

/* A message of a watching program has come. False: an honest one does not send so many. */
bool limits_take_message(struct limits *limits, int64_t now);

#endif
