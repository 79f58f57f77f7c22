/*
 * `chronoctl completion`: what makes a shell complete the arguments, from the tables of commands and
 * options. The scripts of bash, zsh and fish are in files of their own; here is what they share.
 */
#include "cli/completion.h"

#include "base/cleanup.h"
#include "cli/output.h"
#include "cli/report.h"

#include <chronosign/error.h>
#include <chronosign/signer.h>
#include <string.h>

/* ---- What may stand for an option's value ---- */

/* The words of those options that take one of a list. Signers are what the library has. */
static const struct {
	const char *option;
	unsigned commands;
	const char *words;
} word_lists[] = {
	{"output", COMMAND_TOKEN, "token header json"},
	{"output", COMMAND_DOCTOR, "text json"},
	{"output", COMMAND_LIST_KEYS, "table json uri"},
	{"format", COMMAND_PUB_KEY, "chronograf spki"},
	{"SHELL", COMMAND_COMPLETION, "bash zsh fish"},
};

static const struct {
	const char *argument; /* what help calls the value */
	value_kind kind;
} argument_kinds[] = {
	{"FILE", VALUE_FILE},   {"PEM", VALUE_FILE}, {"PATH", VALUE_FILE},
	{"SOURCE", VALUE_FILE}, {"KEY", VALUE_KEY},  {"URI", VALUE_URI},
};

static const char *words_of(const struct option_row *row, unsigned command)
{
	for (size_t i = 0; i < sizeof word_lists / sizeof word_lists[0]; i++)
		if (strcmp(word_lists[i].option, row->name) == 0 &&
		    (word_lists[i].commands & command) != 0)
			return word_lists[i].words;
	return NULL;
}

value_kind completion_value_kind(const struct option_row *row, unsigned command)
{
	const char *argument = row->kind == OPTION_OPERAND ? row->name : row->argument;

	if (row->kind == OPTION_FLAG)
		return VALUE_NONE;
	if (strcmp(row->name, "signer") == 0 || words_of(row, command) != NULL)
		return VALUE_WORDS;
	for (size_t i = 0; i < sizeof argument_kinds / sizeof argument_kinds[0]; i++)
		if (strcmp(argument_kinds[i].argument, argument) == 0)
			return argument_kinds[i].kind;
	return VALUE_FREE;
}

void completion_print_words(const struct option_row *row, unsigned command)
{
	const char *name;
	const char *library;

	if (strcmp(row->name, "signer") != 0) {
		fputs(words_of(row, command), stdout);
		return;
	}
	fputs("auto", stdout);
	for (size_t i = 0; chronosign_backend_describe(i, &name, &library); i++)
		printf(" %s", name);
}

/* ---- The rows of a command ---- */

const struct option_row *completion_next_row(const struct option_row *row, unsigned command)
{
	row = row == NULL ? option_table : row + 1;
	while (row->name != NULL && (row->commands & command) == 0)
		row++;
	return row->name == NULL ? NULL : row;
}

void completion_print_quoted(const char *text, const char *escaped, const char *quote)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs(quote, stdout);
		else
			printf("%s%c", strchr(escaped, *text) == NULL ? "" : "\\", *text);
	}
}

/* ---- The command ---- */

static const struct {
	const char *shell;
	void (*print)(void);
} scripts[] = {
	{"bash", completion_print_bash},
	{"zsh", completion_print_zsh},
	{"fish", completion_print_fish},
};

int completion_run(struct options *options)
{
	for (size_t i = 0; options->shell != NULL && i < sizeof scripts / sizeof scripts[0]; i++)
		if (strcmp(scripts[i].shell, options->shell) == 0) {
			scripts[i].print();
			return output_flush();
		}
	report_error("name a shell: chronoctl completion bash, zsh or fish");
	return EXIT_USAGE;
}
