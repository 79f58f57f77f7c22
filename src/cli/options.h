/* The options of all commands: one table, from which parsing, help and completion are made. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Commands as bits, to say in the table which takes which option. */
enum {
	COMMAND_TOKEN = 1 << 0,
	COMMAND_GEN_KEYPAIR = 1 << 1,
	COMMAND_PUB_KEY = 1 << 2,
	COMMAND_LIST_KEYS = 1 << 3,
	COMMAND_IMPORT_KEY = 1 << 4,
	COMMAND_COMPLETION = 1 << 5,
	COMMAND_DOCTOR = 1 << 6,
};

/* The values: what was given by flag, else by environment, else the default. Strings belong to argv
 * or the environment. */
struct supervisor;

/* The values of an option that may be repeated, in the order given. */
struct values {
	char **list;
	size_t count;
	bool by_flag; /* else by the variable or the default */
};

struct options {
	bool help;
	bool verbose;
	bool skip_verify;
	bool no_prompt;
	bool force_login;
	struct values chronograf_urls;
	char *chronograf_urls_from;
	bool check;
	bool watch;
	char *out_file;
	unsigned poll_interval;
	char *priv_key_file;
	char *pkcs11_module;
	char *signer;
	char *engine;
	struct values providers;
	char *pin_source;
	char *ca_file;
	unsigned timeout;
	unsigned module_timeout;
	char *out;
	char *pub_key_out;
	unsigned bits;
	bool encrypt;
	char *to;
	char *passphrase_source;
	char *format;
	char *output;
	char *uri;
	bool login;
	char *shell;

	struct supervisor *supervisor; /* not an option: who watches over the calls into modules */
};

typedef enum {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_LIST,
	OPTION_SECONDS,
	OPTION_NUMBER,
	OPTION_OPERAND
} option_kind;

struct option_row {
	const char *name; /* without its dashes; of an operand, what help calls it */
	char letter;      /* 0: none */
	option_kind kind;
	size_t offset;           /* of its value in struct options */
	const char *argument;    /* what help calls its value; NULL for a flag */
	const char *environment; /* the variable that sets it, or NULL */
	const char *fallback;    /* the default as text, or NULL */
	const char *help;
	unsigned commands;
};

/* The table, ended by a row without a name. */
extern const struct option_row option_table[];

/*
 * Parses the arguments that follow a command's name. True: *options is filled. False: what is wrong
 * has been told on standard error.
 */
bool options_parse(struct options *options, unsigned command, int count, char **arguments);

/* What help calls the command's operand; NULL if it takes none. */
const char *options_operand(unsigned command);

/* Frees the lists of the options that may be repeated. */
void options_clear(struct options *options);

/* Prints the options that a command takes, on standard output. */
void options_print_help(unsigned command);

#endif
