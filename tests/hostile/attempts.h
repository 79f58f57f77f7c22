/* What a server might try that has taken over the network program: each attempt by itself, and
 * whether it succeeded. */
#ifndef HOSTILE_ATTEMPTS_H
#define HOSTILE_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What stands against an attempt. */
enum {
	HOSTILE_FILES = 1,     /* Landlock */
	HOSTILE_CALLS = 2,     /* the seccomp filter */
	HOSTILE_ISOLATION = 4, /* what network/program/privileges.c gives up */
	HOSTILE_MEMORY = 8,    /* PR_SET_MDWE */
	HOSTILE_PROGRAM =
		16, /* that it was executed, with an environment and descriptors of its own */
};

/* What is aimed at. */
struct hostile_aims {
	const char *key;    /* a file to be read and written */
	const char *pin;    /* a file to be read */
	const char *folder; /* of tokens, say: to be listed, and changed */
	pid_t parent;
	void *memory; /* of the parent: "12345678", to be read and written; or NULL */
	unsigned guards;
	/* What hostile_look_around has found. */
	bool shared_page;
	bool foreign_descriptor;
	bool foreign_variable;
};

/* True: the process did it. An attempt may end the process with status 0, which is success too. */
struct hostile_attempt {
	const char *what; /* "read the key file"; NULL ends the table */
	bool (*try)(const struct hostile_aims *aims);
	unsigned guards; /* each of which is enough */
	/* Whether a process with nothing against it succeeds everywhere; else kernels and containers
	 * differ. */
	bool works_unconfined;
};

extern const struct hostile_attempt hostile_attempts[];

/* For a process whose standard error, and whose parent's controlling terminal, is a terminal. */
extern const struct hostile_attempt hostile_terminal_attempts[];

/* What a process has at its beginning: a page that it shares with another, a descriptor beyond those that
 * the network program is given, a variable that this one has no use for. */
void hostile_look_around(struct hostile_aims *aims);

/* "Landlock, seccomp": what stands against an attempt. */
const char *hostile_guard_names(unsigned guards, char names[64]);

/* For a process that is not confined: the guards that this build and this kernel have. */
unsigned hostile_guards(void);

/* Makes each attempt that a guard of aims->guards stands against. Returns their number, and in
 * `done` what the successful ones did. */
size_t hostile_try(const struct hostile_attempt *attempts, const struct hostile_aims *aims,
		   char *done, size_t size);

#endif
