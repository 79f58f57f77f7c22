/* Errors as values: a kind and a message that gains context on its way up. */
#include "base/error.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum mark { UNMARKED, OF_LOGIN, OF_MISBEHAVIOUR };

struct chronosign_error {
	enum chronosign_error_kind kind;
	char *message;
	enum mark mark;
};

/* Used when memory is out; never freed. */
static const struct chronosign_error out_of_memory = {CHRONOSIGN_ERROR_OTHER,
						      (char *)"out of memory", UNMARKED};

enum chronosign_error_kind chronosign_error_get_kind(const struct chronosign_error *error)
{
	return error->kind;
}

const char *chronosign_error_message(const struct chronosign_error *error)
{
	return error->message;
}

void chronosign_error_free(struct chronosign_error *error)
{
	if (error == NULL || error == &out_of_memory)
		return;
	free(error->message);
	free(error);
}

bool error_out_of_memory(struct chronosign_error **error)
{
	if (error != NULL)
		*error = (struct chronosign_error *)&out_of_memory;
	return false;
}

struct chronosign_error *error_make(enum chronosign_error_kind kind, const char *message)
{
	struct chronosign_error *error = malloc(sizeof *error);

	if (error == NULL)
		return (struct chronosign_error *)&out_of_memory;
	error->kind = kind;
	error->mark = UNMARKED;
	error->message = text_printable(message, strlen(message), true);
	if (error->message == NULL) {
		free(error);
		return (struct chronosign_error *)&out_of_memory;
	}
	return error;
}

bool chronosign_error_set(struct chronosign_error **error, enum chronosign_error_kind kind,
			  const char *format, ...)
{
	if (error == NULL)
		return false;

	va_list arguments;
	va_start(arguments, format);
	char *message = text_format_list(format, arguments);
	va_end(arguments);
	*error = message == NULL ? (struct chronosign_error *)&out_of_memory
				 : error_make(kind, message);
	free(message);
	return false;
}

static bool set_mark(struct chronosign_error **error, enum mark mark)
{
	if (error != NULL && *error != NULL && *error != &out_of_memory)
		(*error)->mark = mark;
	return false;
}

bool error_mark_login(struct chronosign_error **error)
{
	return set_mark(error, OF_LOGIN);
}

bool error_is_of_login(const struct chronosign_error *error)
{
	return error->mark == OF_LOGIN;
}

bool error_mark_misbehaviour(struct chronosign_error **error)
{
	return set_mark(error, OF_MISBEHAVIOUR);
}

bool error_is_of_misbehaviour(const struct chronosign_error *error)
{
	return error->mark == OF_MISBEHAVIOUR;
}

bool error_move(struct chronosign_error **to, struct chronosign_error **from)
{
	if (to != NULL && *to == NULL)
		*to = *from;
	else
		chronosign_error_free(*from);
	*from = NULL;
	return false;
}

/* Replaces the message of *error by `before`, the message, `after`. */
static bool surround(struct chronosign_error **error, const char *before, const char *separator,
		     const char *after)
{
	struct chronosign_error *old = error == NULL ? NULL : *error;

	if (old == NULL || before == NULL || after == NULL)
		return false;
	error_set(error, old->kind, "%s%s%s", before, separator, after);
	set_mark(error, old->mark);
	chronosign_error_free(old);
	return false;
}

bool error_prefix(struct chronosign_error **error, const char *format, ...)
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

bool error_append(struct chronosign_error **error, const char *format, ...)
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
