/* The table of options, and what is made of it: the parser and the help. */
#include "cli/options.h"

#include "cli/report.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE(field) offsetof(struct options, field)

/* Those that ask servers, those that reach a key, wherever it is, and those that reach one in a
 * token only. */
#define COMMANDS_OF_SERVERS (COMMAND_TOKEN | COMMAND_DOCTOR)
#define COMMANDS_OF_ANY_KEY (COMMANDS_OF_SERVERS | COMMAND_PUB_KEY)
#define COMMANDS_OF_TOKENS \
	(COMMANDS_OF_ANY_KEY | COMMAND_GEN_KEYPAIR | COMMAND_LIST_KEYS | COMMAND_IMPORT_KEY)

const struct option_row option_table[] = {
	{"help", 'h', OPTION_FLAG, VALUE(help), NULL, NULL, NULL, "show this help", ~0u},
	{"chronograf-url", 0, OPTION_LIST, VALUE(chronograf_urls), "URL", "CHRONOGRAF_URL",
	 "http://localhost:8888", "the server, with its base path (may be repeated)",
	 COMMANDS_OF_SERVERS},
	{"chronograf-urls-from", 0, OPTION_TEXT, VALUE(chronograf_urls_from), "FILE", NULL, NULL,
	 "more servers, a URL a line; -: standard input", COMMANDS_OF_SERVERS},
	{"output", 'o', OPTION_TEXT, VALUE(output), "FORM", NULL, "token",
	 "token, header (for curl -H @-), or json", COMMAND_TOKEN},
	{"output", 'o', OPTION_TEXT, VALUE(output), "FORM", NULL, "text", "text or json",
	 COMMAND_DOCTOR},
	{"check", 0, OPTION_FLAG, VALUE(check), NULL, NULL, NULL,
	 "try the token on its server, and print it only if it is accepted", COMMAND_TOKEN},
	{"watch", 0, OPTION_FLAG, VALUE(watch), NULL, NULL, NULL,
	 "stay, and keep valid tokens in --out-file", COMMAND_TOKEN},
	{"out-file", 0, OPTION_TEXT, VALUE(out_file), "FILE", NULL, NULL,
	 "of --watch: replaced as a whole, removed when nothing in it is valid", COMMAND_TOKEN},
	{"poll-interval", 0, OPTION_SECONDS, VALUE(poll_interval), "SECONDS", NULL, "60",
	 "of --watch: ask a server at least so often; near a nonce's end oftener", COMMAND_TOKEN},
	{"skip-verify", 'k', OPTION_FLAG, VALUE(skip_verify), NULL, NULL, NULL,
	 "do not check the server's certificate", COMMANDS_OF_SERVERS},
	{"ca-file", 0, OPTION_TEXT, VALUE(ca_file), "PEM", NULL, NULL,
	 "trust these CAs instead of the machine's", COMMANDS_OF_SERVERS},
	{"timeout", 0, OPTION_SECONDS, VALUE(timeout), "SECONDS", NULL, "30",
	 "for the whole exchange with the server", COMMANDS_OF_SERVERS},
	{"out", 0, OPTION_TEXT, VALUE(out), "KEY", NULL, "chronograf-rsa",
	 "where to make the pair: a file, with FILE.pub beside it, or a pkcs11: URI",
	 COMMAND_GEN_KEYPAIR},
	{"bits", 0, OPTION_NUMBER, VALUE(bits), "BITS", NULL, "4096", "size of the RSA key",
	 COMMAND_GEN_KEYPAIR},
	{"encrypt", 0, OPTION_FLAG, VALUE(encrypt), NULL, NULL, NULL,
	 "encrypt the file with a passphrase (PKCS#8)", COMMAND_GEN_KEYPAIR},
	{"pub-key-out", 0, OPTION_TEXT, VALUE(pub_key_out), "FILE", NULL, NULL,
	 "write the public half of a pair in a token here, in Chronograf's form",
	 COMMAND_GEN_KEYPAIR},
	{"priv-key-file", 0, OPTION_TEXT, VALUE(priv_key_file), "KEY", "PRIV_KEY_FILE", NULL,
	 "the private key: a file, or a pkcs11: URI", COMMANDS_OF_ANY_KEY},
	{"priv-key-file", 0, OPTION_TEXT, VALUE(priv_key_file), "FILE", NULL, NULL,
	 "the file with the private key", COMMAND_IMPORT_KEY},
	{"to", 0, OPTION_TEXT, VALUE(to), "URI", NULL, NULL,
	 "the new key: a pkcs11: URI with token and object", COMMAND_IMPORT_KEY},
	{"format", 0, OPTION_TEXT, VALUE(format), "FORM", NULL, "chronograf",
	 "chronograf (its --pub-key-file), or spki (everyone else)", COMMAND_PUB_KEY},
	{"out", 0, OPTION_TEXT, VALUE(out), "FILE", NULL, NULL,
	 "write it to this new file instead of standard output", COMMAND_PUB_KEY},
	{"URI", 0, OPTION_OPERAND, VALUE(uri), NULL, NULL,
	 "pkcs11:", "only the keys that match this pkcs11: URI", COMMAND_LIST_KEYS},
	{"login", 0, OPTION_FLAG, VALUE(login), NULL, NULL, NULL,
	 "log in, and list what the tokens hide without", COMMAND_LIST_KEYS},
	{"output", 'o', OPTION_TEXT, VALUE(output), "FORM", NULL, "table",
	 "table, json, or uri (a line each)", COMMAND_LIST_KEYS},
	{"pkcs11-module", 0, OPTION_TEXT, VALUE(pkcs11_module), "PATH", "PKCS11_MODULE_PATH", NULL,
	 "the PKCS#11 module (default: all that p11-kit has registered)", COMMANDS_OF_TOKENS},
	{"signer", 0, OPTION_TEXT, VALUE(signer), "NAME", "CHRONOCTL_SIGNER", "auto",
	 "how to reach the key: auto, or a name of chronoctl --version", COMMANDS_OF_ANY_KEY},
	{"engine", 0, OPTION_TEXT, VALUE(engine), "ID", NULL, "pkcs11",
	 "the OpenSSL engine of --signer engine", COMMANDS_OF_ANY_KEY},
	{"provider", 0, OPTION_LIST, VALUE(providers), "NAME", NULL, NULL,
	 "load this OpenSSL provider for --signer provider (may be repeated)", COMMANDS_OF_ANY_KEY},
	{"module-timeout", 0, OPTION_SECONDS, VALUE(module_timeout), "SECONDS", NULL, "120",
	 "for one call into a PKCS#11 module", COMMANDS_OF_TOKENS & ~COMMAND_GEN_KEYPAIR},
	/* A card may take minutes for a large key. */
	{"module-timeout", 0, OPTION_SECONDS, VALUE(module_timeout), "SECONDS", NULL, "900",
	 "for one call into a PKCS#11 module", COMMAND_GEN_KEYPAIR},
	{"pin-source", 0, OPTION_TEXT, VALUE(pin_source), "SOURCE", NULL, NULL,
	 "PIN or passphrase: a file, file:, env:NAME, fd:N, credential:NAME, |command "
	 "(default: $CHRONOCTL_PIN, PIN pad, prompt)",
	 COMMANDS_OF_TOKENS},
	{"passphrase-source", 0, OPTION_TEXT, VALUE(passphrase_source), "SOURCE", NULL, NULL,
	 "passphrase of the file, from the same kinds of source; the PIN is the token's",
	 COMMAND_IMPORT_KEY},
	{"no-prompt", 0, OPTION_FLAG, VALUE(no_prompt), NULL, NULL, NULL,
	 "never ask for a PIN on the terminal", COMMANDS_OF_TOKENS},
	{"force-login", 0, OPTION_FLAG, VALUE(force_login), NULL, NULL, NULL,
	 "log in though the token says that its PIN is locked or on its last try",
	 COMMANDS_OF_TOKENS},
	{"SHELL", 0, OPTION_OPERAND, VALUE(shell), NULL, NULL, NULL, "bash, zsh or fish",
	 COMMAND_COMPLETION},
	{"verbose", 'v', OPTION_FLAG, VALUE(verbose), NULL, NULL, NULL,
	 "tell on standard error what is done", COMMANDS_OF_TOKENS},
	{0},
};

