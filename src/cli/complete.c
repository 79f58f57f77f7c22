/*
 * `chronoctl __complete SHELL`, which the completion scripts run: reads a command line up to the
 * cursor on standard input (before it, from bash, $COMP_WORDBREAKS and a NUL: a line may hold a PIN,
 * which arguments would show), and writes what may stand there: "files" or "words", what stands
 * before the value in its word, the value, what bash leaves of the word, and a line a candidate.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/key.h"
#include "cli/output.h"
#include "keystore/key_list.h"
#include "signer/backend.h"

#include <string.h>

struct completion {
	struct options *options;
	char **words; /* without their quotes; the last is the one at the cursor, which may be empty */
	int count;
	const char *last; /* of the words */
	const char
		*value; /* what is completed: all of the last word, or what follows "--output=" */
	size_t left;    /* so many bytes of it the shell leaves where they are */
	char quote;     /* that is open at the cursor, or 0 */
	bool files;     /* the shell adds those that begin with the value */
	FILE *candidates;
};

/* Takes the line apart as a shell reads it, where it stands. Nothing is expanded. A shell that breaks
 * words at `breaks` leaves what is before; the others replace the whole word. */
static void split(struct completion *completion, char *line, const char *breaks)
{
	char *end = line; /* of what is decoded: never behind what is read */
	char *word = line;
	bool begun = false; /* the last word, even if it is empty: '' */

	completion->words[completion->count++] = word;
	for (const char *next = line; *next != '\0'; next++) {
		bool plain = completion->quote == 0;
		if (plain && strchr(" \t\n", *next) != NULL) {
			if (begun) {
				*end++ = '\0';
				completion->words[completion->count++] = word = end;
				completion->left = 0;
			}
			begun = false;
			continue;
		}
		begun = true;
		if (plain && strchr("'\"", *next) != NULL) {
			completion->quote = *next;
			completion->left = breaks == NULL ? 0 : (size_t)(end - word);
		} else if (!plain && *next == completion->quote) {
			completion->quote = 0;
		} else if (*next == '\\' && completion->quote != '\'') {
			if (next[1] != '\0')
				*end++ = *++next;
		} else {
			*end++ = *next;
			if (plain && breaks != NULL && strchr(breaks, *next) != NULL)
				completion->left = (size_t)(end - word);
		}
	}
	*end = '\0';
	completion->last = completion->value = word;
}

/* ---- A candidate ---- */

/* What the shell wants behind a backslash: bash inserts a candidate as it is, zsh ends a word at ':'. */
static bool is_special(const struct completion *completion, char character)
{
	int shell = completion->options->shell;
	const char *special = shell == SHELL_ZSH                                 ? ":\\"
			      : shell == SHELL_FISH || completion->quote == '\'' ? ""
			      : completion->quote == '"'                         ? "\\\"$`"
							 : " !\"#$&'()*;<>?[\\]^`{|}~";

	return strchr(special, character) != NULL;
}

static void offer(struct completion *completion, const char *word, const char *help)
{
	int shell = completion->options->shell;
	int before = (int)(completion->value - completion->last);
	CLEANUP(cleanup_text) char *whole = text_format("%.*s%s", before, completion->last, word);

	if (whole == NULL || (shell == SHELL_BASH &&
			      strncmp(word, completion->value, strlen(completion->value)) != 0))
		return;
	for (const char *next = whole + completion->left; *next != '\0'; next++)
		fprintf(completion->candidates, "%s%c", is_special(completion, *next) ? "\\" : "",
			*next);
	if (shell != SHELL_BASH)
		fprintf(completion->candidates, "%c%s", shell == SHELL_ZSH ? ':' : '\t',
			help == NULL ? "" : help);
	fputc('\n', completion->candidates);
}

/* ---- What may stand for a value ---- */

/* What the tokens show without a login; or the tokens, for a new key. */
static void offer_uris(struct completion *completion, bool tokens)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	char everything[] = "pkcs11:";

	completion->options->no_prompt = true;
	CLEANUP(cleanup_key)
	struct chronosign_key *where = key_from_reference(completion->options, everything, &error);
	CLEANUP(cleanup_list)
	struct key_list *list = where == NULL ? NULL : key_list_make(where, false, &error);
	for (size_t i = 0; list != NULL && !tokens && i < list->key_count; i++) {
		const struct listed_key *key = &list->keys[i];
		CLEANUP(cleanup_text)
		char *help = text_format("key '%s' in token '%s'", key->label, key->token);
		if (key->uri != NULL)
			offer(completion, key->uri, help);
	}
	for (size_t i = 0; list != NULL && tokens && i < list->hiding_count; i++) {
		CLEANUP(cleanup_text)
		char *help = text_format("token '%s'", list->hiding[i].label);
		offer(completion, list->hiding[i].place, help);
	}
}

