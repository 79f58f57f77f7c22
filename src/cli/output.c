/* Where the result goes, separate from what is printed on descriptor 1. */
#include "cli/output.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/interrupts.h"
#include "cli/patient_write.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

void output_fill_standard_descriptors(void)
{
	/* open(2) takes the lowest number that is free. */
	for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++)
		if (fcntl(number, F_GETFD) < 0)
			open("/dev/null", number == STDERR_FILENO ? O_WRONLY : O_RDONLY);
}

/*
 * The result's open file waits in a pair of sockets (unix(7), SCM_RIGHTS), and has a descriptor only while it is used: a
 * process that a module has made, by whatever call, would keep a copy, and $(chronoctl …) would wait for it.
 */
static int box[2] = {-1, -1};

/* Where it cannot be put there. A handler of pthread_atfork(3) has no context. */
static int held = -1;

static void close_held(void)
{
	if (held >= 0)
		close(held);
}

/* Room for a message with one descriptor. */
struct parcel {
	char byte;
	struct iovec piece;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
};

static struct msghdr message_of(struct parcel *parcel)
{
	*parcel = (struct parcel){.piece = {&parcel->byte, 1}};
	return (struct msghdr){.msg_iov = &parcel->piece,
			       .msg_iovlen = 1,
			       .msg_control = parcel->control,
			       .msg_controllen = sizeof parcel->control};
}

static void put_away(int descriptor)
{
	struct parcel parcel;
	struct msghdr message = message_of(&parcel);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	*header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
				   .cmsg_type = SCM_RIGHTS,
				   .cmsg_len = CMSG_LEN(sizeof descriptor)};
	memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
	held = descriptor;
	if (sendmsg(box[0], &message, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
		return;
	held = -1;
	close(descriptor);
}

/* -1: it is not there, with errno. */
static int take_out(void)
{
	struct parcel parcel;
	struct msghdr message = message_of(&parcel);
	int descriptor = held;

	if (held >= 0 || recvmsg(box[1], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return descriptor;
	const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_type == SCM_RIGHTS)
		memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
	else if ((message.msg_flags & MSG_CTRUNC) != 0)
		errno = EMFILE;
	return descriptor;
}

/* The supervisor's own process writes to standard output itself. */
static int begin_use(int output)
{
	return output == box[1] ? take_out() : output;
}

static void end_use(int output, int descriptor)
{
	if (descriptor >= 0 && descriptor != output)
		put_away(descriptor);
}

bool output_prepare(void)
{
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, box) == 0)
		return true;
	report_error("cannot make a pair of sockets: %s", strerror(errno));
	return false;
}

void output_drop(void)
{
	int descriptor = take_out();

	if (descriptor >= 0)
		close(descriptor);
}

int output_set_aside(void)
{
	int descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (descriptor < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		report_error("cannot move standard output aside: %s", strerror(errno));
		return -1;
	}
	/* Output of libraries by stdio comes line by line, not in the middle of a message. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	pthread_atfork(NULL, NULL, close_held);
	put_away(descriptor);
	return box[1];
}

size_t output_columns(int output)
{
	int descriptor = begin_use(output);
	size_t columns = terminal_columns(descriptor);

	end_use(output, descriptor);
	return columns;
}

bool output_takes_colour(int output)
{
	int descriptor = begin_use(output);
	bool colour = terminal_takes_colour(descriptor);

	end_use(output, descriptor);
	return colour;
}

int output_flush(void)
{
	/* Anything beyond the buffer's size has been written, or has failed, before. */
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return EXIT_DONE;
	report_error("cannot write to standard output: %s", strerror(errno));
	return EXIT_OTHER;
}

/* With its newline in one piece. */
static bool write_line(int descriptor, const char *text)
{
	CLEANUP(cleanup_text) char *line = text_format("%s\n", text);

	if (line == NULL)
		errno = ENOMEM;
	return line != NULL && patient_write_whole(descriptor, line);
}

bool output_write_line(int output, const char *text)
{
	waiting_step_aside();
	int descriptor = begin_use(output);
	bool written = descriptor >= 0 && write_line(descriptor, text);
	int reason = errno;
	end_use(output, descriptor);
	waiting_step_back();
	/* Who holds signals back tells that one has come. */
	if (!written && !interrupts_pending())
		report_error("cannot write the result: %s", strerror(reason));
	return written;
}
