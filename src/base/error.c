/* Errors as values: a kind and a message that gains context on its way up. */
#include "base/error.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct chronosign_error {
	chronosign_error_kind kind;
	unsigned long result;
	char *message;
};

/* What is left to say when there is no memory to say it in; never freed. */
static const chronosign_error out_of_memory = {CHRONOSIGN_ERROR_OTHER, 0, (char *)"out of memory"};

chronosign_error_kind chronosign_error_get_kind(const chronosign_error *error)
{
	return error->kind;
}

const char *chronosign_error_message(const chronosign_error *error)
{
	return error->message;
}

void chronosign_error_free(chronosign_error *error)
{
	if (error == NULL || error == &out_of_memory)
		return;
	free(error->message);
	free(error);
}

bool error_out_of_memory(chronosign_error **error)
{
	if (error != NULL)
		*error = (chronosign_error *)&out_of_memory;
	return false;
}

chronosign_error *error_make(chronosign_error_kind kind, const char *message)
{
	chronosign_error *error = malloc(sizeof *error);

	if (error == NULL)
		return (chronosign_error *)&out_of_memory;
	error->kind = kind;
	error->result = 0;
	error->message = text_printable(message, strlen(message), true);
	if (error->message == NULL) {
		free(error);
		return (chronosign_error *)&out_of_memory;
	}
	return error;
}

bool chronosign_error_set(chronosign_error **error, chronosign_error_kind kind, const char *format,
			  ...)
{
	if (error == NULL)
		return false;

	va_list arguments;
	va_start(arguments, format);
	char *message = text_format_list(format, arguments);
	va_end(arguments);
	*error = message == NULL ? (chronosign_error *)&out_of_memory : error_make(kind, message);
	free(message);
	return false;
}

bool error_set_result(chronosign_error **error, unsigned long result)
{
	if (error != NULL && *error != NULL && *error != &out_of_memory)
		(*error)->result = result;
	return false;
}

unsigned long error_result(const chronosign_error *error)
{
	return error->result;
}

/* Replaces the message of *error by `before`, the message, `after`. */
static bool surround(chronosign_error **error, const char *before, const char *separator,
		     const char *after)
{
	chronosign_error *old = error == NULL ? NULL : *error;

	if (old == NULL || before == NULL || after == NULL)
		return false;
	error_set(error, old->kind, "%s%s%s", before, separator, after);
	error_set_result(error, old->result);
	chronosign_error_free(old);
	return false;
}

bool error_prefix(chronosign_error **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *context = text_format_list(format, arguments);
	va_end(arguments);
	if (error != NULL && *error != NULL)
		surround(error, context, ": ", (*error)->message);
	free(context);
	return false;
}

bool error_append(chronosign_error **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *line = text_format_list(format, arguments);
	va_end(arguments);
	if (error != NULL && *error != NULL)
		surround(error, (*error)->message, "\n", line);
	free(line);
	return false;
}
