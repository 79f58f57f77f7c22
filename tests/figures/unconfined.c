/* Linked into a chronoctl-network in a tree of its own: removes its seccomp filter, under which
 * valgrind could not write its counts. */
#include <errno.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((visibility("default"))) int prctl(int option, ...)
{
	unsigned long values[4];
	va_list list;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		values[i] = va_arg(list, unsigned long);
	va_end(list);
	if (option == PR_SET_SECCOMP || option == 65 /* PR_SET_MDWE: valgrind writes code */) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_prctl, option, values[0], values[1], values[2], values[3]);
}

/* Replaces libseccomp's, which does not use prctl if the kernel has seccomp(2). */
__attribute__((visibility("default"))) int seccomp_load(const void *filter);

int seccomp_load(const void *filter)
{
	(void)filter;
	return -EINVAL;
}
