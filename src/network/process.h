/* The process that runs chronoctl-network: found, started, and ended. */
#ifndef NETWORK_PROCESS_H
#define NETWORK_PROCESS_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The program's first message, or that of the process that was to execute it. */
#define HELLO_MAGIC 0x48454c4fu
#define HELLO_STEP_FAILED 0x4641494cu

struct network_hello {
	uint32_t magic;
	uint32_t
		reason; /* HELLO_MAGIC: 1 if a FIPS provider is active there; HELLO_STEP_FAILED: errno */
	char text[56]; /* NUL-terminated: the version; HELLO_STEP_FAILED: the step */
};

/* The number of the socket in the program. */
#define PROCESS_SOCKET 3

struct process {
	pid_t id;       /* 0: gone and reaped, or never there */
	bool lingers;   /* it was killed, and does not end */
	int socket;     /* SOCK_SEQPACKET, both ways */
	bool fips;      /* OpenSSL's FIPS module is active in it */
	int complaints; /* its standard error; -1: no longer read */
};

/* An empty one, which can be passed to process_end. */
#define PROCESS_NONE ((struct process){.socket = -1, .complaints = -1})

/*
 * Opens the program that was installed with this command, to be executed by this descriptor, so
 * that a later upgrade has no effect. -1 with *error set.
 */
int process_open_program(struct chronosign_error **error);

/*
 * Starts it with a clean environment and only these descriptors; it dies with this process. Does
 * not wait.
 */
bool process_start(int program, struct process *process, struct chronosign_error **error);

/* Hears that it is of the same version. Does not wait. False with *error set: call process_end. */
bool process_hear_hello(struct process *process, struct chronosign_error **error);

/*
 * One message (recv(2)), with the length that was sent, even if it is more than there is room for. Does not wait:
 * wait_until does (base/clock.h). 0: it sends no more, because it has closed the socket or ended. -1 with *error set: none
 * came, or an empty one or one with a descriptor, which are misbehaviour.
 */
ssize_t process_receive(const struct process *process, void *message, size_t room,
			struct chronosign_error **error);

/* Ends it if it still runs. False: among the messages that nobody has received was one with a descriptor, which is
 * misbehaviour; it stays in this process. */
bool process_end(struct process *process);

/* Sets *error to how a process ended unexpectedly, with its standard error. Always returns
 * false. */
bool process_tell_end(struct process *process, const char *what, struct chronosign_error **error);

#endif
