/* From arguments to values, by the table: getopt_long(3) splits them, this file interprets them. */
#include "cli/options.h"

#include "base/cleanup.h"
#include "base/suggest.h"
#include "base/text.h"
#include "cli/pin_value.h"
#include "cli/report.h"
#include "network/network.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Values ---- */

static void *value_of(struct options *options, const struct option_row *row)
{
	return (char *)options + row->offset;
}

static bool set_number(unsigned *value, const char *text, unsigned long least, unsigned long most)
{
	char *end = NULL;

	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number < least ||
	    number > most)
		return false;
	*value = (unsigned)number;
	return true;
}

static bool refuse_number(const struct option_row *row, const char *what)
{
	report_error("--%s takes a whole number%s", row->name, what);
	return false;
}

static bool set_choice(int *value, const char *text, const struct option_row *row)
{
	for (const struct choice *choice = row->choices; choice->name != NULL; choice++)
		if (strcmp(choice->name, text) == 0) {
			*value = choice->value;
			return true;
		}
	CLEANUP(cleanup_text) char *words = options_choices(row->choices, false);
	report_error("%s%s is %s, not '%s'", row->kind == OPTION_OPERAND ? "" : "--", row->name,
		     words == NULL ? "something else" : words, text);
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
	case OPTION_OPERAND:
		if (row->choices != NULL)
			return set_choice(value_of(options, row), text, row);
		/* fallthrough */
	case OPTION_TEXT:
		*(char **)value_of(options, row) = text;
		return true;
	case OPTION_SOURCE:
		*(char **)value_of(options, row) = text;
		return add(&options->sources, text);
	case OPTION_LIST:
		return add(value_of(options, row), text);
	case OPTION_SECONDS:
		return set_number(value_of(options, row), text, 1, 86400) ||
		       refuse_number(row, " of seconds from 1 to 86400");
	case OPTION_PAUSE:
		return set_number(&((struct pause *)value_of(options, row))->seconds, text, 0,
				  86400) ||
		       refuse_number(row, " of seconds from 0 to 86400");
	case OPTION_NUMBER:
		return set_number(value_of(options, row), text, 0, UINT_MAX) ||
		       refuse_number(row, "");
	case OPTION_CHOICE:
		return set_choice(value_of(options, row), text, row);
	case OPTION_GROUP:
		break;
	}
	return false;
}

/* Before the flags: the default, then the variable. An empty variable is not set. */
static bool set_defaults(struct options *options, unsigned command)
{
	const struct option_row *row = NULL;

	while ((row = options_next(row, command)) != NULL) {
		char *text = row->environment == NULL ? NULL : getenv(row->environment);
		if (text == NULL || text[0] == '\0')
			text = (char *)row->fallback;
		if (row->kind == OPTION_FLAG && text != NULL && strcmp(text, "0") == 0)
			continue;
		if (text != NULL && !set(options, row, text))
			return false;
	}
	return true;
}

/* ---- What getopt_long(3) reads ---- */

/* The code of an option with a long name; a letter is its own code. */
enum { CODE_OPERAND = 1, CODE_TRAP = 2, CODE_OF_ROW = 256 };

/* As abbreviations they would be accepted, and a PIN would be repeated as the name of a file. */
static const struct option traps[] = {
	{"pin", optional_argument, NULL, CODE_TRAP},
	{"passphrase", optional_argument, NULL, CODE_TRAP},
};
enum { TRAPS = sizeof traps / sizeof traps[0] };

struct grammar {
	struct option names[OPTION_ROWS_MAX + TRAPS];
	char letters[2 + 2 * OPTION_ROWS_MAX + 1];
};

/* "-": operands where they stand, so that POSIXLY_CORRECT changes nothing and nothing is moved.
 * ":": a missing value has a code of its own. */
static struct grammar grammar_of(unsigned command)
{
	struct grammar grammar = {.letters = "-:"};
	struct option *name = grammar.names;
	char *letter = grammar.letters + strlen(grammar.letters);
	const struct option_row *row = NULL;

