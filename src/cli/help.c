/* The help, made from the tables of commands and options: 80 columns, wrapped at blanks. */
#include "cli/help.h"

#include "base/cleanup.h"
#include "cli/terminal.h"

enum { WIDTH = 80 };

/* A name and its explanation, on the same line or, if there is no room, below. */
static void print_entry(FILE *out, const char *name, const char *text, size_t indent)
{
	int column = fprintf(out, "  %s", name);

	if ((size_t)column + 2 > indent) {
		fputc('\n', out);
		column = 0;
	}
	fprintf(out, "%*s", (int)indent - column, "");
	terminal_print_words(out, text, (struct margins){indent, indent, WIDTH});
	fputc('\n', out);
}

static void print_option(FILE *out, const struct option_row *row)
{
	CLEANUP(cleanup_text)
	char *words = row->choices == NULL ? NULL : options_choices(row->choices, true);
	CLEANUP(cleanup_text) char *text = NULL;
	char name[64];

	if (row->kind == OPTION_OPERAND)
		snprintf(name, sizeof name, "%s", row->name);
	else
		snprintf(name, sizeof name, "%c%c%c --%s%s%s", row->letter ? '-' : ' ',
			 row->letter ? row->letter : ' ', row->letter ? ',' : ' ', row->name,
			 row->argument ? " " : "", row->argument ? row->argument : "");
	if (asprintf(&text, "%s%s%s%s%s%s%s", words == NULL ? row->help : words,
		     row->environment == NULL ? "" : " [$",
		     row->environment == NULL ? "" : row->environment,
		     row->environment == NULL ? "" : "]", row->fallback == NULL ? "" : " (default ",
		     row->fallback == NULL ? "" : row->fallback,
		     row->fallback == NULL ? "" : ")") < 0)
		text = NULL;
	print_entry(out, name, text == NULL ? "" : text, 30);
}

void help_print_command(FILE *out, const struct command *command)
{
	const struct option_row *operand = options_operand(command->bit);
	const char *group = NULL;

	if (command->run == NULL) {
		fprintf(out,
			"usage: chronoctl %s …\n\n%s, by InfluxData's chronoctl: --help is its "
			"own\n",
			command->name, command->help);
		return;
	}
	fprintf(out, "usage: chronoctl %s [options]%s%s%s\n\n%s\n\noptions:\n", command->name,
		operand == NULL ? "" : " [", operand == NULL ? "" : operand->name,
		operand == NULL ? "" : "]", command->help);
	for (const struct option_row *row = option_table; row->name != NULL; row++) {
		if (row->kind == OPTION_GROUP)
			group = row->name;
		if ((row->commands & command->bit) == 0)
			continue;
		if (group != NULL)
			fprintf(out, "\n %s:\n", group);
		group = NULL;
		print_option(out, row);
	}
}

/* Ours, or those that InfluxData's chronoctl runs. */
static void print_commands(FILE *out, bool ours)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)) != NULL; i++)
		if (command->help != NULL && (command->run != NULL) == ours)
			print_entry(out, command->name, command->help, 17);
}

void help_print(FILE *out)
{
	fputs("usage: chronoctl COMMAND [options]\n\n"
	      "Superadmin tokens for InfluxData Chronograf, signed with a key in a file, a\n"
	      "smartcard or an HSM.\n\n"
	      "commands:\n",
	      out);
	print_commands(out, true);
	fputs("\ncommands of InfluxData's own chronoctl, if it is installed:\n", out);
	print_commands(out, false);
	fputs("\n"
	      "  -h, --help     show this help; for one command: chronoctl help COMMAND\n"
	      "      --version  show the version, and what is built in\n\n"
	      "exit status: 0 success; failures: 2 usage, 3 key, 4 server, 5 token refused,\n"
	      "             1 anything else\n",
	      out);
}
