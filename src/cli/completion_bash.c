/* The completion script of bash. It needs no bash-completion. */
#include "cli/completion.h"

/*
 * Readline breaks words at ':' and '=', which URIs are full of, and calls the last piece the word.
 * So the word is taken from the line, completed as a whole, and handed back without what stands
 * before that piece. Inside quotes nothing is broken and nothing is escaped.
 */
static const char functions[] =
	"_chronoctl_uris() {\n"
	"\tchronoctl list-keys -o uri --no-prompt --module-timeout 5 2>/dev/null </dev/null\n"
	"}\n"
	"\n"
	"# Private keys are hidden before a login: what shows, names them without its type.\n"
	"_chronoctl_keys() { _chronoctl_uris | sed 's/;type=[a-z]*//' | sort -u; }\n"
	"\n"
	"_chronoctl_offer() {\n"
	"\tlocal candidate\n"
	"\twhile IFS= read -r candidate; do\n"
	"\t\t[[ $candidate == \"$current\"* ]] || continue\n"
	"\t\tif [[ -z $quote ]]; then\n"
	"\t\t\tprintf -v candidate %q \"$candidate\"\n"
	"\t\t\tcandidate=${candidate:${#before}}\n"
	"\t\tfi\n"
	"\t\tCOMPREPLY+=(\"$candidate\")\n"
	"\tdone\n"
	"}\n"
	"\n"
	"# Modules are asked only once a URI is begun.\n"
	"_chronoctl_offer_uris() {\n"
	"\tif [[ $current == pkcs11:* ]]; then\n"
	"\t\t_chronoctl_offer < <(\"$1\")\n"
	"\telif [[ pkcs11: == \"$current\"* ]]; then\n"
	"\t\tCOMPREPLY+=(pkcs11:)\n"
	"\t\tcompopt -o nospace 2>/dev/null\n"
	"\tfi\n"
	"}\n"
	"\n"
	"_chronoctl_offer_files() {\n"
	"\tlocal candidate\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"\twhile IFS= read -r candidate; do\n"
	"\t\tCOMPREPLY+=(\"${candidate:${#before}}\")\n"
	"\tdone < <(compgen -f -- \"$current\")\n"
	"}\n"
	"\n"
	"_chronoctl_offer_value() {\n"
	"\tcase $1 in\n"
	"\tfile) _chronoctl_offer_files ;;\n"
	"\tkey)\n"
	"\t\t_chronoctl_offer_uris _chronoctl_keys\n"
	"\t\t[[ $current == pkcs11:* ]] || _chronoctl_offer_files\n"
	"\t\t;;\n"
	"\turi) _chronoctl_offer_uris _chronoctl_uris ;;\n"
	"\tfree) ;;\n"
	"\t*) _chronoctl_offer < <(printf '%s\\n' $1) ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"_chronoctl() {\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} command=${COMP_WORDS[1]} current before= quote= "
	"option=\n"
	"\tlocal words\n"
	"\tCOMPREPLY=()\n"
	"\tread -ra words <<<\"$line\"\n"
	"\tcurrent=${words[-1]}\n"
	"\t[[ $line != *[[:space:]] ]] || { current=; words+=(''); }\n"
	"\toption=${words[-2]}\n"
	"\tif [[ $current == --*=* ]]; then\n"
	"\t\toption=${current%%=*}\n"
	"\t\tcurrent=${current#*=}\n"
	"\tfi\n"
	"\tif [[ $current == [\\'\\\"]* ]]; then\n"
	"\t\tquote=${current:0:1}\n"
	"\t\tcurrent=${current:1}\n"
	"\telse\n"
	"\t\t[[ $current != *[:=]* ]] || before=${current%\"${current##*[:=]}\"}\n"
	"\t\tcurrent=${current//\\\\/}\n"
	"\tfi\n"
	"\tif ((${#words[@]} <= 2)); then\n"
	"\t\t_chronoctl_offer < <(printf '%s\\n' $(_chronoctl_options ''))\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tlocal kind\n"
	"\tkind=$(_chronoctl_kind \"$command\" \"$option\")\n"
	"\tif [[ $kind ]]; then\n"
	"\t\t_chronoctl_offer_value \"$kind\"\n"
	"\telif [[ $current == -* ]]; then\n"
	"\t\t_chronoctl_offer < <(printf '%s\\n' $(_chronoctl_options \"$command\"))\n"
	"\telse\n"
	"\t\t_chronoctl_offer_value \"$(_chronoctl_kind \"$command\" '')\"\n"
	"\tfi\n"
	"}\n"
	"\n"
	"complete -F _chronoctl chronoctl\n";

static void print_option(const struct option_row *row)
{
	if (row->letter != 0)
		printf(" -%c", row->letter);
	printf(" --%s", row->name);
}

static void print_options(const struct command *command)
{
	const struct option_row *row = NULL;

	printf("\t%s) echo", command->name);
	while ((row = completion_next_row(row, command->bit)) != NULL)
		if (row->kind != OPTION_OPERAND)
			print_option(row);
	printf(" ;;\n");
}

static void print_kind(const struct option_row *row, unsigned command)
{
	static const char *const kinds[] = {
		[VALUE_FREE] = "free",
		[VALUE_FILE] = "file",
		[VALUE_KEY] = "key",
		[VALUE_URI] = "uri",
	};
	value_kind kind = completion_value_kind(row, command);

	fputs(" echo '", stdout);
	if (kind == VALUE_WORDS)
		completion_print_words(row, command);
	else
		fputs(kinds[kind], stdout);
	fputs("' ;;\n", stdout);
}

static void print_kinds(const struct command *command)
{
	const struct option_row *row = NULL;

	while ((row = completion_next_row(row, command->bit)) != NULL) {
		if (row->kind == OPTION_FLAG)
			continue;
		if (row->kind == OPTION_OPERAND)
			printf("\t%s,)", command->name);
		else if (row->letter != 0)
			printf("\t%s,--%s | %s,-%c)", command->name, row->name, command->name,
			       row->letter);
		else
			printf("\t%s,--%s)", command->name, row->name);
		print_kind(row, command->bit);
	}
}

void completion_print_bash(void)
{
	const struct command *command;

	printf("# Completion of chronoctl for bash, by `chronoctl completion bash`.\n\n"
	       "_chronoctl_options() {\n\tcase $1 in\n\t'') echo -h --help --version");
	for (size_t i = 0; (command = command_at(i)) != NULL; i++)
		printf(" %s", command->name);
	printf(" ;;\n");
	for (size_t i = 0; (command = command_at(i)) != NULL; i++)
		print_options(command);
	printf("\tesac\n}\n\n"
	       "# What an option of a command takes; without an option, what the command itself.\n"
	       "_chronoctl_kind() {\n\tcase $1,$2 in\n");
	for (size_t i = 0; (command = command_at(i)) != NULL; i++)
		print_kinds(command);
	printf("\tesac\n}\n\n%s", functions);
}
