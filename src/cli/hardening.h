/* Done first: keeps memory out of core files, other processes and swap, and refuses privileges
 * that the caller does not have. */
#ifndef CLI_HARDENING_H
#define CLI_HARDENING_H

#include <stdbool.h>

/*
 * No core files, and no other process of the same user may look into this one or its children.
 * Makes OpenSSL wipe what it frees, which must be set before it allocates anything.
 */
void hardening_forbid_dumps(void);

/*
 * True if the process has no more privileges than its caller. Set-uid, set-gid and file capabilities are
 * refused: a module that the arguments name would have them. AT_SECURE alone, as SELinux sets it when
 * the domain changes, is no such privilege. False: told.
 */
bool hardening_check_privileges(void);

/* Accepts secrets in memory that cannot be locked, with one warning. */
void hardening_accept_unlocked_memory(void);

#endif