static void *value_of(struct options *options, const struct option_row *row)
{
	return (char *)options + row->offset;
}

static bool set_seconds(unsigned *value, const char *text, const char *name)
{
	char *end = NULL;

	errno = 0;
	unsigned long seconds = strtoul(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && seconds >= 1 &&
	    seconds <= 86400) {
		*value = (unsigned)seconds;
		return true;
	}
	report_error("--%s takes a whole number of seconds from 1 to 86400", name);
	return false;
}

static bool set_number(unsigned *value, const char *text, const char *name)
{
	char *end = NULL;

	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && number <= UINT_MAX) {
		*value = (unsigned)number;
		return true;
	}
	report_error("--%s takes a whole number", name);
	return false;
}

static bool add(struct values *values, char *text)
{
	char **list = reallocarray(values->list, values->count + 1, sizeof *list);

	if (list == NULL) {
		report_error("out of memory");
		return false;
	}
	values->list = list;
	values->list[values->count++] = text;
	return true;
}

/* The first flag replaces what the variable or the default says; further ones add to it. */
static void begin_list(struct values *values)
{
	if (!values->by_flag)
		values->count = 0;
	values->by_flag = true;
}

static bool set(struct options *options, const struct option_row *row, char *text)
{
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)value_of(options, row) = true;
		return true;
	case OPTION_TEXT:
	case OPTION_OPERAND:
		*(char **)value_of(options, row) = text;
		return true;
	case OPTION_LIST:
		return add(value_of(options, row), text);
	case OPTION_SECONDS:
		return set_seconds(value_of(options, row), text, row->name);
	case OPTION_NUMBER:
		return set_number(value_of(options, row), text, row->name);
	}
	return false;
}

