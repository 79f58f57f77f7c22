/*
 * What the program can still reach once its privileges are gone: by Landlock, of the file system just
 * what it reads (inputs.h); by a seccomp filter, of the system calls just those that
 * libcurl, the resolver and threads make.
 */
#ifndef NETWORK_PROGRAM_CONFINE_H
#define NETWORK_PROGRAM_CONFINE_H

#include "network/program/inputs.h"

#include <stdbool.h>

/*
 * After its privileges and before its work: each of the two that the kernel and
 * the build have, for good. Where one is missing the other stands alone; network_confinement says
 * so.
 */
void network_confine(const struct inputs *inputs);

/* What confines it (network.h). It is found out by trying, so it also tells the truth where a container has
 * taken one of the two away. */
unsigned network_sandbox(void);

/* The same as a phrase, for --verbose. */
const char *network_confinement(void);

/* The two. False: the kernel or the build has it not. */
bool confine_files(const struct inputs *inputs);
bool confine_calls(void);

#endif
