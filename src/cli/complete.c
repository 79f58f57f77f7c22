/*
 * `chronoctl __complete SHELL`, which the completion scripts run: reads a command line up to the
 * cursor on standard input (before it, from bash, $COMP_WORDBREAKS and a NUL: a line may hold a PIN,
 * which arguments would show), and writes what may stand there: "files" or "words", what stands
 * before the value in its word, the value, what bash leaves of the word, and a line a candidate.
 */
#include "base/cleanup.h"
#include "cli/completion.h"
#include "cli/output.h"
#include "signer/backend.h"

#include <ctype.h>
#include <string.h>

/* ---- A candidate ---- */

static char *last_word(const struct completion_line *line)
{
	return line->words[line->count - 1];
}

/* In bash as it is inserted, where it is inserted; in the others as it is, and described. */
void completion_offer(struct completion *completion, const char *word, const char *help)
{
	const struct completion_line *line = completion->line;
	CLEANUP(cleanup_text) char *whole = NULL;

	if (completion->shell != SHELL_BASH) {
		fprintf(completion->candidates, "%s\t%s\n", word, help == NULL ? "" : help);
		return;
	}
	if (strncmp(word, completion->value, strlen(completion->value)) != 0 ||
	    asprintf(&whole, "%.*s%s", (int)completion->prefix, last_word(line), word) < 0)
		return;
	for (const char *next = whole + line->start; *next != '\0'; next++) {
		bool special = line->quote == 0 ? isascii(*next) && !isalnum(*next) &&
							  strchr("%+,-./:=@_", *next) == NULL
			       : line->quote == '"' ? strchr("\\\"$`", *next) != NULL
						    : false;
		fprintf(completion->candidates, "%s%c", special ? "\\" : "", *next);
	}
	fputc('\n', completion->candidates);
}

/* ---- What may stand for a value ---- */

static const struct {
	const char *argument; /* what help calls the value */
	unsigned commands;
	enum value_kind kind;
} value_kinds[] = {
	{"FILE", ~0u, VALUE_FILE},
	{"PEM", ~0u, VALUE_FILE},
	{"PATH", ~0u, VALUE_FILE},
	{"SOURCE", ~0u, VALUE_FILE},
	{"KEY", COMMAND_GEN_KEYPAIR, VALUE_TOKEN},
	{"KEY", ~0u, VALUE_KEY},
	{"URI", COMMAND_IMPORT_KEY, VALUE_TOKEN},
	{"URI", ~0u, VALUE_OBJECT},
};

static enum value_kind kind_of(const struct option_row *row, unsigned command)
{
	const char *argument = row->kind == OPTION_OPERAND ? row->name : row->argument;

	for (size_t i = 0; i < sizeof value_kinds / sizeof value_kinds[0]; i++)
		if (strcmp(value_kinds[i].argument, argument) == 0 &&
		    (value_kinds[i].commands & command) != 0)
			return value_kinds[i].kind;
	return VALUE_FREE;
}

static void offer_signers(struct completion *completion)
{
	const char *name;
	const char *library;

	completion_offer(completion, "auto", "as the key wants it");
	for (size_t i = 0; backend_describe(i, &name, &library); i++)
		completion_offer(completion, name, library);
}

/* Modules are asked only once a URI is begun. */
static void offer_uris(struct completion *completion, struct options *options, enum value_kind kind)
{
	static const char scheme[] = "pkcs11:";
	bool begun = strncmp(completion->value, scheme, strlen(scheme)) == 0;

	completion->files = kind != VALUE_OBJECT && !begun;
	if (begun)
		completion_offer_keys(completion, options, kind == VALUE_TOKEN);
	else
		completion_offer(completion, scheme, "a key in a token");
}

static void offer_value(struct completion *completion, struct options *options,
			const struct option_row *row, unsigned command)
{
	enum value_kind kind = kind_of(row, command);

	if (row->choices != NULL)
		for (const struct choice *choice = row->choices; choice->name != NULL; choice++)
			completion_offer(completion, choice->name, choice->help);
	else if (strcmp(row->name, "signer") == 0)
		offer_signers(completion);
	else if (kind == VALUE_FILE)
		completion->files = true;
	else if (kind != VALUE_FREE)
		offer_uris(completion, options, kind);
}

/* ---- What is asked for ---- */

static void offer_commands(struct completion *completion)
{
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)) != NULL; i++)
		if (command->help != NULL)
			completion_offer(completion, command->name, command->help);
	completion_offer(completion, "help", "show the help of a command");
	completion_offer(completion, "--help", "show the help");
	completion_offer(completion, "-h", "show the help");
	completion_offer(completion, "--version", "show what is built in, and its versions");
}

static void offer_options(struct completion *completion, unsigned command)
{
	const struct option_row *row = NULL;
	char name[64];

	while ((row = options_next(row, command)) != NULL) {
		if (row->kind == OPTION_OPERAND)
			continue;
		CLEANUP(cleanup_text)
		char *words = row->choices == NULL ? NULL : options_choices(row->choices, true);
		snprintf(name, sizeof name, "--%s", row->name);
		completion_offer(completion, name, words == NULL ? row->help : words);
		snprintf(name, sizeof name, "-%c", row->letter);
		if (row->letter != 0 && strcmp(completion->value, "-") == 0)
			completion_offer(completion, name, words == NULL ? row->help : words);
	}
}

