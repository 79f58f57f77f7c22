/* The key process's side of the network program: starts it, checks all of its messages, and ends
 * it. */
#include "network/network.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "network/job.h"
#include "network/limits.h"
#include "network/message.h"
#include "network/process.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* What the program says next. */
enum stage { STAGE_STARTED, STAGE_HELLO, STAGE_OF_JOB };

/* What a server has been asked for. */
struct questions {
	const char *url; /* in the job */
	bool answered;   /* none is open */
	unsigned count;
};

/* What is needed to restart, and the state of the running program. */
struct network {
	struct packed_job job;
	int program; /* to be executed */
	bool requests;
	bool watch;
	size_t server_count;
	struct process process;
	enum stage stage;
	struct chronosign_error *refusal; /* why it has not taken its job */
	size_t question_count;
	size_t answer_count;
	bool require_sandbox;
	bool sandbox_told;
	void (*tell_sandbox)(unsigned sandbox);
	void (*tell_misbehaviour)(const char *reason);
	struct questions *questions; /* to each server */
	struct limits limits;
	bool failed;
	bool died; /* that is why */
};

/* At least so long is waited for a program that was to start while this process was busy. */
#define START_LEAST_MS 1000

/* Without a job: starting takes milliseconds; under valgrind, seconds. */
#define START_SECONDS 30

static int64_t patience_seconds(const struct network *network)
{
	return network->stage == STAGE_STARTED ? limits_silence_seconds(&network->limits)
					       : limits_start_seconds(&network->limits);
}

/* ---- Starting ---- */

static bool questions_new(struct network *network, struct chronosign_error **error)
{
	const char *url = network->job.bytes;

	network->questions = calloc(network->server_count, sizeof *network->questions);
	if (network->questions == NULL)
		return error_out_of_memory(error);
	for (size_t i = 0; i < network->server_count; i++, url += strlen(url) + 1)
		network->questions[i].url = url;
	return true;
}

static struct network *network_new(const struct network_job *job, struct chronosign_error **error)
{
	CLEANUP(cleanup_network) struct network *network = calloc(1, sizeof *network);

