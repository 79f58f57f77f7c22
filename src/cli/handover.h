/* The commands that are InfluxData's chronoctl's alone. */
#ifndef CLI_HANDOVER_H
#define CLI_HANDOVER_H

/*
 * Executes InfluxData's chronoctl with these arguments, the first two of which are the program's
 * name and the command's; to be called before the process changes anything that the other program
 * would inherit. Returns only if that fails, which has been told: the exit status.
 */
int handover_run(char **arguments);

#endif
