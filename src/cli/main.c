/* chronoctl: the table of commands, and nothing else. */
#include "base/cleanup.h"
#include "base/suggest.h"
#include "cli/audit.h"
#include "cli/command.h"
#include "cli/given.h"
#include "cli/handover.h"
#include "cli/hardening.h"
#include "cli/help.h"
#include "cli/interrupts.h"
#include "cli/out_file.h"
#include "cli/output.h"
#include "cli/patient_write.h"
#include "cli/prompt.h"
#include "cli/report.h"
#include "cli/supervisor.h"
#include "cli/version.h"
#include "cli/waiting.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command commands[] = {
	{"token", token_run, "print a superadmin token for a Chronograf server", COMMAND_TOKEN},
	{"gen-keypair", gen_keypair_run, "make a key pair, in files or in a PKCS#11 token",
	 COMMAND_GEN_KEYPAIR},
	{"pub-key", pub_key_run, "print the public half of a key, in Chronograf's form",
	 COMMAND_PUB_KEY},
	{"list-keys", list_keys_run, "list the RSA keys in this machine's PKCS#11 tokens",
	 COMMAND_LIST_KEYS},
	{"import-key", import_key_run, "copy a key from a file into a PKCS#11 token",
	 COMMAND_IMPORT_KEY},
	{"doctor", doctor_run, "check each link of the chain, and say what is broken",
	 COMMAND_DOCTOR},
	{"completion", completion_run, "print the completion script for a shell",
	 COMMAND_COMPLETION},
	{"add-superadmin", NULL, "add a superadmin to a stopped server's database", 0},
	{"list-users", NULL, "list the users in a stopped server's database", 0},
	{"migrate", NULL, "migrate a stopped server's data to another database", 0},
	{"__complete", complete_run, NULL, COMMAND_COMPLETE},
};

const struct command *command_at(size_t index)
{
	return index < sizeof commands / sizeof commands[0] ? &commands[index] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Before anything is asked or loaded, so that a missing folder is an error now. */
static int open_kept_file(struct options *options, struct out_file *file)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct out_rights rights;

	if (!options->watch || options->out_file == NULL)
		return EXIT_DONE;
	if (!out_rights_from_options(options, &rights, &error) ||
	    !out_file_open(file, options->out_file, &rights, &error))
		return report_failure(error);
	CLEANUP(cleanup_text) char *weakness = out_file_weakness(file);
	if (weakness != NULL)
		report_warning("%s", weakness);
	options->kept_file = file;
	return EXIT_DONE;
}

/* In the process that does the command's work. A module that fails while it is closed causes
 * only a warning: the work is done. */
static int work(const struct command *command, struct options *options,
		const struct arguments *arguments)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	if (!options->require_locked_memory)
		hardening_accept_unlocked_memory();
	if (options->no_log)
		setenv("CHRONOCTL_LOG", "off", 1);
	bool taken = given_take(options, arguments, &error);
	patient_write_be_brief(options->watch);
	int status = taken ? command->run(options) : report_failure(error);

	audit_tell_loss();
	supervisor_set_outcome(options->supervisor, status);
	CLEANUP(waiting_end) struct waiting before = waiting_for(NULL, "closing the tokens");
	chronosign_finalize(&supervisor_watch, options->supervisor);
	return status;
}

/* Runs the command in a child process, which this one supervises. */
static int run(const struct command *command, struct options *options,
	       const struct arguments *arguments, struct out_file *file)
{
	if (options->help) {
		given_forget(options, arguments);
		help_print_command(stdout, command);
		return output_flush();
	}
	if (options->quiet)
		report_leave_out_warnings();
	if (!given_check_descriptors(options))
		return EXIT_USAGE;
	int status = open_kept_file(options, file);
	if (status != EXIT_DONE)
		return status;
	options->supervisor = supervisor_new(options);
	if (options->supervisor == NULL || !output_prepare())
		return EXIT_OTHER;
	if (command->bit == COMMAND_DOCTOR)
		supervisor_let_tell(options->supervisor, doctor_tell_end);
	/* A shell that completes a word has the terminal. */
	if (command->bit != COMMAND_COMPLETE && !options->quiet)
		waiting_prepare();
	prompt_prepare();
	pid_t child = supervisor_fork(options->supervisor);
	if (child < 0)
		return EXIT_OTHER;
	if (child == 0)
		return work(command, options, arguments);
	given_forget(options, arguments);
	patient_write_be_brief(options->watch);
	return supervisor_wait(options->supervisor, child);
}

/*
 * Ends the process without the exit(3) handlers of forty libraries, which take milliseconds and may
 * crash or hang in a module's destructor: everything is closed already. LeakSanitizer and gcov need
 * exit(3).
 */
static int leave(int status)
{
#if !defined(CHRONOCTL_SANITIZE) && !defined(CHRONOCTL_COVERAGE)
	fflush(NULL);
	_exit(status);
#endif
	return status;
}

/* Only the option's name: a PIN may follow it. */
static int refuse_option(const char *option)
{
	report_error("'%.*s' comes after a command; see chronoctl --help",
		     (int)strcspn(option, "="), option);
	return EXIT_USAGE;
}

static int refuse_command(const char *name)
{
	struct suggestion nearest = {.word = name, .length = strlen(name)};

	if (name[0] == '-')
		return refuse_option(name);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (commands[i].help != NULL)
			suggest(&nearest, commands[i].name);
	suggest(&nearest, "help");
	if (nearest.found == NULL)
		report_error("unknown command '%.32s'; see chronoctl --help", name);
	else
		report_error("unknown command '%.32s'; did you mean %s?", name, nearest.found);
	return EXIT_USAGE;
}

/* `chronoctl help`, or `chronoctl help COMMAND`. */
static int help(const char *name)
{
	const struct command *command = name == NULL ? NULL : command_find(name);

	if (name == NULL)
		help_print(stdout);
	else if (command != NULL)
		help_print_command(stdout, command);
	else
		return refuse_command(name);
	return output_flush();
}

static bool is(const char *name, const char *word)
{
	return strcmp(name, word) == 0;
}

int main(int count, char **arguments)
{
	const char *name = count > 1 ? arguments[1] : NULL;
	const struct command *command = name == NULL ? NULL : command_find(name);
	struct options options;
	struct out_file file;

	/* The arguments and variables show secrets until given_forget(). */
	patient_write_be_brief(true);
	if (!hardening_check_privileges())
		return EXIT_OTHER;
	/* Before changing anything that the other program would inherit. */
	if (command != NULL && command->run == NULL)
		return handover_run(arguments);
	output_fill_standard_descriptors();
	hardening_forbid_dumps();
	interrupts_begin();
	if (name == NULL) {
		help_print(stderr);
		return EXIT_USAGE;
	}
	if (is(name, "--version")) {
		version_print();
		return output_flush();
	}
	if (is(name, "-h") || is(name, "--help") || is(name, "help"))
		return help(count > 2 ? arguments[2] : NULL);
	if (command == NULL)
		return refuse_command(name);
	int status = EXIT_USAGE;
	if (options_parse(&options, command->bit, count - 1, arguments + 1))
		status = run(command, &options, &(struct arguments){count, arguments}, &file);
	supervisor_free(options.supervisor);
	given_release(&options);
	options_clear(&options);
	return leave(status);
}
