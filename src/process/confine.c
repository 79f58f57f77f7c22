/* Both ways to confine the network process, and how it is told that they hold. The rules are in
 * confine_files.c and confine_calls.c. */
#include "process/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void network_confine(void)
{
	/* In this order, since the filter forbids the calls that make Landlock's rules. */
	confine_files();
	confine_calls();
}

/* True if opening fails for this reason, which only our own rules give. */
static bool is_refused(const char *path, int flags, int reason)
{
	int file = open(path, flags | O_CLOEXEC);

	if (file < 0)
		return errno == reason;
	close(file);
	return false;
}

const char *network_confinement(void)
{
	bool files = is_refused("/", O_RDONLY | O_DIRECTORY, EACCES);
	bool calls = is_refused("/dev/null", O_WRONLY, ENOSYS);

	if (files && calls)
		return "confined by Landlock and a seccomp filter";
	if (files)
		return "confined by Landlock, without a seccomp filter";
	if (calls)
		return "confined by a seccomp filter, without Landlock";
	return "not confined: there is neither Landlock nor a seccomp filter";
}
