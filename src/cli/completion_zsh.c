/* The completion script of zsh, on its _arguments. */
#include "cli/completion.h"

static const char head[] =
	"#compdef chronoctl\n"
	"# Completion of chronoctl for zsh, by `chronoctl completion zsh`.\n"
	"\n"
	"_chronoctl_uris() {\n"
	"\tlocal -a uris\n"
	"\turis=(${(f)\"$(chronoctl list-keys -o uri --no-prompt --module-timeout 5 2>/dev/null "
	"</dev/null)\"})\n"
	"\tcompadd \"$@\" -- $uris\n"
	"}\n"
	"\n"
	"# Private keys are hidden before a login: what shows, names them without its type.\n"
	"_chronoctl_keys() {\n"
	"\tlocal -aU uris\n"
	"\tif [[ $PREFIX != pkcs11:* ]]; then\n"
	"\t\tcompadd -S '' \"$@\" -- pkcs11:\n"
	"\t\t_files\n"
	"\t\treturn\n"
	"\tfi\n"
	"\turis=(${(f)\"$(chronoctl list-keys -o uri --no-prompt --module-timeout 5 2>/dev/null "
	"</dev/null)\"})\n"
	"\tcompadd \"$@\" -- ${uris/;type=[a-z]##/}\n"
	"}\n"
	"\n"
	"_chronoctl() {\n"
	"\tlocal curcontext=$curcontext\n"
	"\tlocal -a commands\n"
	"\tsetopt localoptions extendedglob\n";

/* _arguments gives a meaning to these in what it shows. */
static void print_shown(const char *text)
{
	completion_print_quoted(text, "[]:\\", "'\\''");
}

static void print_names(const struct option_row *row, bool takes_value)
{
	const char *equals = takes_value ? "=" : "";

	if (row->kind == OPTION_LIST)
		printf("'*'");
	if (row->letter != 0)
		printf("'(-%c --%s)'{-%c,--%s%s}'", row->letter, row->name, row->letter, row->name,
		       equals);
	else
		printf("'--%s%s", row->name, equals);
}

static void print_action(const struct option_row *row, unsigned command)
{
	switch (completion_value_kind(row, command)) {
	case VALUE_NONE:
	case VALUE_FREE:
		break;
	case VALUE_WORDS:
		putchar('(');
		completion_print_words(row, command);
		putchar(')');
		break;
	case VALUE_FILE:
		fputs("_files", stdout);
		break;
	case VALUE_KEY:
		fputs("_chronoctl_keys", stdout);
		break;
	case VALUE_URI:
		fputs("_chronoctl_uris", stdout);
		break;
	}
}

static void print_row(const struct option_row *row, unsigned command)
{
	bool takes_value = row->kind != OPTION_FLAG;

	fputs(" \\\n\t\t\t", stdout);
	if (row->kind == OPTION_OPERAND) {
		printf("'1:%s:", row->name);
	} else {
		print_names(row, takes_value);
		putchar('[');
		print_shown(row->help);
		putchar(']');
		if (takes_value)
			printf(":%s:", row->argument);
	}
	print_action(row, command);
	putchar('\'');
}

static void print_command(const struct command *command)
{
	const struct option_row *row = NULL;

	printf("\t%s)\n\t\t_arguments", command->name);
	while ((row = completion_next_row(row, command->bit)) != NULL)
		print_row(row, command->bit);
	printf("\n\t\t;;\n");
}

void completion_print_zsh(void)
{
	const struct command *command;

	printf("%s\tcommands=(\n", head);
	for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
		printf("\t\t'%s:", command->name);
		completion_print_quoted(command->help, ":\\", "'\\''");
		printf("'\n");
	}
	printf("\t)\n"
	       "\tif ((CURRENT == 2)); then\n"
	       "\t\t_describe command commands\n"
	       "\t\tcompadd -- -h --help --version\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\tlocal name=$words[2]\n"
	       "\tshift words\n"
	       "\t((CURRENT--))\n"
	       "\tcase $name in\n");
	for (size_t i = 0; (command = command_at(i)) != NULL; i++)
		print_command(command);
	printf("\tesac\n}\n\n"
	       "# From a folder of $fpath it is run to complete; evaluated, it is registered.\n"
	       "if [[ $funcstack[1] == _chronoctl ]]; then\n"
	       "\t_chronoctl \"$@\"\n"
	       "else\n"
	       "\tcompdef _chronoctl chronoctl\n"
	       "fi\n");
}
