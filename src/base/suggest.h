/* "Did you mean": the word of a list that is nearest to one that is not in it. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

struct suggestion {
	const char *word; /* as typed, `length` bytes of it */
	size_t length;
	const char *found; /* NULL: nothing is near */
	size_t distance;   /* of what is found */
};

/* Offers a word of the list: it is kept if it is near, and nearer than what was found before. */
void suggest(struct suggestion *suggestion, const char *candidate);

#endif
