/* The work of the program: servers asked and tokens tried, a message for each. */
#ifndef NETWORK_PROGRAM_POOL_H
#define NETWORK_PROGRAM_POOL_H

#include "network/job.h"
#include "network/program/inputs.h"

#include <stdbool.h>

/*
 * Asks the servers, and writes a message to the socket for each of them and for each request. Ends
 * when everything is answered and no more requests can come, even if servers are watched. False if
 * the socket broke, libcurl could not start, or a request was invalid. With watched servers, one
 * message tells that an input has been replaced. A slow reader delays new exchanges, never those
 * under way. `ca_file` holds the job's CAs; NULL: the machine's are trusted.
 * `sandbox` is what confines the program (network.h).
 */
bool pool_run(const struct program_job *job, const struct inputs *inputs, unsigned sandbox,
	      const char *ca_file, int socket);

#endif
