/* A command. To add one: a file in this folder with its function, which is declared below, a bit in
 * options.h, and a row in the table of main.c. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"

/* Exit statuses; those of errors are the values of enum chronosign_error_kind. */
enum {
	EXIT_DONE = 0,
	EXIT_OTHER = 1,
	EXIT_USAGE = 2,
	EXIT_KEY = 3,
	EXIT_SERVER = 4,
	EXIT_REFUSED = 5
};

struct command {
	const char *name;
	int (*run)(struct options *options); /* NULL: InfluxData's chronoctl runs it */
	const char *help;                    /* one line; NULL: hidden */
	unsigned bit;                        /* which options it takes: COMMAND_… */
};

int token_run(struct options *options);
int gen_keypair_run(struct options *options);
int pub_key_run(struct options *options);
int list_keys_run(struct options *options);
int import_key_run(struct options *options);
int doctor_run(struct options *options);
/* Its end by something else, told by the supervisor's process (supervisor_let_tell). */
bool doctor_tell_end(void *room, const char *module, const char *fact);
int completion_run(struct options *options);
int complete_run(struct options *options);

/* The rows of the table; NULL after the last. */
const struct command *command_at(size_t index);

/* The row of that name, or NULL. */
const struct command *command_find(const char *name);

#endif
