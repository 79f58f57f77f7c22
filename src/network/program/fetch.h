/* The work of the network process: servers asked and tokens tried, a message for each. */
#ifndef NETWORK_PROGRAM_FETCH_H
#define NETWORK_PROGRAM_FETCH_H

#include <stdbool.h>
#include <stddef.h>

/* So many servers are asked at once; memory does not grow with their number beyond that. */
#define FETCH_CONCURRENT 64

typedef struct {
	const char *const *urls; /* base URLs */
	size_t url_count;
	const char *ca_pem; /* PEM text of the CAs to trust; NULL: the machine's */
	size_t ca_length;
	unsigned timeout_seconds;
	bool skip_verify;
	bool verbose;
	bool requests;         /* the pipe is a socket that brings requests, too */
	unsigned poll_seconds; /* ask again and again, at least so often; 0: once */
} fetch_job;

/*
 * Asks the servers and writes a message for each to the pipe as it is ready, and one for each
 * request that comes in. Ends when all is answered for and no request can come any more, which ends
 * watching, too. False if the pipe broke, libcurl could not start, or a request was none. A reader
 * that is slow holds up new exchanges, never those under way.
 */
bool fetch_run(const fetch_job *job, int pipe);

#endif
