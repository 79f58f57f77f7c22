/* chronoctl: the table of commands, and nothing else. */
#include "cli/command.h"
#include "cli/output.h"
#include "cli/privacy.h"
#include "cli/report.h"
#include "cli/supervisor.h"
#include "cli/version.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command commands[] = {
	{"token", token_run, "print a superadmin token for a Chronograf server", COMMAND_TOKEN},
	{"gen-keypair", gen_keypair_run, "make a key pair, in files or inside a token",
	 COMMAND_GEN_KEYPAIR},
	{"pub-key", pub_key_run, "print the public half of a key, as Chronograf reads it",
	 COMMAND_PUB_KEY},
	{"list-keys", list_keys_run, "list the RSA keys in the machine's tokens",
	 COMMAND_LIST_KEYS},
	{"import-key", import_key_run, "move the key of a file into a token", COMMAND_IMPORT_KEY},
	{"doctor", doctor_run, "find out why a token cannot be had, link by link", COMMAND_DOCTOR},
	{"completion", completion_run, "print what makes a shell complete all of this",
	 COMMAND_COMPLETION},
};

const struct command *command_at(size_t index)
{
	return index < sizeof commands / sizeof commands[0] ? &commands[index] : NULL;
}

static void print_help(void)
{
	printf("usage: chronoctl COMMAND [options]\n\n"
	       "Superadmin tokens for InfluxData Chronograf, signed by a key in a file, smartcard "
	       "or HSM.\n\n"
	       "commands:\n");
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		printf("  %-14s %s\n", commands[i].name, commands[i].help);
	printf("\n"
	       "  -h, --help     show this help, or that of a command: chronoctl COMMAND --help\n"
	       "      --version  show what is built in, and its versions\n\n"
	       "exit status: 0 done, 2 usage, 3 the key, 4 the server, 5 the token is refused,\n"
	       "             1 anything else\n");
}

static void print_command_help(const struct command *command)
{
	const char *operand = options_operand(command->bit);

	printf("usage: chronoctl %s [options]%s%s%s\n\n%s\n\noptions:\n", command->name,
	       operand == NULL ? "" : " [", operand == NULL ? "" : operand,
	       operand == NULL ? "" : "]", command->help);
	options_print_help(command->bit);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Runs the command in a process of its own, which this one watches over. */
static int run(const struct command *command, struct options *options, int count, char **arguments)
{
	if (options->help) {
		print_command_help(command);
		return output_flush();
	}
	options->supervisor = supervisor_new();
	if (options->supervisor == NULL)
		return EXIT_OTHER;
	supervisor_set_module_timeout(options->supervisor, options->module_timeout);
	supervisor_set_file(options->supervisor, options->out_file);
	pid_t child = supervisor_fork();
	if (child < 0)
		return EXIT_OTHER;
	if (child == 0)
		return command->run(options);
	privacy_forget_arguments(count, arguments);
	return supervisor_wait(options->supervisor, child);
}

/*
 * Ends the process without what forty libraries have registered for exit(3), which takes milliseconds
 * and may crash or hang in a module's destructor: whatever was opened has been closed. LeakSanitizer
 * and gcov do their work there, though.
 */
static int leave(int status)
{
#if !defined(CHRONOCTL_SANITIZE) && !defined(CHRONOCTL_COVERAGE)
	fflush(NULL);
	_exit(status);
#endif
	return status;
}

int main(int count, char **arguments)
{
	const char *name = count > 1 ? arguments[1] : "";
	const struct command *command = find_command(name);
	struct options options;

	output_fill_standard_descriptors();
	privacy_forbid_dumps();
	/* An output that nobody reads, or a limit on the size of files, is an error to be told. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (strcmp(name, "--version") == 0) {
		version_print();
		return output_flush();
	}
	if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0) {
		print_help();
		return output_flush();
	}
	if (command == NULL) {
		report_error("%s'%.32s'; see chronoctl --help",
			     count > 1 ? "unknown command " : "a command is needed, not ", name);
		return EXIT_USAGE;
	}
	int status = EXIT_USAGE;
	if (options_parse(&options, command->bit, count - 2, arguments + 2))
		status = run(command, &options, count, arguments);
	options_clear(&options);
	return leave(status);
}
