/* One exchange with one server: the request for its nonce, which may be redirected, or the trial of
 * a token, which may not, and the message about it. */
#ifndef NETWORK_PROGRAM_TRANSFER_H
#define NETWORK_PROGRAM_TRANSFER_H

#include "network/message.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* The most that is read of an answer's body. */
#define TRANSFER_BODY_MAX 4096
#define TRANSFER_REDIRECTS_MAX 10

/* What all exchanges of a job have in common. */
struct transfer_settings {
	unsigned timeout_seconds;
	const char *ca_file;       /* PEM file of the CAs to trust; NULL: the machine's */
	const char *pinned_pubkey; /* NULL: none */
	bool skip_verify;
	bool verbose;
	const char *confinement; /* what confines this process, reported with the first exchange */
};

struct transfer;

/* A transfer, to be used for one server after another. NULL if memory is out. */
struct transfer *transfer_new(const struct transfer_settings *settings);
void transfer_free(struct transfer *transfer);

/* Prepares the question to a server. True: libcurl has to run its handle. False: it cannot be
 * asked, and the message says why. */
bool transfer_prepare(struct transfer *transfer, size_t server, const char *base);

/* The same to try the request's token on its server. */
bool transfer_prepare_check(struct transfer *transfer, const struct network_request *request,
			    const char *base);

/* Takes libcurl's result. True: there is one more hop to run. False: it is over, and the message is
 * ready. */
bool transfer_finish(struct transfer *transfer, CURLcode result);

/* The handle of this hop; its CURLOPT_PRIVATE is free for the caller. */
CURL *transfer_handle(struct transfer *transfer);

const struct network_message *transfer_message(const struct transfer *transfer);

#endif
