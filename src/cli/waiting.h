/*
 * Waiting is seen: what takes longer than half a second is shown on the terminal, in one line that is drawn over,
 * with the seconds. The command's process says what it waits for; the supervisor's draws, since a call into a module
 * blocks the other. Nothing is shown where standard error is no terminal, or a dumb one.
 */
#ifndef CLI_WAITING_H
#define CLI_WAITING_H

#include <stdbool.h>
#include <stdint.h>

/* What is waited for; nothing, if the text is empty. */
struct waiting {
	char text[192];
	char hint[32];
	int64_t since;
};

/* Before the fork; without it nothing is ever shown. */
void waiting_prepare(void);

/* ---- In the command's process ---- */

/*
 * `CLEANUP(waiting_end) struct waiting before = waiting_for(…)`: what is waited for from here to the end of the block.
 * `hint` is the option that says how long that may be, or NULL.
 */
struct waiting waiting_for(const char *hint, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));
void waiting_end(const struct waiting *before);

/* Other words for the same wait. */
void waiting_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The terminal is somebody else's for a while: a person types a PIN. */
void waiting_lend(bool lent);

/* Around what is written to the terminal: takes the line away, and keeps it away. */
void waiting_step_aside(void);
void waiting_step_back(void);

/* ---- In the supervisor's ---- */

/* Draws, if it is time. Returns the milliseconds until it should be called again; WAITING_REST_MS: nothing is ever
 * shown. */
#define WAITING_REST_MS 1000
long waiting_draw(void);

/* The other process has stopped or ended: takes the line away, whatever that one was about. */
void waiting_clear(void);

#endif
