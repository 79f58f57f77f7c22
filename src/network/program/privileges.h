/* What the program gives up before it hears of its job. What it can still reach is confine.h's. */
#ifndef NETWORK_PROGRAM_PRIVILEGES_H
#define NETWORK_PROGRAM_PRIVILEGES_H

/*
 * Gives up dumps, new privileges and capabilities, and lets signals in, except those that are meant for
 * the command. NULL, or the step that failed, with errno set.
 */
const char *privileges_give_up(void);

#endif
