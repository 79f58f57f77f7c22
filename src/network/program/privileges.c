/* Dumps, capabilities, signals. Descriptors, session and environment are as process.c has made them. */
#include "network/program/privileges.h"

#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
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

static void limit_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_max > PRIVILEGES_DESCRIPTORS)
		limit.rlim_max = PRIVILEGES_DESCRIPTORS;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
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
	limit_descriptors();                                   /* valgrind does not let it */
	if (!give_up_capabilities())
		return "cannot give up capabilities";
	if (!set_signals())
		return "cannot unblock signals";
	return NULL;
}
