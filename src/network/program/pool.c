/*
 * Asks many servers at once, within bounds: a server occupies a slot from the first packet until
 * its message is in the socket. transfer.c handles one exchange.
 */
#include "network/program/pool.h"

#include "base/clock.h"
#include "network/program/confine.h"
#include "network/program/curl_options.h"
#include "network/program/schedule.h"
#include "network/program/transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* How often the inputs are checked before a server is asked. */
#define INPUTS_EVERY_MS 1000

enum slot_state { SLOT_FREE, SLOT_RUNNING, SLOT_READY };

struct pool_slot {
	enum slot_state state;
	struct transfer *transfer;
	struct schedule_turn turn;
	bool is_check;
};

struct pool {
	const struct program_job *job;
	const struct inputs *inputs;
	int64_t looked_at; /* the inputs, at that time */
	enum { INPUTS_AS_READ, INPUTS_CHANGED, INPUTS_CHANGE_TOLD } state;
	struct transfer_settings settings;
	CURLM *multi;
	int socket;
	bool requests_open; /* more requests may come */
	struct schedule schedule;
	size_t busy;  /* slots in use */
	size_t ready; /* slots whose message waits for room in the socket */
	struct pool_slot slots[JOB_CONCURRENT];
};

/* Plans when a nonce's server is asked next. False: no message is needed. */
static bool plan(struct pool *pool, const struct pool_slot *slot)
{
	const struct network_message *message = transfer_message(slot->transfer);

	if (slot->is_check)
		return true;
	if (message->outcome == MESSAGE_NONCE)
		return schedule_answered(
			&pool->schedule, &slot->turn,
			&(struct schedule_answer){
				.nonce = message->nonce,
				.valid_for = message->at_least == 1 ? -1 : message->valid_for,
			},
			milliseconds());
	schedule_failed(&pool->schedule, slot->turn.server, milliseconds());
	return true;
}

static void conclude(struct pool *pool, struct pool_slot *slot)
{
	if (plan(pool, slot)) {
		slot->state = SLOT_READY;
		pool->ready++;
	} else {
		slot->state = SLOT_FREE;
		pool->busy--;
	}
}

/* Hands the slot's hop to libcurl. */
static bool run(struct pool *pool, struct pool_slot *slot)
{
	CURL *easy = transfer_handle(slot->transfer);

	slot->state = SLOT_RUNNING;
	return curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)slot) == CURLE_OK &&
	       curl_multi_add_handle(pool->multi, easy) == CURLM_OK;
}

/* Gives a slot to a server; `request` is NULL for the question for its nonce. */
static bool start(struct pool *pool, struct pool_slot *slot, const struct schedule_turn *turn,
		  const struct network_request *request)
{
	const char *base = pool->job->urls[turn->server];

	if (slot->transfer == NULL)
		slot->transfer = transfer_new(&pool->settings);
	if (slot->transfer == NULL)
		return false;
	slot->turn = *turn;
	slot->is_check = request != NULL;
	pool->busy++;
	if (request != NULL ? transfer_prepare_check(slot->transfer, request, base)
			    : transfer_prepare(slot->transfer, turn->server, base))
		return run(pool, slot);
	conclude(pool, slot);
	return true;
}

static struct pool_slot *free_slot(struct pool *pool)
{
	for (size_t i = 0; i < JOB_CONCURRENT; i++)
		if (pool->slots[i].state == SLOT_FREE)
			return &pool->slots[i];
	return NULL;
}

/* Takes requests, as far as there are free slots. */
static bool take_requests(struct pool *pool)
{
	struct network_request request;
	struct pool_slot *slot;

	while (pool->requests_open && (slot = free_slot(pool)) != NULL) {
		ssize_t got = recv(pool->socket, &request, sizeof request, MSG_DONTWAIT);
		if (got < 0)
			return errno == EAGAIN || errno == EINTR;
		if (got == 0) {
			pool->requests_open = false;
			return true;
		}
		if (!request_check(&request, (size_t)got, pool->job->url_count))
			return false;
		if (request.kind == REQUEST_NONCE)
			schedule_hurry(&pool->schedule, request.server, milliseconds());
		else if (request.kind == REQUEST_NEXT) {
			if (!schedule_await(&pool->schedule, request.server, request.nonce,
					    milliseconds() + request.wait_ms))
				return false;
		} else if (!start(pool, slot, &(struct schedule_turn){.server = request.server},
				  &request))
			return false;
	}
	return true;
}

/* The sandbox gives access to the files that existed when it was made. */
static void look_at_inputs(struct pool *pool, int64_t now)
{
	if (pool->job->poll_seconds == 0 || pool->state != INPUTS_AS_READ ||
	    now - pool->looked_at < INPUTS_EVERY_MS)
		return;
	pool->looked_at = now;
	if (inputs_have_changed(pool->inputs))
		pool->state = INPUTS_CHANGED;
}

/* Requests come before servers that are due. The key process reads a message for each request it
 * sends, so both directions of the socket can never be full at once. */
static bool start_all(struct pool *pool)
{
	int64_t now = milliseconds();
	struct pool_slot *slot;
	struct schedule_turn turn;

	if (!take_requests(pool))
		return false;
	look_at_inputs(pool, now);
	/* Then this program ends, and the next one asks. */
	if (pool->state != INPUTS_AS_READ)
		return true;
	while ((slot = free_slot(pool)) != NULL && schedule_take(&pool->schedule, now, &turn))
		if (!start(pool, slot, &turn, NULL))
			return false;
	return true;
}

