/* One process accepts, and forks one for each connection: they may block, and they die with their
 * parent. */
#include "raw.h"

#include "request_log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST_MAX 8192
#define TLS_HANDSHAKE 0x16 /* the first byte of a TLS client, RFC 8446 §5.1 */

/* Forks a process that cannot outlive its parent. As fork(2). */
static pid_t fork_bound(void)
{
	pid_t parent = getpid(), process = fork();

	if (process != 0)
		return process;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	return 0;
}

static bool send_bytes(int connection, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(connection, text, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		text += sent;
		length -= (size_t)sent;
	}
	return true;
}

/* Reads up to the blank line after the headers. A TLS client sends none, and a slow client is not
 * waited for. */
static void read_request(int connection, char request[REQUEST_MAX])
{
	static const struct timeval patience = {.tv_sec = 5};
	size_t length = 0;
	ssize_t got;

	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	request[0] = '\0';
	while (length < REQUEST_MAX - 1 && request[0] != TLS_HANDSHAKE &&
	       strstr(request, "\r\n\r\n") == NULL) {
		got = recv(connection, request + length, REQUEST_MAX - 1 - length, 0);
		if (got <= 0)
			return;
		length += (size_t)got;
		request[length] = '\0';
	}
}

static void log_request(int log, const char *request)
{
	static const char header[] = "\r\nAuthorization: ";
	char method[32] = "-", path[1024] = "-", version[32] = "-";
	const char *authorization = strcasestr(request, header);

	if (request[0] != TLS_HANDSHAKE)
		sscanf(request, "%31s %1023s %31s", method, path, version);
	request_log_write(log, &(struct logged_request){
				       .method = method,
				       .path = path,
				       .version = version,
				       .authorization = authorization == NULL
								? NULL
								: authorization + strlen(header),
			       });
}

/* Closing with a linger time of 0 resets the connection, socket(7) SO_LINGER. */
static void make_close_reset(int connection)
{
	static const struct linger at_once = {.l_onoff = 1};

	setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void serve(const struct mode *mode, int connection, int log)
{
	char request[REQUEST_MAX];

	read_request(connection, request);
	log_request(log, request);
	if (mode->delivery == DELIVER_RAW_RESET)
		make_close_reset(connection);
	if (!send_bytes(connection, mode->body, strlen(mode->body)) || mode->again == NULL)
		return;
	size_t length = mode->again_length != 0 ? mode->again_length : strlen(mode->again);
	while (send_bytes(connection, mode->again, length))
		;
}

static _Noreturn void accept_for_ever(const struct mode *mode, int listener, int log)
{
	signal(SIGCHLD, SIG_IGN); /* nobody waits for those processes */
	for (;;) {
		int connection = accept(listener, NULL, NULL);

		if (connection < 0)
			continue;
		if (fork_bound() == 0) {
			serve(mode, connection, log);
			_exit(0);
		}
		close(connection);
	}
}

pid_t raw_start(const struct mode *mode, int listener, int log)
{
	pid_t process = fork_bound();

	if (process == 0)
		accept_for_ever(mode, listener, log);
	return process;
}

void raw_end(pid_t process)
{
	kill(process, SIGKILL);
	waitpid(process, NULL, 0);
}
