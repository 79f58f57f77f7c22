/* Dumps, capabilities, memory, signals. Descriptors, session and environment are as process.c has made them. */
#include "network/program/privileges.h"

#include <linux/capability.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As root it keeps the rights of any user only: it cannot read other processes' memory or trace
 * them. Without capabilities capset(2) is not called, as a unit's SystemCallFilter=~@privileged
 * forbids it. */
static bool give_up_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
	struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, held) == 0 && memcmp(held, none, sizeof none) == 0)
		return true;
	return syscall(SYS_capset, &header, none) == 0;
}

/* valgrind does not let it, and no limit is worth an end. */
static void limit(int resource, rlim_t most)
{
	struct rlimit limits;

	if (getrlimit(resource, &limits) != 0)
		return;
	if (limits.rlim_max > most)
		limits.rlim_max = most;
	if (limits.rlim_cur > limits.rlim_max)
		limits.rlim_cur = limits.rlim_max;
	setrlimit(resource, &limits);
}

#ifndef CHRONOCTL_SANITIZE
/* What resolvers need. It would be the user's limit for a stack, 8 MB or any number, of which hardly anything is used. */
static void limit_stacks(void)
{
	pthread_attr_t attributes;
	size_t size;

	if (pthread_getattr_default_np(&attributes) != 0)
		return;
	if (pthread_attr_getstacksize(&attributes, &size) == 0 && size > PRIVILEGES_STACK &&
	    pthread_attr_setstacksize(&attributes, PRIVILEGES_STACK) == 0)
		pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
}
#endif

/* Not for AddressSanitizer, which counts terabytes that it does not use, and needs more of a stack. */
static void limit_memory(void)
{
#ifndef CHRONOCTL_SANITIZE
	limit_stacks();
#ifdef M_ARENA_MAX
	/* Each would reserve 64 MiB of addresses, one for each thread up to eight for each processor. */
	mallopt(M_ARENA_MAX, 2);
#endif
	limit(RLIMIT_DATA, PRIVILEGES_MEMORY);
	/* What was written, but can only be read any more, does not count as data, nor do page tables. */
	limit(RLIMIT_AS, PRIVILEGES_ADDRESSES);
	/* That of the first thread, which does not count as data. */
	limit(RLIMIT_STACK, PRIVILEGES_FIRST_STACK);
#endif
}

/* Signals of a unit or a terminal are for the command, which ends this program. */
static bool set_signals(void)
{
	static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	sigset_t none;

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

/* Writable memory never becomes executable (Linux 6.3). */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

const char *privileges_give_up(void)
{
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return "cannot forbid dumps";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return "cannot give up new privileges";
	prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0); /* an older kernel lacks it */
	limit(RLIMIT_NOFILE, PRIVILEGES_DESCRIPTORS);
	/* Queued signals, which the kernel counts for all programs of the user. */
	limit(RLIMIT_SIGPENDING, 0);
	limit_memory();
	if (!give_up_capabilities())
		return "cannot give up capabilities";
	if (!set_signals())
		return "cannot unblock signals";
	return NULL;
}
