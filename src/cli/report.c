/* Messages on standard error. */
#include "cli/report.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/patient_write.h"
#include "cli/pin_value.h"
#include "cli/terminal.h"
#include "cli/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Callers that warn need not know whether warnings are shown. */
static bool without_warnings;

/* A handler of pthread_atfork(3) has no context. */
static int descriptor = STDERR_FILENO;
static struct stat moved;

static void close_descriptor(void)
{
	close(descriptor);
}

int report_descriptor(void)
{
	return descriptor;
}

bool report_is_open(void)
{
	struct stat now;

	/* Its number may be another file's by now. */
	return fstat(descriptor, &now) == 0 && now.st_dev == moved.st_dev &&
	       now.st_ino == moved.st_ino;
}

bool report_move(int standard_error)
{
	int aside = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (aside < 0 || fstat(aside, &moved) != 0 || dup2(standard_error, STDERR_FILENO) < 0) {
		report_error("cannot move standard error aside: %s", strerror(errno));
		return false;
	}
	/* A process forked by a module may live on, and the reader of our messages would wait
	 * for it. */
	descriptor = aside;
	pthread_atfork(NULL, NULL, close_descriptor);
	return true;
}

/*
 * Sentences are joined on one line; an indented line, such as a list entry, stays a line of its own
 * with the prefix, since a journal shows lines separately. So does the text after a list.
 */
static void put_lines(FILE *out, const char *kind, char *message)
{
	bool indented = true;
	char last = '\0';
	char *rest = NULL;

	for (char *line = strtok_r(message, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (indented || line[0] == ' ')
			fprintf(out, "%schronoctl: %s%s", line == message ? "" : "\n",
				line == message ? kind : "", line);
		else
			fprintf(out, "%s %s", strchr(".:;?", last) == NULL ? "." : "", line);
		indented = line != message && line[0] == ' ';
		last = line[strlen(line) - 1];
	}
	fputc('\n', out);
}

/* Messages that nobody has read: said as soon as somebody reads again. */
static void put(const char *lines)
{
	static unsigned dropped;
	CLEANUP(cleanup_text) char *loss = NULL;

	/* One of them may have been cut within its line. */
	if (dropped > 0)
		loss = text_format(
			"\nchronoctl: nobody read standard error: %u message%s dropped\n", dropped,
			dropped == 1 ? "" : "s");
	if (loss != NULL && patient_write(descriptor, loss))
		dropped = 0;
	if (dropped > 0 || !patient_write(descriptor, lines))
		dropped++;
}

/* As a whole, so that lines of several processes do not mix. NULL: memory is out. */
__attribute__((format(printf, 2, 0))) static char *lines_of(const char *kind, const char *format,
							    va_list arguments)
{
	CLEANUP(cleanup_text) char *message = NULL;
	char *lines = NULL;
	size_t length = 0;

	if (vasprintf(&message, format, arguments) < 0) {
		message = NULL;
		return NULL;
	}
	/* No message repeats a PIN, whatever was mistyped. */
	pin_values_mask(message);
	CLEANUP(cleanup_text) char *shown = text_printable(message, strlen(message), true);
	FILE *out = shown == NULL ? NULL : open_memstream(&lines, &length);
	if (out == NULL)
		return NULL;
	put_lines(out, kind, shown);
	if (fclose(out) == 0)
		return lines;
	free(lines);
	return NULL;
}

__attribute__((format(printf, 2, 0))) static void report(const char *kind, const char *format,
							 va_list arguments)
{
	CLEANUP(cleanup_text) char *lines = lines_of(kind, format, arguments);
	CLEANUP(cleanup_text)
	char *rows = lines == NULL ? NULL : terminal_rows(descriptor, lines);

	waiting_step_aside();
	put(rows != NULL    ? rows
	    : lines != NULL ? lines
			    : "chronoctl: out of memory: a message is missing here\n");
	waiting_step_back();
}

void report_note(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	report("", format, arguments);
	va_end(arguments);
}

void report_error(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	report("", format, arguments);
	va_end(arguments);
}

void report_leave_out_warnings(void)
{
	without_warnings = true;
}

void report_warning(const char *format, ...)
{
	va_list arguments;

	if (without_warnings)
		return;
	va_start(arguments, format);
	report(terminal_takes_colour(descriptor) ? "\033[33mwarning: \033[0m" : "warning: ", format,
	       arguments);
	va_end(arguments);
}

void report_detail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	report("  ", format, arguments);
	va_end(arguments);
}

void report_trace(const char *words)
{
	CLEANUP(cleanup_text) char *quoted = text_quoted(words, strlen(words));

	if (quoted != NULL)
		report_detail("chronoctl-network says: %s", quoted);
}

int report_failure(const struct chronosign_error *error)
{
	report_error("%s", chronosign_error_message(error));
	return (int)chronosign_error_get_kind(error);
}
