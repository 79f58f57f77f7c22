/* A command line as a shell reads it: words, quotes, backslashes. Nothing is expanded. */
#include "cli/completion.h"

#include <stdlib.h>
#include <string.h>

static bool add_word(struct completion_line *line, char *word)
{
	char **words = reallocarray(line->words, line->count + 1, sizeof *words);

	if (words == NULL)
		return false;
	line->words = words;
	words[line->count++] = word;
	line->start = 0;
	return true;
}

/* True if the character is a quote that opens or closes. */
static bool take_quote(struct completion_line *line, char character)
{
	if (line->quote == 0 && strchr("'\"", character) != NULL)
		line->quote = character;
	else if (line->quote == character)
		line->quote = 0;
	else
		return false;
	return true;
}

bool completion_split(struct completion_line *line, char *text, const char *breaks)
{
	char *end = text;   /* of what is decoded: never behind what is read */
	bool begun = false; /* the last word, even if it is empty: '' */
	bool escaped = false;

	*line = (struct completion_line){.text = text};
	if (!add_word(line, text))
		return false;
	for (const char *next = text; *next != '\0'; next++) {
		char *word = line->words[line->count - 1];
		bool plain = !escaped && line->quote == 0;

		if (plain && strchr(" \t\n", *next) != NULL) {
			if (begun)
				*end++ = '\0';
			if (begun && !add_word(line, end))
				return false;
			begun = false;
			continue;
		}
		begun = true;
		if (!escaped && take_quote(line, *next)) {
			line->start = line->quote == 0 ? line->start : (size_t)(end - word);
			continue;
		}
		escaped = !escaped && *next == '\\' && line->quote != '\'';
		if (escaped)
			continue;
		*end++ = *next;
		if (plain && strchr(breaks, *next) != NULL)
			line->start = (size_t)(end - word);
	}
	*end = '\0';
	return true;
}

void completion_line_free(struct completion_line *line)
{
	if (line->text != NULL)
		explicit_bzero(line->text, strlen(line->text));
	free(line->text);
	free(line->words);
}
