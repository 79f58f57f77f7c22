/* Messages on standard error. */
#include "cli/report.h"

#include "cli/pin_value.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Whoever has something to warn of should not have to know whether somebody listens. */
static bool without_warnings;

static void report(const char *kind, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* Buffered as a whole, so that lines of several processes do not mix. */
static void report(const char *kind, const char *format, va_list arguments)
{
	char *message = NULL;

	if (vasprintf(&message, format, arguments) < 0)
		return;
	/* Whatever was mistyped, and wherever a PIN stood in it: a message does not repeat one. */
	pin_values_mask(message);
	dprintf(2, "chronoctl: %s%s\n", kind, message);
	free(message);
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
	report("warning: ", format, arguments);
	va_end(arguments);
}

void report_detail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	report("  ", format, arguments);
	va_end(arguments);
}

int report_failure(const struct chronosign_error *error)
{
	report_error("%s", chronosign_error_message(error));
	return (int)chronosign_error_get_kind(error);
}
