/* The options of all commands: one table, which the parser, the help and the completion read. */
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
	COMMAND_COMPLETE = 1 << 7, /* hidden: what the completion scripts run */
};

/* The forms of --output. Which command has which is in options.c; what they look like, in
 * token/token_output.c, list_keys.c and doctor/findings.c. */
enum output_form { FORM_TOKEN, FORM_HEADER, FORM_ENV, FORM_JSON, FORM_TEXT, FORM_TABLE, FORM_URI };

enum shell { SHELL_NONE, SHELL_BASH, SHELL_ZSH, SHELL_FISH };

struct supervisor;
struct out_file;

/* The values of an option that may be repeated, in the order given. */
struct values {
	char **list;
	size_t count;
	bool by_flag; /* else by the variable or the default */
};

struct pause {
	unsigned seconds;
	bool by_flag; /* else by the default */
};

/* Secrets among them, out of the arguments and the environment (given.h). */
struct given {
	struct chronosign_secret *pin;        /* of --pin-source env:NAME, or of CHRONOCTL_PIN */
	struct chronosign_secret *passphrase; /* of --passphrase-source env:NAME */
	struct chronosign_secret **texts;     /* values with a pin-value in them */
	size_t text_count;
	char **urls;
	size_t url_count;
};

/* The values: what was given by flag, else by environment, else the default. Strings belong to argv
 * or the environment. */
struct options {
	bool help;
	bool verbose;
	bool quiet;
	bool no_log;
	bool skip_verify;
	char *pinned_pubkey;
	bool no_prompt;
	bool force_login;
	bool require_locked_memory;
	bool require_sandbox;
	struct values chronograf_urls;
	char *chronograf_urls_from;
	char *nonce;
	char *nonce_from;
	bool check;
	struct pause min_life;
	bool watch;
	char *out_file;
	int out_mode; /* 0: none is given */
	char *out_group;
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
	bool allow_decrypt;
	char *to;
	char *passphrase_source;
	int format; /* enum chronosign_public_half_form */
	int output; /* enum output_form */
	char *uri;
	bool login;
	int shell; /* enum shell */

	struct values sources; /* of PIN and passphrase, also those that a later one replaces */

	/* No options: secrets, the key, who watches over the calls into modules, and the opened --out-file. */
	struct given given;
	struct supervisor *supervisor;
	struct out_file *kept_file;
};

/* A word that an option takes, ended in a list by one without a name. */
struct choice {
	const char *name;
	int value;
	const char *help; /* what it is for; NULL where the name says so */
};

enum option_kind {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_SOURCE, /* a text that may name a variable with a secret */
	OPTION_LIST,
	OPTION_SECONDS,
	OPTION_PAUSE, /* seconds, or 0 for none */
	OPTION_NUMBER,
	OPTION_CHOICE,
	OPTION_OPERAND, /* one argument that is no option: a text, or one of its choices */
	OPTION_GROUP,   /* no option: the heading, in help, of those that follow */
};

struct option_row {
	const char *name; /* without its dashes; of an operand, what help calls it */
	char letter;      /* 0: none */
	enum option_kind kind;
	size_t offset;           /* of its value in struct options */
	const char *argument;    /* what help calls its value; NULL for a flag */
	const char *environment; /* the variable that sets it, or NULL */
	const char *fallback;    /* the default as text, or NULL */
	const char *help;        /* of a choice, what goes before its words */
	unsigned commands;
	const struct choice *choices;
};

/* The table, ended by a row without a name, and the room that it fits in. */
extern const struct option_row option_table[];
enum { OPTION_ROWS_MAX = 64 };

/* The next row that the command takes; the first after NULL. NULL at the end. */
const struct option_row *options_next(const struct option_row *row, unsigned command);

/* The row of the command's operand; NULL if it takes none. */
const struct option_row *options_operand(unsigned command);

/*
 * Parses a command's arguments, with the command's name as the first of them. True: *options is
 * filled. False: what is wrong has been told on standard error.
 */
bool options_parse(struct options *options, unsigned command, int count, char **arguments);

/* The last word of a command line that is not finished, for completion. */
struct cursor {
	const struct option_row *row; /* the option or operand whose value it is, or ends with */
	char *value;                  /* its value; else all of the word */
	bool takes_option;            /* without a row: an option may stand there */
	char *pkcs11_module;          /* if that is among the words */
};

/* Reads the words, with the command's name as the first of them, and says nothing of what is wrong. */
void options_read(struct cursor *cursor, unsigned command, int count, char **words);

/* Frees the lists of the options that may be repeated. */
void options_clear(struct options *options);

/* The words of a list as prose, "a, b or c", with what they are for if `helped`. The caller frees
 * it; NULL without memory. */
char *options_choices(const struct choice *choices, bool helped);

#endif
