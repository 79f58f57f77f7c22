/* Connections put to sleep, so that an answer can wait without anybody else waiting for it. */
#ifndef STANDIN_LATER_H
#define STANDIN_LATER_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#define LATER_NEVER UINT64_MAX

struct later;

/* Starts the thread that wakes them. NULL: it could not. */
struct later *later_start(void);

/*
 * Suspends the connection and resumes it in so many milliseconds, or when all is over. Call from an
 * MHD callback of that connection. False: all is over already, the connection was not suspended.
 */
bool later_resume(struct later *later, struct MHD_Connection *connection, uint64_t milliseconds);

/* Resumes all: MHD must not be stopped while a connection sleeps. From here on none can be put to
 * sleep. */
void later_end(struct later *later);

/* Call when no MHD callback can run any more. */
void later_free(struct later *later);

#endif
