/* Executes chronoctl-network. Between fork and exec only system calls are made, because threads
 * of modules may hold locks. */
#include "network/process.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "network/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* The number of the program's descriptor in the child, until it is executed. */
#define PROGRAM_NUMBER (PROCESS_SOCKET + 1)

/* What is missing in headers before Linux 6.16. Another number on SPARC and PA-RISC. */
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

/* How long the end of a killed program is waited for, looking so often. */
#define END_MS 1000
#define END_PAUSE_MS 1

/* The limit for what is read of its output before its first message. */
#define STDERR_MAX 4096

/* The variables that the program reads; it gets no others. */
static const char *const variables[] = {
	"http_proxy=",     "HTTP_PROXY=",        "https_proxy=",   "HTTPS_PROXY=",
	"all_proxy=",      "ALL_PROXY=",         "no_proxy=",      "NO_PROXY=",
	"REQUEST_METHOD=", "SSL_CERT_FILE=",     "OPENSSL_CONF=",  "SSL_CERT_DIR=",
	"RES_OPTIONS=",    "LOCALDOMAIN=",
#ifdef CHRONOCTL_SANITIZE
	"ASAN_OPTIONS=",   "LSAN_OPTIONS=",      "UBSAN_OPTIONS=",
#endif
#ifdef CHRONOCTL_COVERAGE
	"GCOV_PREFIX=",    "GCOV_PREFIX_STRIP=",
#endif
};

#define VARIABLE_COUNT (sizeof variables / sizeof variables[0])

/* ---- Found ---- */

/* The path relative to this command's folder, which only the kernel is asked for. */
static char *program_path(struct chronosign_error **error)
{
	char command[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", command, sizeof command - 1);

	if (length < 0) {
		error_set(error, CHRONOSIGN_ERROR_OTHER,
			  "cannot find chronoctl-network: cannot read /proc/self/exe: %s",
			  strerror(errno));
		return NULL;
	}
	command[length] = '\0';
	*strrchr(command, '/') = '\0';
	char *path = text_format("%s/%s", command, NETWORK_PROGRAM);
	if (path == NULL)
		error_out_of_memory(error);
	return path;
}

int process_open_program(struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *path = program_path(error);
	int program = path == NULL ? -1 : open(path, O_PATH | O_CLOEXEC);

	if (path != NULL && program < 0)
		error_set(
			error, CHRONOSIGN_ERROR_OTHER,
			"cannot open the network program '%s': %s\nIt is installed with chronoctl, "
			"and found from there.",
			path, strerror(errno));
	return program;
}

/* ---- In the child ---- */

struct plan {
	pid_t parent;
	int program;
	int socket;
	int complaints;
	int null;
	char *variables[VARIABLE_COUNT + 1];
};

/* Reports the failed step, and exits. */
__attribute__((noreturn)) static void give_up(int socket, const char *step)
{
	struct network_hello hello = {.magic = HELLO_STEP_FAILED, .reason = (uint32_t)errno};

	strncpy(hello.text, step, sizeof hello.text - 1);
	send(socket, &hello, sizeof hello, MSG_NOSIGNAL);
	_exit(1);
}

/* Moves the plan's descriptors out of the way first, then to their numbers. */
static bool place_descriptors(struct plan *plan)
{
	int *const all[] = {&plan->program, &plan->socket, &plan->complaints, &plan->null};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		int moved = fcntl(*all[i], F_DUPFD_CLOEXEC, PROGRAM_NUMBER + 1);
		if (moved < 0)
			return false;
		*all[i] = moved;
	}
	return dup2(plan->null, STDIN_FILENO) >= 0 && dup2(plan->null, STDOUT_FILENO) >= 0 &&
	       dup2(plan->complaints, STDERR_FILENO) >= 0 &&
	       dup2(plan->socket, PROCESS_SOCKET) >= 0 &&
	       dup3(plan->program, PROGRAM_NUMBER, O_CLOEXEC) >= 0;
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

/* All signals stay blocked, because no handler of this command may run here. The program
 * unblocks them. */
__attribute__((noreturn)) static void be_child(struct plan *plan)
{
	char *arguments[] = {(char *)"chronoctl-network", NULL};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		give_up(plan->socket, "cannot tie its life to chronoctl's");
	if (getppid() != plan->parent)
		_exit(1);
	/* Without a controlling terminal it cannot open /dev/tty, where PINs are typed. */
	if (setsid() < 0)
		give_up(plan->socket, "cannot leave the session");
	if (!place_descriptors(plan))
		give_up(plan->socket, "cannot place its descriptors");
	close_from(PROGRAM_NUMBER + 1);
	syscall(SYS_execveat, PROGRAM_NUMBER, "", arguments, plan->variables, AT_EMPTY_PATH);
	give_up(PROCESS_SOCKET, "cannot execute it");
}

/* ---- In the parent ---- */

static void choose_variables(struct plan *plan)
{
	size_t count = 0;

	for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
		for (size_t i = 0; i < VARIABLE_COUNT && count < VARIABLE_COUNT; i++)
			if (strncmp(*entry, variables[i], strlen(variables[i])) == 0)
				plan->variables[count++] = *entry;
}

/* _Fork does not run the fork handlers that modules have registered. */
static pid_t fork_child(struct plan *plan)
{
	sigset_t all;
	sigset_t before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t child = _Fork();
	if (child == 0)
		be_child(plan);
	int reason = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = reason;
	return child;
}

static bool cannot_start(const char *step, struct chronosign_error **error)
{
	return error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot start the network program: %s: %s",
			 step, strerror(errno));
}

