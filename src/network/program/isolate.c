/*
 * What a forked child gives up before it touches the network. System calls it may still make are
 * another matter, and so is memory: secrets are left out of children by base/secret.c.
 */
#include "network/program/isolate.h"

#include "base/stack.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The descriptors that are left: null, null, standard error, the pipe. */
#define PIPE_NUMBER 3

static bool tie_to_parent(pid_t parent)
{
	/* The parent may have died before the first call took effect. */
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

/* As root it may do what any user may, and no more: not read others' memory, not trace. Who has no
 * capability may not be let call capset(2): a unit's SystemCallFilter=~@privileged forbids it. */
static bool give_up_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
	struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, held) == 0 && memcmp(held, none, sizeof none) == 0)
		return true;
	return syscall(SYS_capset, &header, none) == 0;
}

static bool give_up_privileges(void)
{
	return prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       give_up_capabilities();
}

/*
 * A PIN is typed on the terminal while this process lives. Without a controlling terminal it cannot
 * open /dev/tty, and standard error, which a shell opens for reading too, is opened anew, for
 * writing.
 */
static bool leave_terminal(void)
{
	if (setsid() < 0)
		return false;
	if (isatty(STDERR_FILENO) != 1)
		return true;
	int terminal = open("/proc/self/fd/2", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0)
		terminal = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return terminal >= 0 && dup2(terminal, STDERR_FILENO) >= 0 && close(terminal) == 0;
}

/* As execve(2) does it: handlers go, what is ignored stays so (nohup). */
static bool reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		struct sigaction action;
		if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN &&
		    action.sa_handler != SIG_DFL)
			signal(number, SIG_DFL);
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

static void close_from(int first)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, UINT_MAX, 0u) == 0)
		return;
#endif
	long end = sysconf(_SC_OPEN_MAX);

	for (int number = first; number < (end < 0 ? 1024 : end); number++)
		close(number);
}

/* Standard input and output become the null device; standard error too if it is closed. */
static bool reduce_descriptors(int *pipe)
{
	int kept = fcntl(*pipe, F_DUPFD_CLOEXEC, PIPE_NUMBER);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (kept < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return false;
	if (fcntl(STDERR_FILENO, F_GETFD) < 0 && dup2(null, STDERR_FILENO) < 0)
		return false;
	if (kept != PIPE_NUMBER && dup3(kept, PIPE_NUMBER, O_CLOEXEC) < 0)
		return false;
	*pipe = PIPE_NUMBER;
	close_from(PIPE_NUMBER + 1);
	return true;
}

static bool is_needed(const char *variable)
{
	static const char *const needed[] = {
		"HTTP_PROXY",     "http_proxy",  "HTTPS_PROXY",   "https_proxy",
		"NO_PROXY",       "no_proxy",    "SSL_CERT_FILE", "SSL_CERT_DIR",
		"REQUEST_METHOD", "RES_OPTIONS", "LOCALDOMAIN",
	};
	size_t length = strcspn(variable, "=");

	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
		if (strlen(needed[i]) == length && memcmp(needed[i], variable, length) == 0)
			return true;
	return false;
}

/*
 * A PIN may stand in any variable (--pin-source env:NAME). The kernel writes the zeros, because a
 * string given to putenv(3) may be a constant: then read(2) fails where a store would crash.
 */
static bool reduce_environment(void)
{
	char **kept = environ;
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	if (zero < 0)
		return false;
	for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
		if (is_needed(*entry))
			*kept++ = *entry;
		else if (read(zero, *entry, strlen(*entry)) < 0)
			continue;
	}
	if (kept != NULL)
		*kept = NULL;
	close(zero);
	return true;
}

bool isolate(pid_t parent, int *pipe)
{
	stack_wipe();
	return tie_to_parent(parent) && leave_terminal() && give_up_privileges() &&
	       reset_signals() && reduce_descriptors(pipe) && reduce_environment();
}
