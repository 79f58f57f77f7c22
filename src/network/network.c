/* The parent's end of the network process: forks it, believes none of its messages unchecked, and
 * ends it. */
#include "network/network.h"

#include "base/cleanup.h"
#include "base/coverage.h"
#include "base/error.h"
#include "base/text.h"
#include "network/message.h"
#include "network/program/authorities.h"
#include "network/program/confine.h"
#include "network/program/fetch.h"
#include "network/program/isolate.h"
#include "network/program/schedule.h"
#include "network/program/url.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct network {
	pid_t process; /* 0: gone and reaped, or never there */
	int pipe;      /* a socket: both ways */
	bool requests;
	bool watch;
	size_t server_count;
	size_t answer_count;
	size_t question_count;
	bool failed;
	bool finished;
	bool *answered; /* no question to the server is open */
};

DEFINE_CLEANUP(fetch, struct network *, network_free)

static struct network *fetch_new(size_t server_count)
{
	struct network *fetch = calloc(1, sizeof *fetch);

	if (fetch == NULL)
		return NULL;
	fetch->pipe = -1;
	fetch->server_count = server_count;
	fetch->question_count = server_count;
	fetch->answered = calloc(server_count, sizeof *fetch->answered);
	if (fetch->answered == NULL) {
		free(fetch);
		return NULL;
	}
	return fetch;
}

/* Ends the process if it still runs, and tells how it ended; 0 if nobody knows. */
static int end_process(struct network *fetch)
{
	int status = 0;

	pid_t process = fetch->process;

	fetch->process = 0;
	if (process == 0)
		return 0;
	/* Asked first: where SIGCHLD is ignored, a process that is gone has left its number to
	 * another. */
	pid_t ended = waitpid(process, &status, WNOHANG);
	if (ended == 0) {
		kill(process, SIGKILL);
		while ((ended = waitpid(process, &status, 0)) < 0 && errno == EINTR)
			;
	}
	return ended == process ? status : 0;
}

void network_free(struct network *fetch)
{
	if (fetch == NULL)
		return;
	end_process(fetch);
	if (fetch->pipe >= 0)
		close(fetch->pipe);
	free(fetch->answered);
	free(fetch);
}

__attribute__((noreturn)) static void be_network_process(pid_t parent, int pipe, network_work *work,
							 const void *context)
{
	/* No exit(3): the handlers and buffers are the parent's. */
	if (!isolate(parent, &pipe))
		_exit(1);
	/* The last file that this process could write. */
	coverage_write();
	network_confine();
	_exit(work(context, pipe) ? 0 : 1);
}

struct network *network_fork(size_t server_count, network_work *work, const void *context,
			     chronosign_error **error)
{
	CLEANUP(cleanup_fetch) struct network *fetch = fetch_new(server_count);
	pid_t parent = getpid();
	sigset_t all;
	sigset_t before;
	int ends[2];

	if (fetch == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		error_set(error, CHRONOSIGN_ERROR_OTHER,
			  "cannot make a pair of sockets for the network process: %s",
			  strerror(errno));
		return NULL;
	}
	fetch->pipe = ends[0];
	/* Handlers of the parent must not run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t process = fork();
	if (process == 0) {
		/* The parent's end, which closes its copy of the pipe, too. */
		network_free(fetch);
		be_network_process(parent, ends[1], work, context);
	}
	int reason = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	if (process < 0) {
		error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot start the network process: %s",
			  strerror(reason));
		return NULL;
	}
	fetch->process = process;
	return TAKE(fetch);
}

static bool check_urls(const struct network_job *servers, chronosign_error **error)
{
	for (size_t i = 0; i < servers->url_count; i++) {
		CLEANUP(cleanup_url) CURLU *url = url_of_nonce(servers->urls[i], error);
		if (url == NULL)
			return false;
	}
	return true;
}

static void free_urls(char ***urls)
{
	for (char **url = *urls; url != NULL && *url != NULL; url++)
		free(*url);
	free(*urls);
}

/* The URLs may stand in the environment, which the child overwrites: it works on copies. */
static char **copy_urls(const struct network_job *servers)
{
	CLEANUP(free_urls) char **copies = calloc(servers->url_count + 1, sizeof *copies);

	for (size_t i = 0; copies != NULL && i < servers->url_count; i++)
		if ((copies[i] = strdup(servers->urls[i])) == NULL)
			return NULL;
	return TAKE(copies);
}

static bool work_on_job(const void *job, int pipe)
{
	return fetch_run(job, pipe);
}

static unsigned poll_seconds(const struct network_job *servers)
{
	if (!servers->watch)
		return 0;
	return servers->poll_seconds == 0 ? SCHEDULE_CEILING_SECONDS : servers->poll_seconds;
}

struct network *network_start(const struct network_job *servers, chronosign_error **error)
{
	CLEANUP(cleanup_text) char *pem = NULL;
	size_t length = 0;

