/* The completion script of fish: a `complete` for each row. */
#include "cli/completion.h"

static const char head[] =
	"# Completion of chronoctl for fish, by `chronoctl completion fish`.\n"
	"\n"
	"function __chronoctl_uris\n"
	"\tchronoctl list-keys -o uri --no-prompt --module-timeout 5 2>/dev/null </dev/null\n"
	"end\n"
	"\n"
	"# Private keys are hidden before a login: what shows, names them without its type.\n"
	"function __chronoctl_keys\n"
	"\tif string match -q 'pkcs11:*' -- (commandline -ct | string replace -r '^--[^=]*=' '' "
	"| string trim -c \\'\\\")\n"
	"\t\t__chronoctl_uris | string replace -r ';type=[a-z]*' '' | sort -u\n"
	"\telse\n"
	"\t\techo pkcs11:\n"
	"\tend\n"
	"end\n"
	"\n"
	"complete -c chronoctl -f\n"
	"complete -c chronoctl -n __fish_use_subcommand -s h -l help -d 'show help'\n"
	"complete -c chronoctl -n __fish_use_subcommand -l version -d 'show what is built in'\n";

static void print_description(const char *text)
{
	fputs(" -d '", stdout);
	completion_print_quoted(text, "\\", "\\'");
	putchar('\'');
}

static void print_value(const struct option_row *row, unsigned command)
{
	bool operand = row->kind == OPTION_OPERAND;

	switch (completion_value_kind(row, command)) {
	case VALUE_NONE:
		break;
	case VALUE_FREE:
		fputs(operand ? "" : " -x", stdout);
		break;
	case VALUE_WORDS:
		fputs(operand ? " -a '" : " -x -a '", stdout);
		completion_print_words(row, command);
		putchar('\'');
		break;
	case VALUE_FILE:
		fputs(" -r -F", stdout);
		break;
	case VALUE_KEY:
		fputs(" -r -F -a '(__chronoctl_keys)'", stdout);
		break;
	case VALUE_URI:
		fputs(operand ? " -a '(__chronoctl_uris)'" : " -x -a '(__chronoctl_uris)'", stdout);
		break;
	}
}

static void print_row(const struct option_row *row, const struct command *command)
{
	printf("complete -c chronoctl -n '__fish_seen_subcommand_from %s'", command->name);
	if (row->kind != OPTION_OPERAND && row->letter != 0)
		printf(" -s %c", row->letter);
	if (row->kind != OPTION_OPERAND)
		printf(" -l %s", row->name);
	print_value(row, command->bit);
	print_description(row->help);
	putchar('\n');
}

void completion_print_fish(void)
{
	const struct command *command;

	fputs(head, stdout);
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		const struct option_row *row = NULL;

		printf("\ncomplete -c chronoctl -n __fish_use_subcommand -a %s", command->name);
		print_description(command->help);
		putchar('\n');
		while ((row = completion_next_row(row, command->bit)) != NULL)
			print_row(row, command);
	}
}
