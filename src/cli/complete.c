/*
 * `chronoctl __complete`, which the completion scripts run: reads a command line up to the cursor on
 * standard input (it may hold a PIN, which arguments would show), and writes what may stand there:
 * "files" or "words", what precedes the value in its word, the value, and a line for each candidate:
 * the word, a tab, what it is for. Filtering and quoting are the shells' own.
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
	const char *word;  /* at the cursor, without its quotes; it may be empty */
	const char *value; /* what is completed: all of the word, or what follows "--output=" */
	bool files;        /* may stand there, too */
	FILE *candidates;
};

/* Splits a line, where it stands, as a shell does, and expands nothing. Returns how many words there
 * are; the last ends at the cursor. */
static int split(char *line, char **words)
{
	char *end = line; /* of what is decoded: never behind what is read */
	char quote = '\0';
	bool begun = false; /* the last word, even if it is empty: '' */
	int count = 0;

	words[count++] = line;
	for (const char *next = line; *next != '\0'; next++) {
		bool blank = quote == '\0' && strchr(" \t\n", *next) != NULL;

		if (blank && begun) {
			*end++ = '\0';
			words[count++] = end;
		}
		begun = !blank;
		if (blank || *next == quote)
			quote = '\0';
		else if (quote == '\0' && strchr("'\"", *next) != NULL)
			quote = *next;
		else if (*next != '\\' || quote == '\'')
			*end++ = *next;
		else if (next[1] != '\0')
			*end++ = *++next;
	}
	*end = '\0';
	return count;
}

static void offer(const struct completion *completion, const char *candidate, const char *help)
{
	fprintf(completion->candidates, "\n%.*s%s\t%s", (int)(completion->value - completion->word),
		completion->word, candidate, help == NULL ? "" : help);
}

/* ---- What may stand for a value ---- */

/* What the tokens show without a login; or the tokens, for a new key. */
static void offer_uris(const struct completion *completion, bool tokens)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	char everything[] = "pkcs11:";

	completion->options->no_prompt = true;
	CLEANUP(cleanup_key)
	struct chronosign_key *where = key_from_reference(completion->options, everything, &error);
	CLEANUP(cleanup_list)
	struct key_list *list = where == NULL ? NULL : key_list_make(where, false, &error);
	size_t count = list == NULL ? 0 : tokens ? list->hiding_count : list->key_count;
	for (size_t i = 0; i < count; i++) {
		const char *uri = tokens ? list->hiding[i].place : list->keys[i].uri;
		CLEANUP(cleanup_text)
		char *help = tokens ? text_format("token '%s'", list->hiding[i].label)
				    : text_format("key '%s' in token '%s'", list->keys[i].label,
						  list->keys[i].token);
		if (uri != NULL)
			offer(completion, uri, help);
	}
}

/* Modules are asked only once a URI is begun. */
static void offer_value(struct completion *completion, const struct option_row *row,
			unsigned command)
{
	const char *what = row->argument == NULL ? row->name : row->argument;
	bool is_uri = strcmp(what, "KEY") == 0 || strcmp(what, "URI") == 0;
	bool begun = is_uri && strncmp(completion->value, "pkcs11:", strlen("pkcs11:")) == 0;
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
	if (begun)
		offer_uris(completion, (command & (COMMAND_GEN_KEYPAIR | COMMAND_IMPORT_KEY)) != 0);
	else if (is_uri)
		offer(completion, "pkcs11:", "a key in a token");
	completion->files = !begun && strstr("FILE KEY PATH PEM SOURCE", what) != NULL;
}

/* ---- What is asked for ---- */

static void offer_commands(const struct completion *completion)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)) != NULL; i++)
		if (command->help != NULL)
			offer(completion, command->name, command->help);
	offer(completion, "help", "show the help of a command");
	offer(completion, "--help", "show the help");
	offer(completion, "--version", "show the version, and what is built in");
}

static void offer_options(const struct completion *completion, unsigned command)
{
	const struct option_row *row = NULL;

	while ((row = options_next(row, command)) != NULL) {
		CLEANUP(cleanup_text)
		char *words = row->choices == NULL ? NULL : options_choices(row->choices, true);
		CLEANUP(cleanup_text) char *option = text_format("--%s", row->name);
		if (row->kind != OPTION_OPERAND && option != NULL)
			offer(completion, option, words == NULL ? row->help : words);
	}
}

static void offer_for(struct completion *completion, unsigned command, int count, char **words)
{
	struct cursor cursor = {.pkcs11_module = completion->options->pkcs11_module};

	options_read(&cursor, command, count, words);
	completion->options->pkcs11_module = cursor.pkcs11_module;
	completion->value = cursor.value;
	if (cursor.row != NULL)
		offer_value(completion, cursor.row, command);
	else if (cursor.takes_option)
		offer_options(completion, command);
}

static void offer_all(struct completion *completion, int count, char **words)
{
	const struct command *command = count > 2 ? command_find(words[1]) : NULL;

	completion->word = completion->value = words[count - 1];
	if (count <= 2 || (count == 3 && strcmp(words[1], "help") == 0))
		offer_commands(completion);
	else if (command != NULL)
		offer_for(completion, command->bit, count - 1, words + 1);
}

/* ---- The command ---- */

static int answer(struct options *options, char *line)
{
	CLEANUP(cleanup_descriptor) int output = output_set_aside();
	CLEANUP(cleanup_memory) void *words = calloc(strlen(line) + 2, sizeof(char *));
	CLEANUP(cleanup_text) char *candidates = NULL;
	size_t size = 0;
	struct completion completion = {.options = options};

	completion.candidates = open_memstream(&candidates, &size);
	if (output < 0 || words == NULL || completion.candidates == NULL)
		return EXIT_OTHER;
	offer_all(&completion, split(line, words), words);
	fclose(completion.candidates);
	CLEANUP(cleanup_text)
	char *text = text_format("%s\n%.*s\n%s%s", completion.files ? "files" : "words",
				 (int)(completion.value - completion.word), completion.word,
				 completion.value, candidates);
	return text != NULL && output_write_line(output, text) ? EXIT_DONE : EXIT_OTHER;
}

int complete_run(struct options *options)
{
	CLEANUP(cleanup_text) char *line = NULL;
	size_t size = 0;
	ssize_t length = getdelim(&line, &size, '\0', stdin);

	if (length <= 0)
		return EXIT_OTHER;
	if (line[length - 1] == '\n')
		line[length - 1] = '\0';
	int status = answer(options, line);
	explicit_bzero(line, size);
	return status;
}
