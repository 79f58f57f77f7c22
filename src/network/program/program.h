/* The whole of chronoctl-network, from its first message to its last. */
#ifndef NETWORK_PROGRAM_PROGRAM_H
#define NETWORK_PROGRAM_PROGRAM_H

#include "network/job.h"

#include <stdbool.h>

/* Works for the process at the other end of the socket, and returns the exit status. */
int program_run(int socket);

/* The same from the job on. False: something failed, which was said where that was possible. */
bool program_work(const struct program_job *job, int socket);

#endif
