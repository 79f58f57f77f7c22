/*
 * What the program can still reach once its privileges are gone: by Landlock, only the files that
 * it reads (inputs.h); by a seccomp filter, only the system calls that libcurl, the resolver and
 * threads make.
 */
#ifndef NETWORK_PROGRAM_CONFINE_H
#define NETWORK_PROGRAM_CONFINE_H

#include "network/program/inputs.h"

#include <stdbool.h>

/*
 * After dropping privileges and before the work: enables each of the two that the kernel and the
 * build support, permanently. If one is missing only the other holds; network_confinement says so.
 */
void network_confine(const struct inputs *inputs);

/* What confines it (network.h). Determined by trying, so that it is also right in a container
 * that lacks one of the two. */
unsigned network_sandbox(void);

/* The same as a phrase, for --verbose. */
const char *network_confinement(void);

/* The two. False: the kernel or the build has it not. */
bool confine_files(const struct inputs *inputs);
bool confine_calls(void);

#endif
