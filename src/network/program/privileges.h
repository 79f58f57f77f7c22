/* The privileges that the program drops before it gets its job. confine.h restricts what it can
 * still reach. */
#ifndef NETWORK_PROGRAM_PRIVILEGES_H
#define NETWORK_PROGRAM_PRIVILEGES_H

/*
 * Gives up dumps, new privileges and capabilities, and unblocks signals, except those that are
 * meant for the command. NULL, or the step that failed, with errno set.
 */
const char *privileges_give_up(void);

#endif
