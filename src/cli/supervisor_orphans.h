/* What a PIN command has left when the command's process was ended while it ran. For supervisor.c alone. */
#ifndef CLI_SUPERVISOR_ORPHANS_H
#define CLI_SUPERVISOR_ORPHANS_H

#include "cli/supervisor.h"

/* Before the child is ended: its PIN command, and what that has started, become this process's children. */
void supervisor_adopt(const struct supervisor *supervisor);

/*
 * Afterwards: ends those that a signal from the terminal would have reached, too. Others have left the process group to live on,
 * as gpg-agent does.
 */
void supervisor_end_orphans(const struct supervisor *supervisor);

#endif
