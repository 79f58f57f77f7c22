/* How far a long list of servers has come: a line on the terminal that is drawn over. */
#ifndef CLI_TOKEN_PROGRESS_H
#define CLI_TOKEN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool wanted;
	bool shown;
	int64_t last; /* when it was drawn, in milliseconds */
};

/* Nothing will be shown if standard error is no terminal. */
struct progress progress_for(bool wanted);

/* Draws the line, a few times a second. */
void progress_show(struct progress *progress, size_t done, size_t count, size_t failed);

/* Takes the line away, for what is printed next. */
void progress_clear(struct progress *progress);

#endif
