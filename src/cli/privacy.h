/* What keeps secrets out of what the system shows of a process: core files, environment, argument
 * list. */
#ifndef CLI_PRIVACY_H
#define CLI_PRIVACY_H

#include <stdbool.h>

/*
 * No core files, and no other process of the same user may look into this one or its children. What
 * OpenSSL frees is wiped, which has to be said before it allocates anything.
 */
void privacy_forbid_dumps(void);

/*
 * True if the process has no more privileges than its caller. Set-uid, set-gid and file capabilities are
 * refused: a module that the arguments name would have them. AT_SECURE alone, as SELinux sets it when
 * the domain changes, is no such privilege. False: told.
 */
bool privacy_check_privileges(void);

/* From here on secrets may be kept in memory that cannot be locked, which is warned of once. */
void privacy_accept_unlocked_memory(void);

/* True if the text has a pin-value attribute of a PKCS#11 URI in it. */
bool privacy_has_pin_value(const char *text);

/* Overwrites the value of each pin-value of a PKCS#11 URI in an argument or a variable. */
void privacy_forget_pin_values(char *text);

/* The same for a message, which goes on behind the URI: a value that is all asterisks, as the library
 * leaves it, stays. */
void privacy_mask_message(char *message);

#endif
