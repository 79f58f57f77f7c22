/* A kernel before Linux 6.16, which has no SO_PASSRIGHTS: stands in front of the C library's setsockopt, by LD_PRELOAD. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int setsockopt(int name, int level, int option, const void *value, socklen_t length)
{
	if (level != SOL_SOCKET || option != 83 /* SO_PASSRIGHTS */)
		return (int)syscall(SYS_setsockopt, name, level, option, value, length);
	errno = ENOPROTOOPT;
	return -1;
}
