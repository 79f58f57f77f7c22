/* What a server might try after it has taken over the network program: each attempt by itself, and
 * whether it succeeded. */
#ifndef HOSTILE_ATTEMPTS_H
#define HOSTILE_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What prevents an attempt. */
enum {
	HOSTILE_FILES = 1,     /* Landlock */
	HOSTILE_CALLS = 2,     /* the seccomp filter */
	HOSTILE_ISOLATION = 4, /* what network/program/privileges.c drops */
	HOSTILE_MEMORY = 8,    /* PR_SET_MDWE */
	HOSTILE_PROGRAM = 16,  /* that it was executed, with its own environment and descriptors */
};

/* The targets. */
struct hostile_aims {
	const char *key;    /* a file to read and write */
	const char *pin;    /* a file to read */
	const char *folder; /* a folder, of tokens for example, to list and change */
	pid_t parent;
	void *memory; /* an address of "12345678" in the parent, to read and write; or NULL */
	unsigned guards;
	/* What hostile_look_around has found. */
	bool shared_page;
	bool foreign_descriptor;
	bool foreign_variable;
};

/*
 * True: it succeeded. An attempt may also end the process with status 0, which counts as success.
 */
struct hostile_attempt {
	const char *what; /* "read the key file"; NULL ends the table */
	bool (*try)(const struct hostile_aims *aims);
	unsigned guards; /* each is enough on its own */
	/* True if it succeeds in every unconfined process; false if that depends on the kernel or
	 * container. */
	bool works_unconfined;
};

extern const struct hostile_attempt hostile_attempts[];

/* For a process whose standard error, and whose parent's controlling terminal, is a terminal. */
extern const struct hostile_attempt hostile_terminal_attempts[];

/* What a process has at its start: a page shared with another process, a descriptor that the
 * network program should not have, a variable that it does not need. */
void hostile_look_around(struct hostile_aims *aims);

/* What prevents an attempt, as "Landlock, seccomp". */
const char *hostile_guard_names(unsigned guards, char names[64]);

/* The guards that this build and this kernel have, as seen by a process that is not confined. */
unsigned hostile_guards(void);

/* Makes each attempt that a guard of aims->guards prevents. Returns their number, and in `done`
 * what the successful ones did. */
size_t hostile_try(const struct hostile_attempt *attempts, const struct hostile_aims *aims,
		   char *done, size_t size);

#endif
