/* The work of the program: servers asked and tokens tried, a message for each. */
#ifndef NETWORK_PROGRAM_POOL_H
#define NETWORK_PROGRAM_POOL_H

#include "network/job.h"
#include "network/program/inputs.h"

#include <stdbool.h>

/* So many servers are asked at once; memory does not grow with their number beyond that. */
#define POOL_CONCURRENT 64

/*
 * Asks the servers and writes a message for each to the socket as it is ready, and one for each
 * request that comes in. Ends when all is answered for and no request can come any more, which ends
 * watching, too. False if the socket broke, libcurl could not start, or a request was none. Where
 * servers are watched, a message says once that an input is not what it was. A
 * reader that is slow holds up new exchanges, never those under way. `ca_file` holds the job's CAs; NULL:
 * the machine's are trusted.
 */
bool pool_run(const struct program_job *job, const struct inputs *inputs, const char *ca_file,
	      int socket);

#endif