	while ((row = options_next(row, command)) != NULL) {
		bool takes_value = row->kind != OPTION_FLAG;

		if (row->kind == OPTION_OPERAND)
			continue;
		*name++ = (struct option){row->name, takes_value, NULL,
					  CODE_OF_ROW + (int)(row - option_table)};
		if (row->letter == 0)
			continue;
		*letter++ = row->letter;
		if (takes_value)
			*letter++ = ':';
	}
	memcpy(name, traps, sizeof traps);
	return grammar;
}

static const struct option_row *row_of(unsigned command, int code)
{
	const struct option_row *row = NULL;

	if (code >= CODE_OF_ROW)
		return &option_table[code - CODE_OF_ROW];
	while ((row = options_next(row, command)) != NULL)
		if (row->letter != 0 && row->letter == code)
			break;
	return row;
}

/* ---- What is wrong ---- */

/* The options that begin so, as a list; *only is the first of them. NULL without memory. */
static char *completions_of(unsigned command, const char *name, size_t length, const char **only,
			    unsigned *count)
{
	char *names = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&names, &size);
	const struct option_row *row = NULL;

	*count = 0;
	while (memory != NULL && length > 0 && (row = options_next(row, command)) != NULL) {
		if (row->kind == OPTION_OPERAND || strncmp(row->name, name, length) != 0)
			continue;
		fprintf(memory, "%s--%s", *count == 0 ? "" : ", ", row->name);
		if ((*count)++ == 0)
			*only = row->name;
	}
	if (memory != NULL)
		fclose(memory);
	return names;
}

/* A mistyped option may hold a PIN: only its name is repeated. */
static void report_unknown(unsigned command, const char *argument)
{
	int length = (int)strcspn(argument, "=");
	struct suggestion nearest = {.word = argument + 2, .length = (size_t)length - 2};
	unsigned count = 0;
	const struct option_row *row = NULL;

	while ((row = options_next(row, command)) != NULL)
		if (row->kind != OPTION_OPERAND)
			suggest(&nearest, row->name);
	CLEANUP(cleanup_text)
	char *names = completions_of(command, nearest.word, nearest.length, &nearest.found, &count);
	if (count > 1)
		report_error("option '%.*s' is ambiguous: %s", length, argument, names);
	else if (nearest.found != NULL)
		report_error("unknown option '%.*s'; did you mean --%s?", length, argument,
			     nearest.found);
	else
		report_error("unknown option '%.*s'; see --help", length, argument);
}

/* getopt_long(3) found no option, or one that takes no value with one. */
static bool refuse(unsigned command, const char *argument)
{
	if (optopt >= CODE_OF_ROW)
		report_error("--%s takes no value", option_table[optopt - CODE_OF_ROW].name);
	else if (optopt == 0)
		report_unknown(command, argument);
	else if (isgraph(optopt))
		report_error("unknown option '-%c'; see --help", optopt);
	else
		report_error("unknown option; see --help");
	return false;
}

static bool is_option(unsigned command, const char *text)
{
	const struct option_row *row = NULL;

	while ((row = options_next(row, command)) != NULL)
		if (row->kind != OPTION_OPERAND && strcmp(row->name, text) == 0)
			return true;
	return false;
}

/* --pin and --passphrase, where the command has one for their source. */
static bool refuse_secret(unsigned command, const char *argument)
{
	bool passphrase = strncmp(argument, "--passphrase", strlen("--passphrase")) == 0 &&
			  is_option(command, "passphrase-source");

	if (passphrase || is_option(command, "pin-source"))
		report_error("no option takes a %s, which everyone here could read; give its "
			     "source by --%s-source",
			     passphrase ? "passphrase" : "PIN", passphrase ? "passphrase" : "pin");
	else
		report_unknown(command, argument);
	return false;
}

/* The option that an argument without one was meant for; NULL: not known. */
static const struct option_row *meant_option(unsigned command, bool is_url)
{
	const struct option_row *row = NULL;

	while ((row = options_next(row, command)) != NULL) {
		if (row->argument == NULL)
			continue;
		if (is_url ? strcmp(row->argument, "URL") == 0
			   : strcmp(row->argument, "KEY") == 0 ||
				     strcmp(row->name, "priv-key-file") == 0)
			break;
	}
	return row;
}

