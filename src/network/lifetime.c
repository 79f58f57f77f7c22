/* How the network program is started, with its job, and ended. */
#include "network/lifetime.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "network/message.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* At least so long is waited for a program that was to start while this process was busy. */
#define START_LEAST_MS 1000

/* Without a job: starting takes milliseconds; under valgrind, seconds. */
#define START_SECONDS 30

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

bool lifetime_end(struct network *network, struct chronosign_error **reason)
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
	return lifetime_end(network, reason);
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

bool lifetime_hear_start(struct network *network, struct chronosign_error **error)
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
	return lifetime_end(network, error);
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
	lifetime_end(network, &network->refusal);
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
			lifetime_hear_start(network, &network->refusal);
			continue;
		}
		error_set(&network->refusal, CHRONOSIGN_ERROR_OTHER,
			  "the network program has not started within %u seconds",
			  limits_start_seconds(&network->limits));
		lifetime_end(network, &network->refusal);
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

bool network_has_died(const struct network *network)
{
	return network->died;
}
