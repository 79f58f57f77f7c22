/* Both ways to confine the program, and how it is told that they hold. The rules are in
 * confine_files.c and confine_calls.c. */
#include "network/program/confine.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* True if this part of the resolver (nsswitch.conf(5)) does its work through a socket of another
 * process, and no part beside it knows the same names. */
static bool service_needs_sockets(const char *service, const char *all)
{
	if (strchr(service, '=') != NULL || strcmp(service, "files") == 0 ||
	    strcmp(service, "dns") == 0 || strcmp(service, "myhostname") == 0)
		return false;
	return strcmp(service, "resolve") != 0 || strstr(all, "dns") == NULL;
}

bool confine_names_need_sockets(const char *configuration)
{
	CLEANUP(cleanup_stream) FILE *file = fopen(configuration, "re");
	char line[512];
	char all[512] = "";
	char *rest = NULL;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, " hosts : %511[^\n#]", all) == 1)
			break;
	memcpy(line, all, sizeof line);
	for (char *service = strtok_r(line, " \t", &rest); service != NULL;
	     service = strtok_r(NULL, " \t", &rest))
		if (service_needs_sockets(service, all))
			return true;
	return false;
}

void network_confine(const struct inputs *inputs)
{
	/* In this order, since the filter forbids the calls that make Landlock's rules. */
	confine_files(inputs);
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
