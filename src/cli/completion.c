/* `chronoctl completion SHELL`: prints a script that asks `chronoctl __complete` what to offer. */
#include "cli/command.h"
#include "cli/output.h"
#include "cli/report.h"

#include <stdio.h>

/* Readline replaces only the text after the last ':' or '='; what precedes it is cut off. */
static const char bash[] = "_chronoctl() {\n"
			   "\tlocal answer file\n"
			   "\tmapfile -t answer < <(printf '%s\\0' \"$COMP_WORDBREAKS\" "
			   "\"${COMP_LINE:0:COMP_POINT}\" |\n"
			   "\t\tchronoctl __complete bash 2>/dev/null)\n"
			   "\tCOMPREPLY=(\"${answer[@]:4}\")\n"
			   "\tif [[ ${answer[0]} == files ]]; then\n"
			   "\t\twhile IFS= read -r file; do\n"
			   "\t\t\tfile=${answer[1]}$file\n"
			   "\t\t\tCOMPREPLY+=(\"${file#\"${answer[3]}\"}\")\n"
			   "\t\t\tcompopt -o filenames 2>/dev/null\n"
			   "\t\tdone < <(compgen -f -- \"${answer[2]}\")\n"
			   "\tfi\n"
			   "\t[[ ${COMPREPLY[*]} != *[:=] ]] || compopt -o nospace 2>/dev/null\n"
			   "}\n"
			   "\n"
			   "complete -F _chronoctl chronoctl\n";

/* In a folder of $fpath it is run to complete; when evaluated, it is registered. A blank follows
 * a word that is whole. */
static const char zsh[] =
	"#compdef chronoctl\n"
	"_chronoctl() {\n"
	"\tlocal -a answer whole open\n"
	"\tanswer=(\"${(@f)$(print -rn -- \"${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX\" |\n"
	"\t\tchronoctl __complete zsh 2>/dev/null)}\")\n"
	"\topen=(${(M)answer[5,-1]:#*(=|\\\\:):*}) whole=(${answer[5,-1]:#*(=|\\\\:):*})\n"
	"\t_describe chronoctl whole -- open -S ''\n"
	"\t[[ -z $answer[2] ]] || compset -p ${#answer[2]}\n"
	"\t[[ $answer[1] != files ]] || _files\n"
	"}\n"
	"\n"
	"if [[ $funcstack[1] == _chronoctl ]]; then\n"
	"\t_chronoctl \"$@\"\n"
	"else\n"
	"\tcompdef _chronoctl chronoctl\n"
	"fi\n";

static const char fish[] =
	"function __chronoctl\n"
	"\tset -l answer (printf %s (commandline -cp | string collect) |\n"
	"\t\tchronoctl __complete fish 2>/dev/null)\n"
	"\tstring join \\n -- $answer[5..]\n"
	"\ttest \"$answer[1]\" = files; and for file in (__fish_complete_path \"$answer[3]\")\n"
	"\t\techo \"$answer[2]$file\"\n"
	"\tend\n"
	"end\n"
	"\n"
	"complete -c chronoctl -f -a '(__chronoctl)'\n";

static const char *const scripts[] = {
	[SHELL_BASH] = bash,
	[SHELL_ZSH] = zsh,
	[SHELL_FISH] = fish,
};

int completion_run(struct options *options)
{
	if (options->shell == SHELL_NONE) {
		report_error("name a shell: chronoctl completion bash, zsh or fish");
		return EXIT_USAGE;
	}
	fputs(scripts[options->shell], stdout);
	return output_flush();
}
