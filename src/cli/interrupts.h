/* Holding interrupts back while something must be finished or taken back. */
#ifndef CLI_INTERRUPTS_H
#define CLI_INTERRUPTS_H

#include <chronosign/error.h>
#include <stdbool.h>

/* From here on SIGINT, SIGTERM, SIGHUP and SIGQUIT wait. */
void interrupts_hold(void);

/* True if one waits: then *error says so. */
bool interrupts_wait(chronosign_error **error);

/* Those that wait take effect now. */
void interrupts_release(void);

#endif