static bool run(int program, struct process *process, struct chronosign_error **error)
{
	CLEANUP(cleanup_descriptor) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int no = 0;
	const int yes = 1;
	int sockets[2];
	int pipes[2];

	if (null < 0)
		return cannot_start("cannot open /dev/null", error);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
		return cannot_start("cannot make a pair of sockets", error);
	process->socket = sockets[0];
	CLEANUP(cleanup_descriptor) int theirs = sockets[1];
	/* It can send no descriptor. An older kernel fails here, and process_receive refuses what comes with one. */
	setsockopt(process->socket, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof no);
	/* Each message comes with its sender's identity, which tells an empty one from the end. */
	if (setsockopt(process->socket, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) != 0)
		return cannot_start("cannot set up its socket", error);
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return cannot_start("cannot make a pipe", error);
	process->complaints = pipes[0];
	/* The program might read what poll(2) has announced. */
	fcntl(process->complaints, F_SETFL, O_NONBLOCK);
	CLEANUP(cleanup_descriptor) int complaints = pipes[1];
	struct plan plan = {
		.parent = getpid(),
		.program = program,
		.socket = theirs,
		.complaints = complaints,
		.null = null,
	};
	choose_variables(&plan);
	pid_t child = fork_child(&plan);
	if (child < 0)
		return cannot_start("cannot fork", error);
	process->id = child;
	return true;
}

static bool not_ours(struct chronosign_error **error)
{
	error_set(error, CHRONOSIGN_ERROR_OTHER,
		  "the network program is not chronoctl's: it does not say its version");
	return error_mark_misbehaviour(error);
}

static bool check_hello(const struct network_hello *hello, size_t length,
			struct chronosign_error **error)
{
	if (length != sizeof *hello || memchr(hello->text, '\0', sizeof hello->text) == NULL ||
	    (hello->magic != HELLO_MAGIC && hello->magic != HELLO_STEP_FAILED))
		return not_ours(error);
	CLEANUP(cleanup_text) char *text = text_quoted(hello->text, strlen(hello->text));
	if (text == NULL)
		return error_out_of_memory(error);
	if (hello->magic == HELLO_STEP_FAILED)
		return error_set(error, CHRONOSIGN_ERROR_OTHER,
				 "cannot start the network program; chronoctl-network says: %s: %s",
				 text, strerror((int)hello->reason));
	return strcmp(hello->text, CHRONOCTL_VERSION) == 0 ||
	       error_set(error, CHRONOSIGN_ERROR_OTHER,
			 "the network program is of version %s, chronoctl of %s: install both from "
			 "one package",
			 text, CHRONOCTL_VERSION);
}

/* ECONNRESET is returned once if it has ended without reading what was sent to it; its earlier
 * messages can still be read. */
static ssize_t receive(const struct process *process, struct msghdr *header, int flags)
{
	ssize_t got;

	do
		got = recvmsg(process->socket, header, flags | MSG_TRUNC | MSG_DONTWAIT);
	while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	return got;
}

enum next { NEXT_NONE, NEXT_END, NEXT_MESSAGE, NEXT_DESCRIPTOR };

/* Looked at before it is received, because the kernel drops a descriptor that there is no room for: its last close may
 * wait for a server as long as the sender likes (SO_LINGER). */
static enum next look(const struct process *process)
{
	_Alignas(struct cmsghdr) char identity[CMSG_SPACE(sizeof(struct ucred))];
	struct msghdr header = {.msg_control = identity, .msg_controllen = sizeof identity};

	if (receive(process, &header, MSG_PEEK) < 0)
		return NEXT_NONE;
	if ((header.msg_flags & MSG_CTRUNC) != 0)
		return NEXT_DESCRIPTOR;
	return header.msg_controllen == 0 ? NEXT_END : NEXT_MESSAGE;
}

ssize_t process_receive(const struct process *process, void *message, size_t room,
			struct chronosign_error **error)
{
	struct iovec part = {message, room};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	enum next next = look(process);

