/* Reads an untrusted pipe: its output is bounded and made printable. */
#include "cli/noise.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A pipe holds 64 KiB (pipe(7)); a process left behind by a module may go on writing. */
enum { PIECE = 4096, PIECES_LEFT = 16 };

bool noise_open(struct noise *noise, bool shown)
{
	int ends[2];

	*noise = (struct noise){.reader = -1, .writer = -1, .shown = shown};
	/* The writing end must block: modules do not expect less of standard error. */
	if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
		report_error("cannot make a pipe: %s", strerror(errno));
		return false;
	}
	noise->reader = ends[0];
	noise->writer = ends[1];
	return true;
}

static void close_end(int *end)
{
	if (*end >= 0)
		close(*end);
	*end = -1;
}

void noise_close(struct noise *noise)
{
	close_end(&noise->reader);
	close_end(&noise->writer);
}

bool noise_move_standard_error(struct noise *noise)
{
	bool moved = report_move(noise->writer);

	/* With the reading end here, what a module has forked would block when nobody reads. */
	noise_close(noise);
	return moved;
}

void noise_close_writer(struct noise *noise)
{
	close_end(&noise->writer);
}

static void show(const struct noise_line *line)
{
	CLEANUP(cleanup_text) char *text = text_of_others(line->text, line->length, false);

	if (text != NULL)
		report_note("module: %s", text);
}

/* The report of a sanitizer is for testers, and is kept whole. */
static bool must_be_shown(const struct noise_line *line)
{
#ifdef CHRONOCTL_SANITIZE
	return memmem(line->text, line->length, "Sanitizer", 9) != NULL ||
	       memmem(line->text, line->length, "runtime error", 13) != NULL;
#else
	(void)line;
	return false;
#endif
}

void noise_end_line(struct noise *noise)
{
	struct noise_line *line = &noise->line;

	if (line->length > 0 && line->text[line->length - 1] == '\r')
		line->length--;
	noise->shown = noise->shown || must_be_shown(line);
	if (line->length > 0 && noise->shown)
		show(line);
	else if (line->length > 0)
		noise->kept[noise->count++ % NOISE_LINES_KEPT] = *line;
	line->length = 0;
}

bool noise_read(struct noise *noise)
{
	char bytes[PIECE];
	ssize_t got = noise->reader < 0 ? -1 : read(noise->reader, bytes, sizeof bytes);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		close_end(&noise->reader);
	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] != '\n')
			noise->line.text[noise->line.length++] = bytes[i];
		if (bytes[i] == '\n' || noise->line.length == NOISE_LINE_MAX)
			noise_end_line(noise);
	}
	return got > 0;
}

void noise_end(struct noise *noise)
{
	for (int piece = 0; piece < PIECES_LEFT && noise_read(noise); piece++)
		;
	noise_end_line(noise);
}

void noise_tell(const struct noise *noise)
{
	size_t first = noise->count > NOISE_LINES_KEPT ? noise->count - NOISE_LINES_KEPT : 0;

	if (first > 0)
		report_note("module: … (--verbose shows all)");
	for (size_t i = first; i < noise->count; i++)
		show(&noise->kept[i % NOISE_LINES_KEPT]);
}