/* Modules are asked only once a URI is begun. */
static void offer_value(struct completion *completion, const struct option_row *row,
			unsigned command)
{
	const char *what = row->kind == OPTION_OPERAND ? row->name : row->argument;
	bool is_key = strcmp(what, "KEY") == 0;
	bool is_uri = is_key || strcmp(what, "URI") == 0;
	bool begun = strncmp(completion->value, "pkcs11:", strlen("pkcs11:")) == 0;
	const char *name;
	const char *library;

	for (const struct choice *choice = row->choices; choice != NULL && choice->name != NULL;
	     choice++)
		offer(completion, choice->name, choice->help);
	if (strcmp(row->name, "signer") == 0) {
		offer(completion, "auto", "chosen by the key");
		for (size_t i = 0; backend_describe(i, &name, &library); i++)
			offer(completion, name, library);
	}
	if (is_uri && begun)
		offer_uris(completion, (command & (COMMAND_GEN_KEYPAIR | COMMAND_IMPORT_KEY)) != 0);
	else if (is_uri)
		offer(completion, "pkcs11:", "a key in a token");
	completion->files = (is_key && !begun) || strcmp(what, "FILE") == 0 ||
			    strcmp(what, "PEM") == 0 || strcmp(what, "PATH") == 0 ||
			    strcmp(what, "SOURCE") == 0;
}

/* ---- What is asked for ---- */

static void offer_commands(struct completion *completion)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)) != NULL; i++)
		if (command->help != NULL)
			offer(completion, command->name, command->help);
	offer(completion, "help", "show the help of a command");
	offer(completion, "--help", "show the help");
	offer(completion, "-h", "show the help");
	offer(completion, "--version", "show the version, and what is built in");
}

static void offer_options(struct completion *completion, unsigned command)
{
	const struct option_row *row = NULL;

	while ((row = options_next(row, command)) != NULL) {
		if (row->kind == OPTION_OPERAND)
			continue;
		CLEANUP(cleanup_text)
		char *words = row->choices == NULL ? NULL : options_choices(row->choices, true);
		CLEANUP(cleanup_text) char *name = text_format("--%s", row->name);
		const char letter[] = {'-', row->letter, '\0'};
		if (name != NULL)
			offer(completion, name, words == NULL ? row->help : words);
		if (row->letter != 0 && strcmp(completion->value, "-") == 0)
			offer(completion, letter, words == NULL ? row->help : words);
	}
}

/* The row of the option at the cursor whose value is begun in the same word: "--output=j", "-oj". */
static const struct option_row *row_at_cursor(struct completion *completion, unsigned command)
{
	const char *word = completion->last;
	size_t length = word[1] == '-' ? strcspn(word, "=") : strnlen(word, 2);
	CLEANUP(cleanup_text) char *option = strndup(word, length);
	struct options_left left = {0};

	if (option == NULL || word[length] == '\0')
		return NULL;
	options_read(&left, command, 2, (char *[]){"", option, NULL});
	if (left.wanting != NULL)
		completion->value = word + length + (word[1] == '-');
	return left.wanting;
}

static void offer_for(struct completion *completion, const struct command *command)
{
	struct options_left left = {.pkcs11_module = completion->options->pkcs11_module};

	options_read(&left, command->bit, completion->count - 2, completion->words + 1);
	completion->options->pkcs11_module = left.pkcs11_module;
	bool is_option = left.wanting == NULL && !left.ended && completion->last[0] == '-';
	const struct option_row *row = is_option ? row_at_cursor(completion, command->bit)
				       : left.wanting != NULL ? left.wanting
				       : left.operands == 0   ? options_operand(command->bit)
							      : NULL;
	if (row != NULL)
		offer_value(completion, row, command->bit);
	else if (is_option || (completion->last[0] == '\0' && !left.ended))
		offer_options(completion, command->bit);
}

static void offer_all(struct completion *completion)
{
	bool help = completion->count > 2 && strcmp(completion->words[1], "help") == 0;
	const struct command *command =
		completion->count > 2 ? command_find(completion->words[1]) : NULL;

	if (completion->count <= 2 || (help && completion->count == 3))
		offer_commands(completion);
	else if (command != NULL)
		offer_for(completion, command);
}

/* ---- The command ---- */

/* Of standard input, up to a NUL or the end. */
struct part {
	char *text;
	size_t size;
};

static void wipe(struct part *part)
{
	if (part->text != NULL)
		explicit_bzero(part->text, part->size);
	free(part->text);
}

int complete_run(struct options *options)
{
	CLEANUP(cleanup_descriptor) int output = output_set_aside();
	CLEANUP(wipe) struct part breaks = {0};
	CLEANUP(wipe) struct part line = {0};
	CLEANUP(cleanup_text) char *candidates = NULL;
	size_t size = 0;

	if (output < 0 ||
	    (options->shell == SHELL_BASH &&
	     getdelim(&breaks.text, &breaks.size, '\0', stdin) < 0) ||
	    getdelim(&line.text, &line.size, '\0', stdin) < 0)
		return EXIT_OTHER;
	CLEANUP(cleanup_memory) void *words = calloc(strlen(line.text) + 2, sizeof(char *));
	struct completion completion = {.options = options, .words = words};
	completion.candidates = open_memstream(&candidates, &size);
	if (words == NULL || completion.candidates == NULL)
		return EXIT_OTHER;
	split(&completion, line.text, breaks.text);
	offer_all(&completion);
	fclose(completion.candidates);
	const char *last = completion.last;
	CLEANUP(cleanup_text)
	char *text = text_format("%s\n%.*s\n%s\n%.*s\n%s", completion.files ? "files" : "words",
				 (int)(completion.value - last), last, completion.value,
				 (int)completion.left, last, candidates);
	if (text == NULL)
		return EXIT_OTHER;
	text[strlen(text) - 1] = '\0'; /* its last newline is the line's */
	return output_write_line(output, text) ? EXIT_DONE : EXIT_OTHER;
}
