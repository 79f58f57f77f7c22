/* The key process's side of the network program: starts it, checks all of its messages, and ends
 * it. */
#include "network/network.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "network/job.h"
#include "network/message.h"
#include "network/process.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* What is needed to restart, and the state of the running program. */
struct network {
	struct packed_job job;
	int program; /* to be executed */
	bool requests;
	bool watch;
	size_t server_count;
	struct process process;
	bool starting;                    /* it has not been heard yet */
	struct chronosign_error *refusal; /* why it has not taken its job */
	size_t question_count;
	size_t answer_count;
	bool require_sandbox;
	bool sandbox_told;
	void (*tell_sandbox)(unsigned sandbox);
	bool *answered; /* no question to the server is open */
	int64_t started_at;
	unsigned wait_seconds; /* the longest that a next nonce is awaited */
	int64_t allowed;       /* messages of a watching program, now */
	int64_t allowed_at;    /* counted then */
	bool finished;
	bool failed;
	bool died;       /* that is why */
	bool unconfined; /* or that, and it was to be confined */
};

/* Added to the time-out of transfers for busy machines. */
#define MARGIN_SECONDS 10

static unsigned patience_seconds(const struct network *network)
{
	const struct job_header *job = &network->job.header;

	return job->timeout_seconds + job->poll_seconds + network->wait_seconds + MARGIN_SECONDS;
}

/* One for each server and, after the key was slow, what lies in the socket and behind it. */
static int64_t most_messages(const struct network *network)
{
	return 300 + (int64_t)network->server_count;
}

DEFINE_CLEANUP(network, struct network *, network_free)

/* ---- Starting ---- */

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
	network->failed = true;
	if (!job_pack(job, &network->job, error))
		return NULL;
	network->answered = calloc(job->url_count, sizeof *network->answered);
	if (network->answered == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
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
	free(network->answered);
	free(network);
}

/* The program checks the URLs first. */
static bool hear_of_job(struct network *network, struct chronosign_error **error)
{
	struct network_message message;
	ssize_t got = process_receive(&network->process, &message, sizeof message);

	if (got == 0)
		return process_tell_end(&network->process,
					"the network program ended before it took its job", error);
	if (got < 0)
		return error_set(error, CHRONOSIGN_ERROR_OTHER,
				 "the network program does not take its job: %s", strerror(errno));
	return message_check_job(&message, (size_t)got, &network->job, error);
}

static bool begin(struct network *network, struct chronosign_error **error)
{
	process_end(&network->process);
	chronosign_error_free(TAKE(network->refusal));
	network->failed = true;
	network->died = false;
	network->started_at = milliseconds();
	network->wait_seconds = 0;
	network->question_count = network->server_count;
	network->answer_count = 0;
	network->sandbox_told = false;
	network->allowed = most_messages(network);
	network->allowed_at = milliseconds();
	memset(network->answered, 0, network->server_count * sizeof *network->answered);
	if (!process_start(network->program, &network->process, error))
		return false;
	/* If it has ended already, network_await hears why. */
	job_send(&network->job, network->process.socket);
	network->starting = true;
	return true;
}

bool network_await(struct network *network, struct chronosign_error **error)
{
	if (network->starting)
		network->failed = !process_hear_hello(&network->process, &network->refusal) ||
				  !hear_of_job(network, &network->refusal);
	network->starting = false;
	if (!network->failed) {
		process_started(&network->process, patience_seconds(network));
		return true;
	}
	process_end(&network->process);
	if (network->refusal == NULL)
		return error_set(error, CHRONOSIGN_ERROR_OTHER, "the network program does not run");
	return error_set(error, chronosign_error_get_kind(network->refusal), "%s",
			 chronosign_error_message(network->refusal));
}

bool network_restart(struct network *network, struct chronosign_error **error)
{
	return begin(network, error) && network_await(network, error);
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
	bool started = program >= 0 && process_start(program, &process, error) &&
		       process_hear_hello(&process, error);

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
	return network->watch ? network->finished
			      : network->answer_count == network->question_count;
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
	network->unconfined = network->require_sandbox && sandbox != NETWORK_SANDBOX_WHOLE;
	if (network->unconfined)
		return error_set(
			error, CHRONOSIGN_ERROR_OTHER,
			"the network program is not confined as --require-sandbox wants it: "
			"this kernel or build has no %s",
			(sandbox & NETWORK_SANDBOX_CALLS) == 0 ? "seccomp filter" : "Landlock");
	if (network->tell_sandbox != NULL)
		network->tell_sandbox(sandbox);
	return true;
}

