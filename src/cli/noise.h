/*
 * What modules, engines and providers print, on whichever standard descriptor. The key process has a
 * pipe there, which the supervisor reads all the time: --verbose shows each line as it comes; without,
 * the last lines are kept, to stand behind an error.
 */
#ifndef CLI_NOISE_H
#define CLI_NOISE_H

#include <stdbool.h>
#include <stddef.h>

/* Longer lines are shown as several. */
enum { NOISE_LINES_KEPT = 8, NOISE_LINE_MAX = 512 };

struct noise_line {
	char text[NOISE_LINE_MAX];
	size_t length;
};

struct noise {
	int reader; /* -1: nothing more comes */
	int writer;
	bool shown;
	struct noise_line line; /* that has not ended yet */
	struct noise_line kept[NOISE_LINES_KEPT];
	size_t count; /* of all that were kept, the overwritten ones too */
};

/* Makes the pipe. False, and told, if that fails. */
bool noise_open(struct noise *noise, bool shown);
void noise_close(struct noise *noise);

/* In the process that loads modules: standard error is the pipe from here on, and messages go to where
 * it was. False, and told, if that fails. */
bool noise_move_standard_error(struct noise *noise);

/* In the process that reads. */
void noise_close_writer(struct noise *noise);

/* Takes what is there, without waiting. False: nothing was. */
bool noise_read(struct noise *noise);

/* What has come of a line is a line: nothing more has come of it for a while. */
void noise_end_line(struct noise *noise);

/* Takes what the process that has ended left behind, and ends the last line. */
void noise_end(struct noise *noise);

/* Shows the lines that were kept. */
void noise_tell(const struct noise *noise);

#endif
