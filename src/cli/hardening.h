/* What the process does first: it keeps its memory from core files, from other processes and from the swap, and
 * refuses rights that its caller does not have. */
#ifndef CLI_HARDENING_H
#define CLI_HARDENING_H

#include <stdbool.h>

/*
 * No core files, and no other process of the same user may look into this one or its children. What
 * OpenSSL frees is wiped, which has to be said before it allocates anything.
 */
void hardening_forbid_dumps(void);

/*
 * True if the process has no more privileges than its caller. Set-uid, set-gid and file capabilities are
 * refused: a module that the arguments name would have them. AT_SECURE alone, as SELinux sets it when
 * the domain changes, is no such privilege. False: told.
 */
bool hardening_check_privileges(void);

/* From here on secrets may be kept in memory that cannot be locked, which is warned of once. */
void hardening_accept_unlocked_memory(void);

#endif
