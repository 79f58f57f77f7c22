/* `chronoctl completion SHELL`: prints a script that asks `chronoctl __complete` what to offer. */
#include "cli/command.h"
#include "cli/output.h"
#include "cli/report.h"

#include <stdio.h>

/* Readline replaces $2, which begins after the last ":" or "=" or an open quote; what is left of it
 * stays. */
static const char bash[] =
	"_chronoctl() {\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} answer files word\n"
	"\tmapfile -t answer < <(printf %s \"$line\" | chronoctl __complete 2>/dev/null)\n"
	"\tlocal whole=${answer[1]}${answer[2]}\n"
	"\tlocal left=${whole%\"${2//\\\\/}\"}\n"
	"\t[[ ${answer[0]} != files ]] ||\n"
	"\t\tmapfile -t files < <(compgen -P \"${answer[1]}\" -f -- \"${answer[2]}\")\n"
	"\tCOMPREPLY=(\"${files[@]#\"$left\"}\")\n"
	"\t[[ ${#COMPREPLY[@]} -eq 0 ]] || compopt -o filenames\n"
	"\tfor word in \"${answer[@]:3}\"; do\n"
	"\t\tword=${word%%$'\\t'*}\n"
	"\t\t[[ $word == \"$whole\"* ]] || continue\n"
	"\t\tword=${word#\"$left\"}\n"
	"\t\t[[ $line == *[\\'\\\"]\"$2\" ]] || printf -v word %q \"$word\"\n"
	"\t\tCOMPREPLY+=(\"$word\")\n"
	"\tdone\n"
	"\t[[ ${COMPREPLY[*]} != *[:=] ]] || compopt -o nospace\n"
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
	"\t\tchronoctl __complete 2>/dev/null)}\")\n"
	"\twhole=(${${answer[4,-1]//:/\\\\:}/$'\\t'/:})\n"
	"\topen=(${(M)whole:#*(=|\\\\:):*})\n"
	"\twhole=(${whole:#*(=|\\\\:):*})\n"
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
	"\tset -l answer (commandline -cp | chronoctl __complete 2>/dev/null)\n"
	"\tstring join \\n -- $answer[4..]\n"
	"\ttest \"$answer[1]\" = files\n"
	"\tand __fish_complete_path \"$answer[3]\" | string replace -r -- ^ \"$answer[2]\"\n"
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