/* An argument without its option. It may be a PIN, and is repeated only if it cannot be one. */
static bool refuse_operand(unsigned command, const char *text)
{
	bool is_url = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
	bool is_key = access(text, F_OK) == 0 ||
		      (strncmp(text, "pkcs11:", 7) == 0 && !pin_value_is_in(text));
	const struct option_row *row = meant_option(command, is_url);
	CLEANUP(cleanup_text) char *shown = is_url ? url_without_user(text) : strdup(text);
	CLEANUP(cleanup_text) char *word = shown == NULL ? NULL : text_shell_word(shown);

	if (is_option(command, text))
		report_error("unexpected argument '%s'; did you mean --%s?", text, text);
	else if (row != NULL && word != NULL && (is_url || is_key))
		report_error("unexpected argument '%s'; did you mean --%s %s?", shown, row->name,
			     word);
	else if (row != NULL)
		report_error("unexpected argument; if it is the key, write --%s %s", row->name,
			     row->argument);
	else
		report_error("unexpected argument; see --help");
	return false;
}

/* ---- The arguments ---- */

static bool take_operand(struct options *options, unsigned command, unsigned *taken, char *text)
{
	const struct option_row *row = options_operand(command);

	if (row == NULL || (*taken)++ > 0)
		return refuse_operand(command, text);
	return set(options, row, text);
}

/* What getopt_long(3) found last; an argument that it has not moved. */
static bool take(struct options *options, unsigned command, int code, const char *argument)
{
	const struct option_row *row = row_of(command, code == ':' ? optopt : code);

	if (code == '?')
		return refuse(command, argument);
	if (code == CODE_TRAP)
		return refuse_secret(command, argument);
	if (row == NULL) {
		report_unknown(command, argument);
		return false;
	}
	if (code == ':') {
		report_error("--%s needs a value: --%s %s", row->name, row->name, row->argument);
		return false;
	}
	if (row->kind == OPTION_LIST)
		begin_list(value_of(options, row));
	if (row->kind == OPTION_PAUSE)
		((struct pause *)value_of(options, row))->by_flag = true;
	return set(options, row, optarg);
}

bool options_parse(struct options *options, unsigned command, int count, char **arguments)
{
	struct grammar grammar = grammar_of(command);
	unsigned operands = 0;

	*options = (struct options){0};
	if (!set_defaults(options, command))
		return false;
	opterr = 0;
	optind = 0; /* resets both GNU's and musl's */
	for (int code;
	     (code = getopt_long(count, arguments, grammar.letters, grammar.names, NULL)) != -1;)
		if (code == CODE_OPERAND ? !take_operand(options, command, &operands, optarg)
					 : !take(options, command, code, arguments[optind - 1]))
			return false;
	for (; optind < count; optind++) /* after "--" */
		if (!take_operand(options, command, &operands, arguments[optind]))
			return false;
	return true;
}

void options_read(struct cursor *cursor, unsigned command, int count, char **words)
{
	struct grammar grammar = grammar_of(command);
	const char *last = cursor->value = words[count - 1];
	int operands = 0;

	opterr = 0;
	optind = 0;
	for (int code;
	     (code = getopt_long(count, words, grammar.letters, grammar.names, NULL)) != -1;) {
		const struct option_row *row = row_of(command, code);
		operands += code == CODE_OPERAND;
		if (row == NULL || optarg == NULL)
			continue;
		if (strcmp(row->name, "pkcs11-module") == 0)
			cursor->pkcs11_module = optarg;
		if (optind == count) {
			cursor->row = row;
			cursor->value = optarg;
		}
	}
	bool ended = optind < count; /* by "--" */
	operands += count - optind;
	if (cursor->row == NULL && operands == 1 && (ended || last[0] != '-'))
		cursor->row = options_operand(command);
	cursor->takes_option = !ended && (last[0] == '-' || last[0] == '\0');
}

void options_clear(struct options *options)
{
	for (const struct option_row *row = option_table; row->name != NULL; row++)
		if (row->kind == OPTION_LIST) {
			struct values *values = value_of(options, row);
			free(values->list);
			*values = (struct values){0};
		}
	free(options->sources.list);
	options->sources = (struct values){0};
}
