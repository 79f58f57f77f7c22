/* The network process as its parent sees it: started, listened to, ended. What it does there is
 * fetch.h's. */
#ifndef PROCESS_NETWORK_H
#define PROCESS_NETWORK_H

#include <chronosign/nonce.h>
#include <stdbool.h>
#include <stddef.h>

/* What the process does; it ends, with this success, when it returns. */
typedef bool network_work(const void *context, int pipe);

/*
 * Forks a process that is isolated (isolate.h) and does the work, which is to write a message
 * (message.h) for each of `server_count` servers to the pipe. NULL with *error set if that cannot
 * be.
 */
chronosign_fetch *network_start(size_t server_count, network_work *work, const void *context,
				chronosign_error **error);

#endif