static bool finish(struct pool *pool, CURL *easy, CURLcode result)
{
	char *private = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private) != CURLE_OK ||
	    curl_multi_remove_handle(pool->multi, easy) != CURLM_OK)
		return false;
	struct pool_slot *slot = (void *)private;
	if (transfer_finish(slot->transfer, result))
		return run(pool, slot);
	conclude(pool, slot);
	return true;
}

static bool finish_all(struct pool *pool)
{
	CURLMsg *news;
	int left;

	while ((news = curl_multi_info_read(pool->multi, &left)) != NULL)
		if (news->msg == CURLMSG_DONE &&
		    !finish(pool, news->easy_handle, news->data.result))
			return false;
	return true;
}

/* True: written, or *full. The socket takes a message whole or not at all (unix(7)). */
static bool send_message(int socket, const struct network_message *message, bool *full)
{
	ssize_t written;

	do
		written = write(socket, message, sizeof *message);
	while (written < 0 && errno == EINTR);
	*full = written < 0 && errno == EAGAIN;
	return *full || written == (ssize_t)sizeof *message;
}

static bool tell_of_inputs(struct pool *pool)
{
	struct network_message message;
	bool full;

	message_init(&message, 0);
	message.outcome = MESSAGE_FILES_REPLACED;
	if (!send_message(pool->socket, &message, &full))
		return false;
	if (!full)
		pool->state = INPUTS_CHANGE_TOLD;
	return true;
}

static bool send_all(struct pool *pool)
{
	bool full = false;

	if (pool->state == INPUTS_CHANGED && !tell_of_inputs(pool))
		return false;

	for (size_t i = 0; i < JOB_CONCURRENT && !full; i++) {
		struct pool_slot *slot = &pool->slots[i];
		if (slot->state != SLOT_READY)
			continue;
		if (!send_message(pool->socket, transfer_message(slot->transfer), &full))
			return false;
		if (full)
			break;
		slot->state = SLOT_FREE;
		pool->ready--;
		pool->busy--;
	}
	return true;
}

/* Waits until the network has something to do, a server is due, a request can be taken or, if a
 * message waits, the socket has room. */
static bool wait_for_events(struct pool *pool)
{
	bool waits_for_room = pool->ready > 0 || pool->state == INPUTS_CHANGED;
	bool has_slot = pool->busy < JOB_CONCURRENT;
	int64_t wait = has_slot ? schedule_wait(&pool->schedule, milliseconds()) : INT64_MAX;
	struct curl_waitfd other = {.fd = pool->socket};

	if (waits_for_room)
		other.events |= CURL_WAIT_POLLOUT;
	if (pool->requests_open && has_slot)
		other.events |= CURL_WAIT_POLLIN;
	return curl_multi_poll(pool->multi, &other, other.events != 0 ? 1 : 0,
			       wait < INT_MAX ? (int)wait : INT_MAX, NULL) == CURLM_OK;
}

static bool is_done(const struct pool *pool)
{
	bool watching = pool->job->poll_seconds != 0;

	if (pool->requests_open || pool->busy > 0)
		return false;
	return (watching && pool->job->requests) || schedule_wait(&pool->schedule, 0) == INT64_MAX;
}

static bool serve(struct pool *pool)
{
	int running;

	while (start_all(pool)) {
		if (is_done(pool))
			return true;
		/* Returns at once if a hop has been added since libcurl last ran. */
		if (!wait_for_events(pool) ||
		    curl_multi_perform(pool->multi, &running) != CURLM_OK || !finish_all(pool) ||
		    !send_all(pool))
			return false;
	}
	return false;
}

static void free_slots(struct pool *pool)
{
	for (size_t i = 0; i < JOB_CONCURRENT; i++) {
		struct pool_slot *slot = &pool->slots[i];
		if (slot->state == SLOT_RUNNING)
			curl_multi_remove_handle(pool->multi, transfer_handle(slot->transfer));
		transfer_free(slot->transfer);
	}
}

static bool run_pool(const struct program_job *job, const struct inputs *inputs, unsigned sandbox,
		     const char *ca_file, int socket)
{
	struct pool pool = {
		.job = job,
		.inputs = inputs,
		.settings =
			{
				.timeout_seconds = job->timeout_seconds,
				.ca_file = ca_file,
				.pinned_pubkey = job->pinned_pubkey,
				.skip_verify = job->skip_verify,
				.verbose = job->verbose,
				.confinement = job->verbose ? network_confinement(sandbox) : NULL,
			},
		.multi = curl_multi_init(),
		.socket = socket,
		.requests_open = job->requests,
	};

	bool done = schedule_init(&pool.schedule, job->url_count, job->poll_seconds) &&
		    pool.multi != NULL &&
		    curl_multi_setopt(pool.multi, CURLMOPT_MAXCONNECTS, (long)JOB_CONCURRENT) ==
			    CURLM_OK &&
		    serve(&pool);
	free_slots(&pool);
	curl_multi_cleanup(pool.multi);
	schedule_release(&pool.schedule);
	return done;
}

bool pool_run(const struct program_job *job, const struct inputs *inputs, unsigned sandbox,
	      const char *ca_file, int socket)
{
	int flags = fcntl(socket, F_GETFL);

	srandom((unsigned)getpid() ^ (unsigned)milliseconds());

	if (flags < 0 || fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0)
		return false;
	proxy_variables_prepare();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return false;
	bool done = run_pool(job, inputs, sandbox, ca_file, socket);
	curl_global_cleanup();
	return done;
}