	if (servers->url_count == 0 || servers->timeout_seconds == 0) {
		error_set(error, CHRONOSIGN_ERROR_USAGE,
			  servers->url_count == 0 ? "there is no server to ask"
						  : "the time-out is 0 seconds: give 1 or more");
		return NULL;
	}
	if (!check_urls(servers, error))
		return NULL;
	if (servers->ca_file != NULL) {
		pem = authorities_read(servers->ca_file, &length, error);
		if (pem == NULL)
			return NULL;
	}
	CLEANUP(free_urls) char **urls = copy_urls(servers);
	if (urls == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	const fetch_job job = {
		.urls = (const char *const *)urls,
		.url_count = servers->url_count,
		.ca_pem = pem,
		.ca_length = length,
		.timeout_seconds = servers->timeout_seconds,
		.skip_verify = servers->skip_verify,
		.verbose = servers->verbose,
		.requests = servers->requests || servers->watch,
		.poll_seconds = poll_seconds(servers),
	};
	struct network *fetch = network_fork(servers->url_count, work_on_job, &job, error);
	if (fetch != NULL) {
		fetch->requests = job.requests;
		fetch->watch = servers->watch;
	}
	return fetch;
}

static bool all_answered(const struct network *fetch)
{
	return fetch->watch ? fetch->finished : fetch->answer_count == fetch->question_count;
}

/* The process has hung up before every question was answered. */
static bool ended_early(struct network *fetch, chronosign_error **error)
{
	int status = end_process(fetch);

	if (WIFSIGNALED(status))
		return error_set(error, CHRONOSIGN_ERROR_OTHER,
				 "the network process died: signal %d (%s)", WTERMSIG(status),
				 strsignal(WTERMSIG(status)));
	return error_set(error, CHRONOSIGN_ERROR_OTHER,
			 "the network process ended (status %d) with %zu of %zu servers unanswered",
			 WEXITSTATUS(status), fetch->question_count - fetch->answer_count,
			 fetch->server_count);
}

/* False with *error NULL: it has hung up, and that is right. */
static bool receive(struct network *fetch, network_message *message, chronosign_error **error)
{
	ssize_t got;

	/* MSG_TRUNC: the length that was sent, even if it is more than there is room for. */
	do
		got = recv(fetch->pipe, message, sizeof *message, MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(error, CHRONOSIGN_ERROR_OTHER,
				 "cannot hear the network process: %s", strerror(errno));
	if (got == 0)
		return fetch->finished && all_answered(fetch) ? false : ended_early(fetch, error);
	if (!message_check(message, (size_t)got, fetch->server_count, error))
		return false;
	bool again = fetch->answered[message->server];
	fetch->answered[message->server] = true;
	return !again || fetch->watch || message_wrong("a second answer of one server", error);
}

bool network_next(struct network *fetch, struct network_answer *answer, chronosign_error **error)
{
	CLEANUP(cleanup_error) chronosign_error *reason = NULL;
	network_message message;

	if (fetch->failed)
		return error_set(error, CHRONOSIGN_ERROR_OTHER,
				 "the network process has been ended");
	if (all_answered(fetch) && (!fetch->requests || fetch->finished))
		return false;
	if (receive(fetch, &message, &reason)) {
		fetch->answer_count++;
		message_to_answer(&message, answer);
		return true;
	}
	if (reason == NULL)
		return false;
	fetch->failed = true;
	end_process(fetch);
	if (error != NULL)
		*error = TAKE(reason);
	return false;
}

int network_descriptor(const struct network *fetch)
{
	return fetch->pipe;
}

static bool send_request(struct network *fetch, const network_request *request,
			 chronosign_error **error)
{
	ssize_t sent;

	fetch->answered[request->server] = false;
	fetch->question_count++;
	do
		sent = send(fetch->pipe, request, sizeof *request, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)sizeof *request ||
	       error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot speak to the network process: %s",
			 strerror(errno));
}

bool network_ask_again(struct network *fetch, size_t server, chronosign_error **error)
{
	network_request request;

	return request_init(&request, REQUEST_NONCE, server, NULL, NULL) &&
	       send_request(fetch, &request, error);
}

bool network_try_token(struct network *fetch, size_t server, const char *nonce, const char *token,
		       chronosign_error **error)
{
	network_request request;

	if (!request_init(&request, REQUEST_CHECK, server, nonce, token))
		return error_set(error, CHRONOSIGN_ERROR_USAGE,
				 "what is to be checked is no token");
	return send_request(fetch, &request, error);
}

void network_finish(struct network *fetch)
{
	if (!fetch->finished)
		shutdown(fetch->pipe, SHUT_WR);
	fetch->finished = true;
}

void network_answer_clear(struct network_answer *answer)
{
	chronosign_error_free(answer->error);
	memset(answer, 0, sizeof *answer);
}
