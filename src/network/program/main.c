/* chronoctl-network: started by chronoctl, with a socket as its descriptor 3. It is not run by
 * hand. */
#include "network/process.h"
#include "network/program/program.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int is_started_by_chronoctl(void)
{
	int type = 0;
	socklen_t length = sizeof type;

	return getsockopt(PROCESS_SOCKET, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
	       type == SOCK_SEQPACKET;
}

int main(void)
{
	if (!is_started_by_chronoctl()) {
		fputs("chronoctl-network: a part of chronoctl, which starts it\n", stderr);
		return 2;
	}
	/* No exit(3): the handlers of libraries make calls that are no longer allowed. */
	_exit(program_run(PROCESS_SOCKET));
}
