/* The messages between the key process and the network program: its answers are checked, and requests sent. lifetime.c
 * starts and ends it. */
#include "network/network.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "network/lifetime.h"
#include "network/message.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static int64_t patience_seconds(const struct network *network)
{
	return network->stage == STAGE_STARTED ? limits_silence_seconds(&network->limits)
					       : limits_start_seconds(&network->limits);
}

/* ---- Answers ---- */

static bool all_answered(const struct network *network)
{
	return !network->watch && network->answer_count == network->question_count;
}

/* The program has closed the socket before every question was answered. */
static bool ended_early(struct network *network, struct chronosign_error **error)
{
	size_t open = network->question_count - network->answer_count;

	network->died = true;
	if (network->watch)
		return process_tell_end(&network->process, "the network program died", error);
	process_tell_end(&network->process, "the network program died", error);
	return error_append(error, "%zu of %zu servers are unanswered.", open,
			    network->server_count);
}

static bool take_sandbox(struct network *network, unsigned sandbox, struct chronosign_error **error)
{
	if (network->sandbox_told)
		return message_wrong("news of its sandbox that was told", error);
	network->sandbox_told = true;
	if (network->require_sandbox && sandbox != NETWORK_SANDBOX_WHOLE)
		return error_set(
			error, CHRONOSIGN_ERROR_OTHER,
			"the network program is not confined as --require-sandbox requires: "
			"this kernel or build has no %s",
			(sandbox & NETWORK_SANDBOX_CALLS) == 0 ? "seccomp filter" : "Landlock");
	if (network->tell_sandbox != NULL)
		network->tell_sandbox(sandbox);
	return true;
}

/* Counts what was answered. */
static bool take(struct network *network, const struct network_message *message,
		 struct chronosign_error **error)
{
	if (message->outcome == MESSAGE_SANDBOX)
		return take_sandbox(network, message->reached, error);
	if (!network->sandbox_told)
		return message_wrong("an answer before its sandbox", error);
	if (network->watch && !limits_take_message(&network->limits, milliseconds()))
		return message_wrong("too many others before it", error);
	if (message->outcome == MESSAGE_FILES_REPLACED)
		return network->watch || message_wrong("news of files that nobody watches", error);
	if (!network->watch && network->questions[message->server].answered)
		return message_wrong("a second answer of one server", error);
	if (message->outcome == MESSAGE_NONCE && message->answered < network->limits.started_at)
		return message_wrong("an answer of another time", error);
	network->questions[message->server].answered = true;
	network->answer_count++;
	return true;
}

int64_t network_patience(const struct network *network)
{
	return patience_seconds(network) * 1000;
}

int64_t network_pause(const struct network *network)
{
	return (int64_t)network->limits.poll_seconds * 1000;
}

int64_t network_answer_time(const struct network *network)
{
	return limits_server_seconds(&network->limits) * 1000;
}

bool network_give_up(struct network *network, struct chronosign_error **error)
{
	network->died = true;
	error_set(error, CHRONOSIGN_ERROR_OTHER,
		  "the network program has been silent for %lld seconds, and was ended\n"
		  "Does a name server hang, or a server attack it?",
		  (long long)patience_seconds(network));
	return lifetime_end(network, error);
}

static bool end_late(struct network *network, struct chronosign_error **error)
{
	network->died = true;
	error_set(error, CHRONOSIGN_ERROR_OTHER,
		  "the network program has taken more than %lld seconds in all, and was "
		  "ended\nDoes a name server hang, or a server attack it?",
		  (long long)limits_total_seconds(&network->limits));
	return lifetime_end(network, error);
}

/* For one of its messages, or until it reads one. The caller of a watching program waits by itself. Time in which
 * this process was busy does not count. */
static bool wait_for(struct network *network, short event, struct chronosign_error **error)
{
	int64_t now = milliseconds();
	int64_t began = milliseconds_awake();
	int64_t silent = now + network_patience(network);
	int64_t late = now + limits_total_seconds(&network->limits) * 1000 - network->limits.waited;
	/* Silence is told as such, where both are over. */
	bool by_total = !network->watch && late < silent - 1000;
	bool came = wait_until(by_total ? late : silent, network->process.socket, event);

	network->limits.waited += milliseconds_awake() - began;
	return came || (by_total ? end_late(network, error) : network_give_up(network, error));
}

