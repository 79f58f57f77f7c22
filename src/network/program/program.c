/* In this order: drop privileges, configure OpenSSL, receive the job, read the inputs, enter the
 * sandbox, and only then read from the network. */
#include "network/program/program.h"

#include "base/cleanup.h"
#include "base/coverage.h"
#include "base/fips.h"
#include "base/text.h"
#include "network/job.h"
#include "network/message.h"
#include "network/process.h"
#include "network/program/ca_memory.h"
#include "network/program/confine.h"
#include "network/program/inputs.h"
#include "network/program/names.h"
#include "network/program/openssl_conf.h"
#include "network/program/pool.h"
#include "network/program/privileges.h"
#include "network/program/url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool send_whole(int socket, const void *bytes, size_t length)
{
	return send(socket, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* The version, and whether FIPS is on, or the step that failed. */
static bool say_hello(int socket, const char *failed)
{
	struct network_hello hello = {
		.magic = failed == NULL ? HELLO_MAGIC : HELLO_STEP_FAILED,
		.reason = failed == NULL ? fips_is_active() : (uint32_t)errno,
	};

	snprintf(hello.text, sizeof hello.text, "%s", failed == NULL ? CHRONOCTL_VERSION : failed);
	return send_whole(socket, &hello, sizeof hello) && failed == NULL;
}

static bool say_of_job(int socket, uint32_t outcome, const char *reason)
{
	struct network_message message;

	message_init(&message, 0);
	message_set_failure(&message, outcome, reason);
	return send_whole(socket, &message, sizeof message);
}

/* An error in the job, or here, ends everything before a server is asked or a nonce is signed. */
static bool refuse(int socket, const struct chronosign_error *error)
{
	bool usage = chronosign_error_get_kind(error) == CHRONOSIGN_ERROR_USAGE;

	say_of_job(socket, usage ? MESSAGE_JOB_REFUSED : MESSAGE_JOB_FAILED,
		   chronosign_error_message(error));
	return false;
}

static bool prepare(const struct program_job *job, struct inputs *inputs, int socket)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	for (size_t i = 0; i < job->url_count; i++) {
		CLEANUP(cleanup_url) CURLU *url = url_of_nonce(job->urls[i], &error);
		if (url == NULL)
			return refuse(socket, error);
	}
	names_by_files_and_dns();
	names_within(job->timeout_seconds, "/etc/resolv.conf");
	return inputs_collect(inputs, job->ca_pem != NULL) &&
	       say_of_job(socket, MESSAGE_JOB_TAKEN, "");
}

static bool say_sandbox(int socket, unsigned sandbox)
{
	struct network_message message;

	message_init(&message, 0);
	message.outcome = MESSAGE_SANDBOX;
	message.reached = sandbox;
	return send_whole(socket, &message, sizeof message);
}

/* Whether the work may begin. */
static bool confine(const struct program_job *job, const struct inputs *inputs, int socket,
		    unsigned *sandbox)
{
	/* Afterwards this process cannot write files. */
	coverage_write();
	*sandbox = network_confine(inputs);
	return say_sandbox(socket, *sandbox) &&
	       (!job->require_sandbox || *sandbox == NETWORK_SANDBOX_WHOLE);
}

bool program_work(const struct program_job *job, int socket)
{
	struct inputs inputs = {0};
	struct ca_memory cas = {.file = -1};
	bool given = job->ca_pem != NULL;
	unsigned sandbox = 0;
	/* The sandbox forbids to create files in memory: they could be filled with code, and
	 * executed. */
	bool done = (!given || ca_memory_make(job->ca_pem, job->ca_length, &cas)) &&
		    prepare(job, &inputs, socket) && confine(job, &inputs, socket, &sandbox) &&
		    pool_run(job, &inputs, sandbox, given ? cas.path : NULL, socket);

	if (cas.file >= 0)
		close(cas.file);
	inputs_release(&inputs);
	return done;
}

int program_run(int socket)
{
	struct program_job job = {0};
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	const char *failed = privileges_give_up();
	bool configured = failed != NULL || openssl_conf_load(&error);
	bool done = say_hello(socket, failed) && job_receive(socket, &job) &&
		    (configured || refuse(socket, error)) && program_work(&job, socket);

	program_job_release(&job);
	return done ? 0 : 1;
}