/* Before the flags: the default, then the variable. An empty variable is not set. */
static bool set_defaults(struct options *options, unsigned command)
{
	for (const struct option_row *row = option_table; row->name != NULL; row++) {
		if ((row->commands & command) == 0)
			continue;
		char *text = row->environment == NULL ? NULL : getenv(row->environment);
		if (text == NULL || text[0] == '\0')
			text = (char *)row->fallback;
		if (text != NULL && !set(options, row, text))
			return false;
	}
	return true;
}

/* The row of `--name`, `--name=value` or `-l`; *value is what follows the '='. NULL if no option of
 * this command is so called. */
static const struct option_row *find(unsigned command, char *argument, char **value)
{
	bool is_long = argument[1] == '-';
	size_t length = strcspn(argument, "=");

	*value = is_long && argument[length] == '=' ? argument + length + 1 : NULL;
	for (const struct option_row *row = option_table; row->name != NULL; row++) {
		if (row->kind == OPTION_OPERAND)
			continue;
		bool named = is_long ? strlen(row->name) == length - 2 &&
					       strncmp(row->name, argument + 2, length - 2) == 0
				     : row->letter != 0 && argument[1] == row->letter &&
					       argument[2] == '\0';
		if (named && (row->commands & command) != 0)
			return row;
	}
	return NULL;
}

/* Takes one option; *taken is the number of arguments that it used up. */
static bool parse_one(struct options *options, unsigned command, int left, char **arguments,
		      int *taken)
{
	char *value = NULL;
	const struct option_row *row = find(command, arguments[0], &value);

	*taken = 1;
	if (row == NULL) {
		/* An option that is mistyped may hold a PIN: only its name is repeated. */
		report_error("unknown option '%.*s'; see --help", (int)strcspn(arguments[0], "="),
			     arguments[0]);
		return false;
	}
	if (row->kind == OPTION_FLAG) {
		if (value != NULL)
			report_error("--%s takes no value", row->name);
		return value == NULL && set(options, row, NULL);
	}
	if (value == NULL) {
		if (left < 2) {
			report_error("--%s needs a value: --%s %s", row->name, row->name,
				     row->argument);
			return false;
		}
		value = arguments[1];
		*taken = 2;
	}
	if (row->kind == OPTION_LIST)
		begin_list(value_of(options, row));
	return set(options, row, value);
}

/* Takes what is no option, if the command has a place for it that is still empty. */
static bool take_operand(struct options *options, unsigned command, unsigned *taken, char *text)
{
	for (const struct option_row *row = option_table; row->name != NULL; row++)
		if (row->kind == OPTION_OPERAND && (row->commands & command) != 0 &&
		    (*taken)++ == 0)
			return set(options, row, text);
	report_error("unexpected argument; see --help");
	return false;
}

bool options_parse(struct options *options, unsigned command, int count, char **arguments)
{
	unsigned operands = 0;

	*options = (struct options){0};
	if (!set_defaults(options, command))
		return false;
	for (int i = 0, taken; i < count; i += taken) {
		taken = 1;
		if (arguments[i][0] != '-' || arguments[i][1] == '\0'
			    ? !take_operand(options, command, &operands, arguments[i])
			    : !parse_one(options, command, count - i, arguments + i, &taken))
			return false;
	}
	return true;
}

const char *options_operand(unsigned command)
{
	for (const struct option_row *row = option_table; row->name != NULL; row++)
		if (row->kind == OPTION_OPERAND && (row->commands & command) != 0)
			return row->name;
	return NULL;
}

void options_clear(struct options *options)
{
	for (const struct option_row *row = option_table; row->name != NULL; row++)
		if (row->kind == OPTION_LIST) {
			struct values *values = value_of(options, row);
			free(values->list);
			*values = (struct values){0};
		}
}

void options_print_help(unsigned command)
{
	for (const struct option_row *row = option_table; row->name != NULL; row++) {
		char left[64];

		if ((row->commands & command) == 0)
			continue;
		if (row->kind == OPTION_OPERAND)
			snprintf(left, sizeof left, "%s", row->name);
		else
			snprintf(left, sizeof left, "%c%c%c --%s%s%s", row->letter ? '-' : ' ',
				 row->letter ? row->letter : ' ', row->letter ? ',' : ' ',
				 row->name, row->argument ? " " : "",
				 row->argument ? row->argument : "");
		printf("  %-30s %s", left, row->help);
		if (row->environment != NULL)
			printf(" [$%s]", row->environment);
		if (row->fallback != NULL)
			printf(" (default %s)", row->fallback);
		putchar('\n');
	}
}
