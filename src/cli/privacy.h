/* What keeps secrets out of what the system shows of a process: core files, environment, argument
 * list. */
#ifndef CLI_PRIVACY_H
#define CLI_PRIVACY_H

/*
 * No core files, and no other process of the same user may look into this one or its children. What
 * OpenSSL frees is wiped, which has to be said before it allocates anything.
 */
void privacy_forbid_dumps(void);

/* Overwrites the value of each pin-value of a PKCS#11 URI in the text. */
void privacy_forget_pin_values(char *text);

/* Overwrites the variable's value where it stands, if it is set. */
void privacy_forget_variable(const char *name);

/*
 * Overwrites what of the arguments and the environment is or may be a PIN: for a process that needs
 * neither. The one that does takes them with chronosign_key_new and chronosign_secret_take, which
 * overwrite too.
 */
void privacy_forget_arguments(int count, char **arguments);

#endif