	if (network == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	network->process = PROCESS_NONE;
	network->program = -1;
	network->requests = job->requests || job->watch;
	network->watch = job->watch;
	network->server_count = job->url_count;
	network->require_sandbox = job->require_sandbox;
	network->tell_sandbox = job->tell_sandbox;
	network->tell_misbehaviour = job->tell_misbehaviour;
	network->failed = true;
	if (!job_pack(job, &network->job, error))
		return NULL;
	limits_init(&network->limits, network->job.header.timeout_seconds,
		    network->job.header.poll_seconds, job->url_count, milliseconds());
	if (!questions_new(network, error))
		return NULL;
	network->program = process_open_program(error);
	return network->program < 0 ? NULL : TAKE(network);
}

void network_free(struct network *network)
{
	if (network == NULL)
		return;
	process_end(&network->process);
	chronosign_error_free(network->refusal);
	packed_job_release(&network->job);
	cleanup_descriptor(&network->program);
	free(network->questions);
	free(network);
}

/* Ends the program. *reason is why, or NULL; it becomes misbehaviour if that is found in what nobody has heard. Always
 * returns false. */
static bool end_for(struct network *network, struct chronosign_error **reason)
{
	network->failed = true;
	network->stage = STAGE_STARTED;
	if (!process_end(&network->process)) {
		chronosign_error_free(TAKE(*reason));
		message_wrong("a descriptor", reason);
	}
	if (*reason == NULL || !error_is_of_misbehaviour(*reason))
		return false;
	network->died = false;
	if (network->tell_misbehaviour != NULL)
		network->tell_misbehaviour(chronosign_error_message(*reason));
	return false;
}

bool network_refuse(struct network *network, struct chronosign_error **reason)
{
	error_mark_misbehaviour(reason);
	return end_for(network, reason);
}

/* The program checks the URLs first. */
static bool hear_of_job(struct network *network, struct chronosign_error **error)
{
	struct network_message message;
	ssize_t got = process_receive(&network->process, &message, sizeof message, error);

	if (got < 0)
		return false;
	if (got == 0)
		return process_tell_end(&network->process,
					"the network program ended before it took its job", error);
	return message_check_job(&message, (size_t)got, &network->job, error);
}

/* Hears what it says of its start: two messages. The error is always set. */
static bool hear_start(struct network *network, struct chronosign_error **error)
{
	if (network->stage == STAGE_HELLO && process_hear_hello(&network->process, error)) {
		network->stage = STAGE_OF_JOB;
		return true;
	}
	if (network->stage == STAGE_OF_JOB && hear_of_job(network, error)) {
		network->stage = STAGE_STARTED;
		network->failed = false;
		return true;
	}
	network->died = true;
	return end_for(network, error);
}

static void count_anew(struct network *network)
{
	limits_begin(&network->limits);
	network->died = false;
	network->question_count = network->server_count;
	network->answer_count = 0;
	network->sandbox_told = false;
	for (size_t i = 0; i < network->server_count; i++)
		network->questions[i] =
			(struct questions){.url = network->questions[i].url, .count = 1};
}

static bool begin(struct network *network, struct chronosign_error **error)
{
	chronosign_error_free(TAKE(network->refusal));
	end_for(network, &network->refusal);
	count_anew(network);
	if (network->refusal != NULL)
		return error_move(error, &network->refusal);
	if (!process_start(network->program, &network->process, error))
		return false;
	network->stage = STAGE_HELLO;
	/* If it has ended already, or takes none of it, that is heard next. */
	job_send(&network->job, network->process.socket, limits_start_end(&network->limits));
	return true;
}

bool network_await(struct network *network, struct chronosign_error **error)
{
	int64_t soonest = milliseconds() + START_LEAST_MS;
	int64_t until = limits_start_end(&network->limits) > soonest
				? limits_start_end(&network->limits)
				: soonest;

	while (network->stage != STAGE_STARTED) {
		if (wait_until(until, network->process.socket, POLLIN)) {
			hear_start(network, &network->refusal);
			continue;
		}
		error_set(&network->refusal, CHRONOSIGN_ERROR_OTHER,
			  "the network program has not started within %u seconds",
			  limits_start_seconds(&network->limits));
		end_for(network, &network->refusal);
	}
	if (!network->failed)
		return true;
	if (network->refusal == NULL)
		return error_set(error, CHRONOSIGN_ERROR_OTHER, "the network program does not run");
	return error_set(error, chronosign_error_get_kind(network->refusal), "%s",
			 chronosign_error_message(network->refusal));
}

bool network_restart(struct network *network, struct chronosign_error **error)
{
	return begin(network, error);
}

struct network *network_start(const struct network_job *job, struct chronosign_error **error)
{
	CLEANUP(cleanup_network) struct network *network = network_new(job, error);

	return network != NULL && begin(network, error) ? TAKE(network) : NULL;
}

bool network_has_fips(const struct network *network)
{
	return network->process.fips;
}

bool network_tell_fips(bool *fips, struct chronosign_error **error)
{
	struct process process = PROCESS_NONE;
	CLEANUP(cleanup_descriptor) int program = process_open_program(error);
	bool started = program >= 0 && process_start(program, &process, error);

	if (started &&
	    !wait_until(milliseconds() + (int64_t)START_SECONDS * 1000, process.socket, POLLIN))
		started = error_set(error, CHRONOSIGN_ERROR_OTHER,
				    "the network program has not started within %u seconds",
				    (unsigned)START_SECONDS);
	else
		started = started && process_hear_hello(&process, error);
	*fips = process.fips;
	process_end(&process);
	return started;
}

bool network_is_running(const struct network *network)
{
	return !network->failed;
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
	return end_for(network, error);
}

static bool end_late(struct network *network, struct chronosign_error **error)
{
	network->died = true;
	error_set(error, CHRONOSIGN_ERROR_OTHER,
		  "the network program has taken more than %lld seconds in all, and was "
		  "ended\nDoes a name server hang, or a server attack it?",
		  (long long)limits_total_seconds(&network->limits));
	return end_for(network, error);
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
	return hear_start(network, &reason) || error_move(error, &reason);
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
	end_for(network, &reason);
	return error_move(error, &reason);
}

bool network_has_died(const struct network *network)
{
	return network->died;
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
	return end_for(network, error);
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
