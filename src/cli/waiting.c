/* The line, in memory that both processes share. */
#include "cli/waiting.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/patient_write.h"
#include "cli/report.h"
#include "cli/terminal.h"

#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>

enum { SHOWN_AFTER_MS = 500, STEP_MS = 200, TURNS = 500 };

struct line {
	struct waiting now;
	bool lent;
	bool shown;
	atomic_flag taken;
};

/* A message has no context, and there is one standard error. NULL: nothing is shown. */
static struct line *line;

void waiting_prepare(void)
{
	if (!terminal_takes_sequences(STDERR_FILENO))
		return;
	line = mmap(NULL, sizeof *line, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (line == MAP_FAILED)
		line = NULL;
}

/* Of the line, which is ours or whose owner cannot go on. */
static void clear(void)
{
	if (line->shown)
		patient_write(report_descriptor(), "\r\033[K");
	line->shown = false;
}

/* ---- The command's process ---- */

/* A process that holds it for longer has been stopped or killed. */
static void take(void)
{
	for (int turn = 0; turn < TURNS && atomic_flag_test_and_set(&line->taken); turn++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

void waiting_step_back(void)
{
	if (line != NULL)
		atomic_flag_clear(&line->taken);
}

void waiting_step_aside(void)
{
	if (line == NULL)
		return;
	take();
	clear();
}

struct waiting waiting_for(const char *hint, const char *format, ...)
{
	struct waiting before = {0};
	struct waiting now = {.since = milliseconds()};
	va_list arguments;

	if (line == NULL)
		return before;
	va_start(arguments, format);
	vsnprintf(now.text, sizeof now.text, format, arguments);
	va_end(arguments);
	snprintf(now.hint, sizeof now.hint, "%s", hint == NULL ? "" : hint);
	take();
	before = line->now;
	line->now = now;
	waiting_step_back();
	return before;
}

void waiting_end(const struct waiting *before)
{
	if (line == NULL)
		return;
	take();
	line->now = *before;
	if (before->text[0] == '\0')
		clear();
	waiting_step_back();
}

void waiting_say(const char *format, ...)
{
	va_list arguments;

	if (line == NULL)
		return;
	take();
	va_start(arguments, format);
	vsnprintf(line->now.text, sizeof line->now.text, format, arguments);
	va_end(arguments);
	waiting_step_back();
}

/* How long the person took is no part of the wait. */
void waiting_lend(bool lent)
{
	waiting_step_aside();
	if (line == NULL)
		return;
	line->lent = lent;
	line->now.since = milliseconds();
	waiting_step_back();
}

/* ---- The supervisor's ---- */

/* Not from the background, nor while it is stopped (Ctrl-S), nor while a module or a command reads a PIN from it. */
static bool is_free(void)
{
	pid_t foreground = tcgetpgrp(STDERR_FILENO);
	struct pollfd terminal = {.fd = STDERR_FILENO, .events = POLLOUT};
	struct termios settings;

	return (foreground < 0 || foreground == getpgrp()) && poll(&terminal, 1, 0) == 1 &&
	       tcgetattr(STDERR_FILENO, &settings) == 0 &&
	       (settings.c_lflag & (tcflag_t)(ICANON | ECHO)) == (ICANON | ECHO);
}

/* Where the terminal is narrow the words give way, not the numbers. What is wider than a row would stay there, since
 * only one row is cleared. */
static void draw(const struct waiting *now, long waited)
{
	CLEANUP(cleanup_text) char *end = NULL;
	CLEANUP(cleanup_text)
	char *text = text_printable(now->text, strnlen(now->text, sizeof now->text), false);
	CLEANUP(cleanup_text)
	char *hint = text_printable(now->hint, strnlen(now->hint, sizeof now->hint), false);
	size_t columns = terminal_columns(STDERR_FILENO);

	if (text == NULL || hint == NULL)
		return;
	end = text_format(", %ld s%s%s", waited / 1000, hint[0] == '\0' ? "" : "; ", hint);
	size_t taken = 3 + (end == NULL ? 0 : terminal_width(end));
	CLEANUP(cleanup_text)
	char *fitted = terminal_one_row(text, columns > taken ? columns - taken : 0);
	if (end == NULL || fitted == NULL)
		return;
	CLEANUP(cleanup_text)
	char *whole = text_format("%c %s%s", "|/-\\"[waited / STEP_MS % 4], fitted, end);
	CLEANUP(cleanup_text)
	char *row = whole == NULL ? NULL : terminal_one_row(whole, columns > 0 ? columns - 1 : 0);
	if (row == NULL)
		return;
	dprintf(STDERR_FILENO, "\r%s\033[K", row);
	line->shown = true;
}

long waiting_draw(void)
{
	if (line == NULL)
		return WAITING_REST_MS;
	if (atomic_flag_test_and_set(&line->taken))
		return STEP_MS;
	struct waiting now = line->now;
	long waited = (long)(milliseconds() - now.since);
	if (now.text[0] != '\0' && !line->lent && waited >= SHOWN_AFTER_MS && is_free())
		draw(&now, waited);
	waiting_step_back();
	return STEP_MS;
}

void waiting_clear(void)
{
	if (line != NULL)
		clear();
	/* It may have had it. */
	waiting_step_back();
}
