/* `chronoctl --version`. */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

/* Prints the version, and each backend with the library it stands on, on standard output. */
void version_print(void);

#endif