	if (next == NEXT_END)
		return 0;
	ssize_t got = next == NEXT_MESSAGE ? receive(process, &header, 0) : -1;
	if (next == NEXT_DESCRIPTOR)
		message_wrong("a descriptor", error);
	else if (got < 0)
		error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot hear the network program: %s",
			  strerror(errno));
	else if (got == 0)
		message_wrong("a wrong length", error);
	return got > 0 ? got : -1;
}

static bool hear_hello(struct process *process, struct chronosign_error **error)
{
	struct network_hello hello;
	ssize_t got = process_receive(process, &hello, sizeof hello, error);

	process->fips = got > 0 && hello.reason == 1;
	if (got < 0)
		return false;
	if (got > 0)
		return check_hello(&hello, (size_t)got, error);
	return process_tell_end(process, "the network program does not start", error);
}

bool process_start(int program, struct process *process, struct chronosign_error **error)
{
	/* One at a time, or restarts would pile them up. */
	if (process->id != 0)
		return error_set(error, CHRONOSIGN_ERROR_OTHER,
				 "the network program was killed, and does not end\nDoes a file "
				 "system that it looks at not answer?");
	*process = PROCESS_NONE;
	if (run(program, process, error))
		return true;
	process_end(process);
	return false;
}

/* Stops reading its standard error. */
static void close_complaints(struct process *process)
{
	cleanup_descriptor(&process->complaints);
	process->complaints = -1;
}

bool process_hear_hello(struct process *process, struct chronosign_error **error)
{
	bool heard = hear_hello(process, error);

#ifndef CHRONOCTL_SANITIZE
	if (heard)
		close_complaints(process);
#endif
	return heard;
}

/* ---- Ended ---- */

/* One that is in a call of the kernel, such as stat(2) in a file system that does not answer, ends only after it. */
static pid_t wait_for_end(pid_t id, int *status)
{
	int64_t until = milliseconds() + END_MS;
	pid_t ended;

	while ((ended = waitpid(id, status, WNOHANG)) == 0 && milliseconds() < until)
		poll(NULL, 0, END_PAUSE_MS);
	return ended;
}

/*
 * Kills it if it has not ended, and waits for that once, for a second at most. One that does not end, or may not be killed
 * because a module has called setuid(2), ends with this process.
 */
static int reap(struct process *process)
{
	int status = 0;

	if (process->id == 0)
		return 0;
	/* Checked first: if SIGCHLD is ignored, the number of a process that has ended may be
	 * another's. */
	pid_t ended = waitpid(process->id, &status, WNOHANG);
	if (ended == 0 && !process->lingers && kill(process->id, SIGKILL) == 0) {
		ended = wait_for_end(process->id, &status);
		process->lingers = ended == 0;
	}
	bool known = ended == process->id;
	if (!process->lingers || ended != 0)
		process->id = 0;
	return known ? status : 0;
}

/* Drops what nobody has received, and lets nobody send more. False: there is a descriptor. */
static bool drop_messages(const struct process *process)
{
	enum next next;

	shutdown(process->socket, SHUT_RDWR);
	while ((next = look(process)) == NEXT_MESSAGE) {
		struct msghdr drop = {0};
		receive(process, &drop, 0);
	}
	return next != NEXT_DESCRIPTOR;
}

/* Left open with a descriptor that might wait when it is closed: when a process ends, the kernel never waits (socket(7),
 * SO_LINGER). */
static bool close_socket(struct process *process)
{
	bool clean = process->socket < 0 || drop_messages(process);

	if (clean)
		cleanup_descriptor(&process->socket);
	process->socket = -1;
	return clean;
}

bool process_end(struct process *process)
{
	reap(process);
	close_complaints(process);
	return close_socket(process);
}

/* What it has written to standard error, quoted, without the newline at its end. NULL: nothing. */
static char *read_stderr(const struct process *process)
{
	char bytes[STDERR_MAX];
	size_t length = 0;

	while (process->complaints >= 0 && length < sizeof bytes) {
		struct pollfd event = {.fd = process->complaints, .events = POLLIN};
		if (poll(&event, 1, 0) <= 0)
			break;
		ssize_t got = read(process->complaints, bytes + length, sizeof bytes - length);
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	while (length > 0 && bytes[length - 1] == '\n')
		length--;
	return length == 0 ? NULL : text_quoted(bytes, length);
}

bool process_tell_end(struct process *process, const char *what, struct chronosign_error **error)
{
	int status = reap(process);
	CLEANUP(cleanup_text) char *said = read_stderr(process);

	if (said != NULL)
		return error_set(error, CHRONOSIGN_ERROR_OTHER, "%s; chronoctl-network says: %s",
				 what, said);
	if (WIFSIGNALED(status))
		return error_set(error, CHRONOSIGN_ERROR_OTHER, "%s: signal %d (%s)", what,
				 WTERMSIG(status), strsignal(WTERMSIG(status)));
	return error_set(error, CHRONOSIGN_ERROR_OTHER, "%s: it ended with status %d", what,
			 WEXITSTATUS(status));
}