/* The row of the word's option that takes a value, which *value is if it stands in the same word;
 * NULL if there is none. */
static const struct option_row *option_of(unsigned command, char *word, char **value)
{
	size_t length = strcspn(word, "=");
	const struct option_row *found = NULL;
	const struct option_row *row = NULL;

	*value = NULL;
	while ((row = options_next(row, command)) != NULL) {
		if (row->kind == OPTION_OPERAND || row->kind == OPTION_FLAG)
			continue;
		if (word[1] == '-' && length > 2 && strncmp(row->name, word + 2, length - 2) == 0 &&
		    (found == NULL || row->name[length - 2] == '\0'))
			found = row;
		if (word[1] != '-' && row->letter != 0 && word[1] == row->letter) {
			*value = word[2] == '\0' ? NULL : word + 2;
			return row;
		}
	}
	if (word[1] == '-' && word[length] == '=')
		*value = word + length + 1;
	return found;
}

/* What the words before the last one leave open. */
struct state {
	const struct option_row *wanting; /* its value is the last word */
	bool operands_only;               /* "--" was there */
	unsigned operands;
};

static struct state read_words(const struct completion_line *line, unsigned command,
			       struct options *options)
{
	struct state state = {0};

	for (size_t i = 2; i + 1 < line->count; i++) {
		char *word = line->words[i];
		char *value = NULL;

		if (state.operands_only || word[0] != '-' || word[1] == '\0') {
			state.operands++;
			continue;
		}
		state.operands_only = strcmp(word, "--") == 0;
		const struct option_row *row = option_of(command, word, &value);
		if (row == NULL)
			continue;
		if (value == NULL && ++i + 1 == line->count)
			state.wanting = row;
		else if (strcmp(row->name, "pkcs11-module") == 0)
			options->pkcs11_module = value == NULL ? line->words[i] : value;
	}
	return state;
}

static void offer_for(struct completion *completion, struct options *options,
		      const struct command *command)
{
	char *word = last_word(completion->line);
	char *value = NULL;
	struct state state = read_words(completion->line, command->bit, options);
	const struct option_row *row = state.wanting;
	bool is_option = row == NULL && !state.operands_only && word[0] == '-';

	if (is_option)
		row = option_of(command->bit, word, &value);
	else if (row == NULL && state.operands == 0)
		row = options_operand(command->bit);
	if (value != NULL) {
		completion->prefix = (size_t)(value - word);
		completion->value = value;
	}
	if (row != NULL && (!is_option || value != NULL))
		offer_value(completion, options, row, command->bit);
	else if (is_option || (word[0] == '\0' && !state.operands_only))
		offer_options(completion, command->bit);
}

static void offer_all(struct completion *completion, struct options *options)
{
	const struct completion_line *line = completion->line;
	bool help = line->count > 2 && strcmp(line->words[1], "help") == 0;

	completion->value = last_word(line);
	if (line->count <= 2 || (help && line->count == 3)) {
		offer_commands(completion);
		return;
	}
	const struct command *command = command_find(line->words[1]);
	if (command != NULL)
		offer_for(completion, options, command);
}

/* ---- The command ---- */

/* Without its length, as it may hold no NUL. NULL at the end of standard input. */
static char *read_part(void)
{
	char *text = NULL;
	size_t size = 0;

	if (getdelim(&text, &size, '\0', stdin) >= 0)
		return text;
	free(text);
	return NULL;
}

static bool write_answer(const struct completion *completion, const char *candidates, int output)
{
	const char *word = last_word(completion->line);
	CLEANUP(cleanup_text) char *text = NULL;

	if (asprintf(&text, "%s\n%.*s\n%s\n%.*s\n%s", completion->files ? "files" : "words",
		     (int)completion->prefix, word, completion->value, (int)completion->line->start,
		     word, candidates) < 0)
		return false;
	text[strlen(text) - 1] = '\0'; /* its last newline is the line's */
	return output_write_line(output, text);
}

int complete_run(struct options *options)
{
	CLEANUP(cleanup_descriptor) int output = output_set_aside();
	CLEANUP(cleanup_text)
	char *breaks = options->shell == SHELL_BASH ? read_part() : strdup("");
	CLEANUP(completion_line_free) struct completion_line line = {0};
	CLEANUP(cleanup_text) char *candidates = NULL;
	size_t size = 0;
	char *text = read_part();

	if (output < 0 || breaks == NULL || text == NULL || !completion_split(&line, text, breaks))
		return EXIT_OTHER;
	struct completion completion = {.shell = options->shell, .line = &line};
	completion.candidates = open_memstream(&candidates, &size);
	if (completion.candidates == NULL)
		return EXIT_OTHER;
	offer_all(&completion, options);
	fclose(completion.candidates);
	return write_answer(&completion, candidates, output) ? EXIT_DONE : EXIT_OTHER;
}