static bool receive(struct network *network, struct network_message *message,
		    struct chronosign_error **error)
{
	if (!wait_for(network, POLLIN, error))
		return false;
	ssize_t got = process_receive(&network->process, message, sizeof *message, error);

	if (got < 0)
		return false;
	if (got == 0)
		return ended_early(network, error);
	return message_check(message, (size_t)got, network->server_count, error) &&
	       take(network, message, error);
}

/* One of the messages of a start that network_await has not waited for. */
static bool start_on(struct network *network, struct network_answer *answer,
		     struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;

	*answer = (struct network_answer){.about = NETWORK_ANSWER_STARTING};
	return lifetime_hear_start(network, &reason) || error_move(error, &reason);
}

bool network_next(struct network *network, struct network_answer *answer,
		  struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;
	struct network_message message;

	if (network->stage != STAGE_STARTED && network->watch)
		return start_on(network, answer, error);
	if (network->failed)
		return error_set(error, CHRONOSIGN_ERROR_OTHER,
				 "the network program has been ended");
	if (all_answered(network) && !network->requests)
		return false;
	bool received = receive(network, &message, &reason);
	/* With `watch` the caller waits for other events, too. */
	if (received && message.outcome == MESSAGE_SANDBOX && !network->watch)
		received = receive(network, &message, &reason);
	if (received) {
		message_to_answer(&message, network->questions[message.server].url, answer);
		return true;
	}
	lifetime_end(network, &reason);
	return error_move(error, &reason);
}

int network_descriptor(const struct network *network)
{
	return network->process.socket;
}

void network_answer_clear(struct network_answer *answer)
{
	chronosign_error_free(answer->error);
	memset(answer, 0, sizeof *answer);
}

/* ---- Requests ---- */

/* It hears no more, whatever it says. */
static bool end_deaf(struct network *network, int reason, struct chronosign_error **error)
{
	network->died = true;
	error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot speak to the network program: %s",
		  strerror(reason));
	return lifetime_end(network, error);
}

/* Waits for room. A caller that watches does not: it would hear no signal. */
static bool send_whole(struct network *network, const struct network_request *request,
		       struct chronosign_error **error)
{
	while (send(network->process.socket, request, sizeof *request,
		    MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof *request) {
		if (errno != EAGAIN)
			return end_deaf(network, errno, error);
		/* A watching program asks by itself, only later. */
		if (network->watch)
			return request->kind == REQUEST_NONCE || network_give_up(network, error);
		if (!wait_for(network, POLLOUT, error))
			return false;
	}
	return true;
}

static bool send_request(struct network *network, const struct network_request *request,
			 struct chronosign_error **error)
{
	struct questions *questions = &network->questions[request->server];

	if (network->failed)
		return error_set(error, CHRONOSIGN_ERROR_OTHER,
				 "cannot speak to the network program: it has ended");
	questions->answered = false;
	questions->count++;
	limits_note_questions(&network->limits, questions->count);
	network->question_count++;
	return send_whole(network, request, error);
}

bool network_ask_again(struct network *network, size_t server, struct chronosign_error **error)
{
	struct network_request request;

	return request_init(&request, REQUEST_NONCE, server, NULL, NULL) &&
	       send_request(network, &request, error);
}

bool network_ask_next(struct network *network, size_t server, const char *nonce, int64_t wait_ms,
		      struct chronosign_error **error)
{
	struct network_request request;

	if (!request_init_next(&request, server, nonce, wait_ms))
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "what is to be waited for is no nonce, or comes too late");
	limits_note_wait(&network->limits, request.wait_ms);
	return send_request(network, &request, error);
}

bool network_try_token(struct network *network, size_t server, const char *nonce, const char *token,
		       struct chronosign_error **error)
{
	struct network_request request;

	if (!request_init(&request, REQUEST_CHECK, server, nonce, token))
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "what is to be checked is no token");
	return send_request(network, &request, error);
}
