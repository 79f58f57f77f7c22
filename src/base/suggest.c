/* The distance of two words: how many letters to insert, to drop, to replace, or to swap with the
 * next. A word that is a part of another is near to it, too. */
#include "base/suggest.h"

#include <stdbool.h>
#include <string.h>

enum { WORD_MAX = 32 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t cost[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_length; i++)
		for (size_t j = 0; j <= b_length; j++) {
			if (i == 0 || j == 0) {
				cost[i][j] = i + j;
				continue;
			}
			cost[i][j] = least(least(cost[i - 1][j], cost[i][j - 1]) + 1,
					   cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
		}
	return cost[a_length][b_length];
}

/* True if it begins with what was typed, or that is a part of it between hyphens. */
static bool has_part(const struct suggestion *suggestion, const char *candidate)
{
	size_t length = suggestion->length;

	for (const char *part = candidate; part != NULL && length > 2; part = strchr(part, '-')) {
		part += *part == '-';
		if (strncmp(part, suggestion->word, length) == 0 &&
		    (part == candidate || part[length] == '-' || part[length] == '\0'))
			return true;
	}
	return false;
}

void suggest(struct suggestion *suggestion, const char *candidate)
{
	size_t length = strlen(candidate);

	if (suggestion->length > WORD_MAX || length > WORD_MAX)
		return;
	size_t here = distance(suggestion->word, suggestion->length, candidate, length);
	if (here * 3 > length && has_part(suggestion, candidate))
		here = length / 3;
	/* With a third of the letters wrong it is another word. */
	if (here * 3 <= length && (suggestion->found == NULL || here < suggestion->distance)) {
		suggestion->found = candidate;
		suggestion->distance = here;
	}
}
