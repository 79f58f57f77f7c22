/* The commands that only InfluxData's chronoctl has. */
#ifndef CLI_HANDOVER_H
#define CLI_HANDOVER_H

/*
 * Executes InfluxData's chronoctl with these arguments, the first two of which are the program's
 * name and the command's; to be called before the process changes anything that the other program
 * would inherit. Returns the exit status only if that fails, which has been reported.
 */
int handover_run(char **arguments);

#endif
