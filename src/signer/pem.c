/* Finding the blocks of a PEM file. */
#include "signer/pem.h"

#include <string.h>

static const char begin[] = "-----BEGIN ";
static const char end[] = "-----END ";
static const char dashes[] = "-----";

/* Where `what` stands at the beginning of a line, from `from` on; NULL: nowhere. */
static const char *line_with(const char *from, const char *start, const char *text_end,
			     const char *what)
{
	size_t length = strlen(what);

	while (from < text_end) {
		const char *found = memmem(from, (size_t)(text_end - from), what, length);
		if (found == NULL)
			return NULL;
		if (found == start || found[-1] == '\n' || found[-1] == '\r')
			return found;
		from = found + length;
	}
	return NULL;
}

static const char *end_of_line(const char *from, const char *text_end)
{
	const char *newline = memchr(from, '\n', (size_t)(text_end - from));

	return newline == NULL ? text_end : newline + 1;
}

/* The END line of the block's own label: that of another ends it as well, but wrongly. */
static void find_end(const char *start, const char *text_end, struct pem_block *block)
{
	const char *body = end_of_line(block->text, text_end);
	const char *found = line_with(body, start, text_end, end);
	const char *next = line_with(body, start, text_end, begin);
	size_t size = block->label_length;

	block->ended = found != NULL && (next == NULL || found < next) &&
		       (size_t)(text_end - found) > strlen(end) + size &&
		       memcmp(found + strlen(end), block->label, size) == 0 &&
		       found[strlen(end) + size] == '-';
	if (block->ended)
		block->length = (size_t)(end_of_line(found, text_end) - block->text);
	else
		block->length = (size_t)((next == NULL ? text_end : next) - block->text);
}

bool pem_next(const char *text, size_t length, size_t *offset, struct pem_block *block)
{
	const char *text_end = text + length;
	const char *found = line_with(text + *offset, text, text_end, begin);

	if (found == NULL)
		return false;
	const char *label = found + strlen(begin);
	const char *close = memmem(label, (size_t)(text_end - label), dashes, strlen(dashes));
	const char *line_end = end_of_line(label, text_end);
	if (close == NULL || close > line_end)
		close = line_end;
	*block = (struct pem_block){
		.label = label, .label_length = (size_t)(close - label), .text = found};
	find_end(text, text_end, block);
	*offset = (size_t)(block->text - text) + block->length;
	return true;
}

bool pem_is(const struct pem_block *block, const char *label)
{
	size_t length = strlen(label);

	if (label[0] == ' ' && block->label_length == length - 1)
		return memcmp(block->label, label + 1, length - 1) == 0;
	if (block->label_length < length || (label[0] != ' ' && block->label_length != length))
		return false;
	return memcmp(block->label + block->label_length - length, label, length) == 0;
}
