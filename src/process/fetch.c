/*
 * Asks many servers at once, within bounds: a slot is taken by a server from the first packet until
 * its message is in the pipe. One exchange is the matter of transfer.c.
 */
#include "process/fetch.h"

#include "process/authorities.h"
#include "process/transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <unistd.h>

typedef enum { SLOT_FREE, SLOT_RUNNING, SLOT_READY } slot_state;

typedef struct {
	slot_state state;
	server_transfer *transfer;
} fetch_slot;

typedef struct {
	const fetch_job *job;
	transfer_settings settings;
	CURLM *multi;
	int pipe;
	size_t next; /* server to ask */
	size_t sent; /* messages */
	size_t ready;
	fetch_slot slots[FETCH_CONCURRENT];
} fetch_pool;

static void set_ready(fetch_pool *pool, fetch_slot *slot)
{
	slot->state = SLOT_READY;
	pool->ready++;
}

/* Lets libcurl run the slot's hop. */
static bool run(fetch_pool *pool, fetch_slot *slot)
{
	CURL *easy = transfer_handle(slot->transfer);

	slot->state = SLOT_RUNNING;
	return curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)slot) == CURLE_OK &&
	       curl_multi_add_handle(pool->multi, easy) == CURLM_OK;
}

/* Gives the next server to a free slot. */
static bool start(fetch_pool *pool, fetch_slot *slot)
{
	if (slot->transfer == NULL)
		slot->transfer = transfer_new(&pool->settings);
	if (slot->transfer == NULL)
		return false;
	size_t server = pool->next++;
	if (transfer_prepare(slot->transfer, server, pool->job->urls[server]))
		return run(pool, slot);
	set_ready(pool, slot);
	return true;
}

static bool start_all(fetch_pool *pool)
{
	for (size_t i = 0; i < FETCH_CONCURRENT && pool->next < pool->job->url_count; i++)
		if (pool->slots[i].state == SLOT_FREE && !start(pool, &pool->slots[i]))
			return false;
	return true;
}

static bool finish(fetch_pool *pool, CURL *easy, CURLcode result)
{
	char *private = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private) != CURLE_OK ||
	    curl_multi_remove_handle(pool->multi, easy) != CURLM_OK)
		return false;
	fetch_slot *slot = (void *)private;
	if (transfer_finish(slot->transfer, result))
		return run(pool, slot);
	set_ready(pool, slot);
	return true;
}

static bool finish_all(fetch_pool *pool)
{
	CURLMsg *news;
	int left;

	while ((news = curl_multi_info_read(pool->multi, &left)) != NULL)
		if (news->msg == CURLMSG_DONE &&
		    !finish(pool, news->easy_handle, news->data.result))
			return false;
	return true;
}

/* True: written, or *full. The pipe takes a message whole or not at all (pipe(7)). */
static bool send_message(int pipe, const network_message *message, bool *full)
{
	ssize_t written;

	do
		written = write(pipe, message, sizeof *message);
	while (written < 0 && errno == EINTR);
	*full = written < 0 && errno == EAGAIN;
	return *full || written == (ssize_t)sizeof *message;
}

static bool send_all(fetch_pool *pool)
{
	bool full = false;

	for (size_t i = 0; i < FETCH_CONCURRENT && !full; i++) {
		fetch_slot *slot = &pool->slots[i];
		if (slot->state != SLOT_READY)
			continue;
		if (!send_message(pool->pipe, transfer_message(slot->transfer), &full))
			return false;
		if (full)
			break;
		slot->state = SLOT_FREE;
		pool->ready--;
		pool->sent++;
	}
	return true;
}

/* Waits until the network has something to do or, if a message waits, the pipe has room. */
static bool wait_for_events(fetch_pool *pool)
{
	struct curl_waitfd room = {.fd = pool->pipe, .events = CURL_WAIT_POLLOUT};

	return curl_multi_poll(pool->multi, &room, pool->ready > 0 ? 1 : 0, 1000, NULL) == CURLM_OK;
}

static bool serve(fetch_pool *pool)
{
	int running;

	while (start_all(pool)) {
		/* Returns at once where a hop has been added since libcurl last ran. */
		if (!wait_for_events(pool) ||
		    curl_multi_perform(pool->multi, &running) != CURLM_OK || !finish_all(pool) ||
		    !send_all(pool))
			return false;
		if (pool->sent == pool->job->url_count)
			return true;
	}
	return false;
}

static void free_slots(fetch_pool *pool)
{
	for (size_t i = 0; i < FETCH_CONCURRENT; i++) {
		fetch_slot *slot = &pool->slots[i];
		if (slot->state == SLOT_RUNNING)
			curl_multi_remove_handle(pool->multi, transfer_handle(slot->transfer));
		transfer_free(slot->transfer);
	}
}

static bool run_pool(const fetch_job *job, const char *ca_file, int pipe)
{
	fetch_pool pool = {
		.job = job,
		.settings =
			{
				.timeout_seconds = job->timeout_seconds,
				.ca_file = ca_file,
				.skip_verify = job->skip_verify,
				.verbose = job->verbose,
				.proxies = proxy_settings_read(),
			},
		.multi = curl_multi_init(),
		.pipe = pipe,
	};

	bool done = pool.multi != NULL &&
		    curl_multi_setopt(pool.multi, CURLMOPT_MAXCONNECTS, (long)FETCH_CONCURRENT) ==
			    CURLM_OK &&
		    serve(&pool);
	free_slots(&pool);
	curl_multi_cleanup(pool.multi);
	return done;
}

/* As a file and not as libcurl's "blob": of a file libcurl keeps what it has read for the next
 * server. */
static bool run_with_authorities(const fetch_job *job, int pipe)
{
	authorities_file authorities = {.file = -1};

	if (job->ca_pem == NULL)
		return run_pool(job, NULL, pipe);
	bool done = authorities_publish(job->ca_pem, job->ca_length, &authorities) &&
		    run_pool(job, authorities.path, pipe);
	if (authorities.file >= 0)
		close(authorities.file);
	return done;
}

bool fetch_run(const fetch_job *job, int pipe)
{
	int flags = fcntl(pipe, F_GETFL);

	if (flags < 0 || fcntl(pipe, F_SETFL, flags | O_NONBLOCK) != 0)
		return false;
	/* openssl.cnf may load a PKCS#11 provider or engine, PIN included: not into this process.
	 */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return false;
	bool done = run_with_authorities(job, pipe);
	curl_global_cleanup();
	return done;
}
