/* Puts connections to sleep, so that an answer can be delayed without delaying others. */
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
 * Suspends the connection, and resumes it after this number of milliseconds or at the end. Call it
 * from an MHD callback of that connection. False: later_end was called, and the connection was not
 * suspended.
 */
bool later_resume(struct later *later, struct MHD_Connection *connection, uint64_t milliseconds);

/* Resumes all: MHD must not be stopped while a connection sleeps. From here on none can be
 * suspended. */
void later_end(struct later *later);

/* Call this when no MHD callback can run any more. */
void later_free(struct later *later);

#endif
