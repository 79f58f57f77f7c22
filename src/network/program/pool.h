/* The work of the program: servers asked and tokens tried, a message for each. */
#ifndef NETWORK_PROGRAM_POOL_H
#define NETWORK_PROGRAM_POOL_H

#include "network/job.h"
#include "network/program/inputs.h"

#include <stdbool.h>

/*
 * Asks the servers and writes a message for each to the socket as it is ready, and one for each
 * request that comes in. Ends when everything is answered and no more requests can come, which also
 * ends watching. False if the socket broke, libcurl could not start, or a request was invalid.
 * Where servers are watched, a message says once that an input is not what it was. A slow reader
 * delays new exchanges, never those under way. `ca_file` holds the job's CAs; NULL: the machine's
 * are trusted.
 */
bool pool_run(const struct program_job *job, const struct inputs *inputs, const char *ca_file,
	      int socket);

#endif