/* A watched server is asked about once a second, or a verdict is asked for: an honest program has no more to
 * say, and what it says may be printed. */
static bool take_allowance(struct network *network)
{
	int64_t now = milliseconds();
	int64_t more = 3 * (int64_t)network->server_count * (now - network->allowed_at) / 1000;

	if (more > 0) {
		network->allowed_at = now;
		network->allowed += more;
	}
	if (network->allowed > most_messages(network))
		network->allowed = most_messages(network);
	return network->allowed-- > 0;
}

/* Counts what was answered. */
static bool take(struct network *network, const struct network_message *message,
		 struct chronosign_error **error)
{
	if (message->outcome == MESSAGE_SANDBOX)
		return take_sandbox(network, message->reached, error);
	if (!network->sandbox_told)
		return message_wrong("an answer before its sandbox", error);
	if (network->watch && !take_allowance(network))
		return message_wrong("too many others before it", error);
	if (message->outcome == MESSAGE_FILES_REPLACED)
		return network->watch || message_wrong("news of files that nobody watches", error);
	if (!network->watch && network->answered[message->server])
		return message_wrong("a second answer of one server", error);
	if (message->outcome == MESSAGE_NONCE &&
	    (message->answered < network->started_at || message->answered > milliseconds()))
		return message_wrong("a nonce of another time", error);
	network->answered[message->server] = true;
	network->answer_count++;
	return true;
}

int64_t network_patience(const struct network *network)
{
	return (int64_t)patience_seconds(network) * 1000;
}

bool network_give_up(struct network *network, struct chronosign_error **error)
{
	network->failed = true;
	network->died = true;
	process_end(&network->process);
	return error_set(error, CHRONOSIGN_ERROR_OTHER,
			 "the network program has been silent for %u seconds, and was ended\n"
			 "Does a name server hang, or a server attack it?",
			 patience_seconds(network));
}

/* False with *error NULL: it has closed the socket as expected. */
static bool receive(struct network *network, struct network_message *message,
		    struct chronosign_error **error)
{
	ssize_t got = process_receive(&network->process, message, sizeof *message);

	if (got < 0 && errno == EAGAIN)
		return network_give_up(network, error);
	if (got < 0)
		return error_set(error, CHRONOSIGN_ERROR_OTHER,
				 "cannot hear the network program: %s", strerror(errno));
	if (got == 0)
		return network->finished && all_answered(network) ? false
								  : ended_early(network, error);
	return message_check(message, (size_t)got, network->server_count, error) &&
	       take(network, message, error);
}

bool network_next(struct network *network, struct network_answer *answer,
		  struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;
	struct network_message message;

	if (network->failed)
		return error_set(error, CHRONOSIGN_ERROR_OTHER,
				 "the network program has been ended");
	if (all_answered(network) && (!network->requests || network->finished))
		return false;
	bool received = receive(network, &message, &reason);
	/* With `watch` the caller waits for other events, too. */
	if (received && message.outcome == MESSAGE_SANDBOX && !network->watch)
		received = receive(network, &message, &reason);
	if (received) {
		message_to_answer(&message, answer);
		return true;
	}
	if (reason == NULL)
		return false;
	network->failed = true;
	process_end(&network->process);
	if (error != NULL)
		*error = TAKE(reason);
	return false;
}

bool network_has_died(const struct network *network)
{
	return network->died;
}

bool network_has_misbehaved(const struct network *network)
{
	return network->failed && !network->died && !network->unconfined;
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

static bool send_request(struct network *network, const struct network_request *request,
			 struct chronosign_error **error)
{
	ssize_t sent;

	if (network->failed)
		return error_set(error, CHRONOSIGN_ERROR_OTHER,
				 "cannot speak to the network program: it has ended");
	network->answered[request->server] = false;
	network->question_count++;
	do
		sent = send(network->process.socket, request, sizeof *request, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno == EAGAIN)
		return network_give_up(network, error);
	return sent == (ssize_t)sizeof *request ||
	       error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot speak to the network program: %s",
			 strerror(errno));
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
	if (request.wait_ms / 1000 >= network->wait_seconds) {
		network->wait_seconds = request.wait_ms / 1000 + 1;
		process_started(&network->process, patience_seconds(network));
	}
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

void network_finish(struct network *network)
{
	if (!network->finished)
		shutdown(network->process.socket, SHUT_WR);
	network->finished = true;
}
