/* What a server might try that has taken over the network process: each attempt by itself, and
 * whether it succeeded. */
#ifndef HOSTILE_ATTEMPTS_H
#define HOSTILE_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What stands against an attempt. */
enum {
	HOSTILE_FILES = 1,      /* Landlock */
	HOSTILE_CALLS = 2,      /* the seccomp filter */
	HOSTILE_ISOLATION = 4,  /* what network/program/isolate.c gives up */
	HOSTILE_NO_SOCKETS = 8, /* the filter, where names need no sockets of other processes */
};

/* What is aimed at. */
typedef struct {
	const char *key;    /* a file to be read and written */
	const char *pin;    /* a file to be read */
	const char *folder; /* of tokens, say: to be listed, and changed */
	pid_t parent;
	void *memory; /* of the parent: 8 bytes to be read and written, or NULL */
	unsigned guards;
} hostile_aims;

/* True: the process did it. An attempt may end the process with status 0, which is success too. */
typedef struct {
	const char *what; /* "read the key file"; NULL ends the table */
	bool (*try)(const hostile_aims *aims);
	unsigned guards; /* each of which is enough */
	/* Whether a process with nothing against it succeeds everywhere; else kernels and containers
	 * differ. */
	bool works_unconfined;
} hostile_attempt;

extern const hostile_attempt hostile_attempts[];

/* For a process whose standard error, and whose parent's controlling terminal, is a terminal. */
extern const hostile_attempt hostile_terminal_attempts[];

/* For a process that is not confined: the guards that this build and this kernel have. */
unsigned hostile_guards(void);

/* Makes each attempt that a guard of aims->guards stands against. Returns their number, and in
 * `done` what the successful ones did. */
size_t hostile_try(const hostile_attempt *attempts, const hostile_aims *aims, char *done,
		   size_t size);

#endif
