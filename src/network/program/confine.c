/* Both ways to confine the program, and the test whether they hold. The rules are in
 * confine_files.c and confine_calls.c. */
#include "network/program/confine.h"

#include "network/network.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* True if opening fails for this reason. */
static bool is_refused(const char *path, int flags, int reason)
{
	int file = open(path, flags | O_CLOEXEC);

	if (file < 0)
		return errno == reason;
	close(file);
	return false;
}

/* Where access(2), which Landlock leaves alone, says that the mode allows it, only Landlock refuses,
 * or another security module, such as AppArmor. */
static bool landlock_holds(void)
{
	const char *const folders[] = {"/", "/proc", "/dev", "/usr"};

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		if (access(folders[i], R_OK | X_OK) == 0)
			return is_refused(folders[i], O_RDONLY | O_DIRECTORY, EACCES);
	return false;
}

unsigned network_sandbox_seen(void)
{
	bool files = landlock_holds();
	bool calls = is_refused("/dev/null", O_WRONLY, ENOSYS);

	return (files ? NETWORK_SANDBOX_FILES : 0) | (calls ? NETWORK_SANDBOX_CALLS : 0);
}

unsigned network_confine(const struct inputs *inputs)
{
	/* In this order, since the filter forbids the calls that make Landlock's rules. */
	bool files = confine_files(inputs);
	bool calls = confine_calls();

	return network_sandbox_seen() &
	       ((files ? NETWORK_SANDBOX_FILES : 0) | (calls ? NETWORK_SANDBOX_CALLS : 0));
}

const char *network_confinement(unsigned sandbox)
{
	switch (sandbox) {
	case NETWORK_SANDBOX_WHOLE:
		return "confined by Landlock and a seccomp filter";
	case NETWORK_SANDBOX_FILES:
		return "confined by Landlock, without a seccomp filter";
	case NETWORK_SANDBOX_CALLS:
		return "confined by a seccomp filter, without Landlock";
	default:
		return "not confined: there is neither Landlock nor a seccomp filter";
	}
}
