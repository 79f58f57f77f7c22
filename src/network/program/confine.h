/*
 * What the network process can still reach once it is isolated: by Landlock, of the file system just
 * what names and certificates need; by a seccomp filter, of the system calls just those that
 * libcurl, the resolver and threads make.
 */
#ifndef NETWORK_PROGRAM_CONFINE_H
#define NETWORK_PROGRAM_CONFINE_H

#include <stdbool.h>

/*
 * For the network process, after isolate() and before its work: each of the two that the kernel and
 * the build have, for good. Where one is missing the other stands alone; network_confinement says
 * so.
 */
void network_confine(void);

/*
 * In the network process: a phrase that says what confines it, for --verbose. It is found out by
 * trying, so it also tells the truth where a container has taken one of the two away.
 */
const char *network_confinement(void);

/* True if an nsswitch.conf(5) lets host names be looked up by way of other processes' sockets. */
bool confine_names_need_sockets(const char *configuration);

/* The two. False: the kernel or the build has it not. */
bool confine_files(void);
bool confine_calls(void);

#endif
