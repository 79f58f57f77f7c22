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
 * build support, permanently. Returns what confines the program now (network.h): what could be enabled
 * and, as network_sandbox_seen finds, holds. If one is missing only the other does.
 */
unsigned network_confine(const struct inputs *inputs);

/* What seems to confine this process, by trying. What another security module refuses looks alike. */
unsigned network_sandbox_seen(void);

/* A phrase for what confines it, for --verbose. */
const char *network_confinement(unsigned sandbox);

/* The two. False: the kernel or the build has it not. */
bool confine_files(const struct inputs *inputs);
bool confine_calls(void);

#endif
