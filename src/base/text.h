/* Text that grows: for messages and lists. Never for secrets: it is not locked and not wiped. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* A new string as by printf; NULL if memory is out. The caller frees it. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_format_list(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* Appends to *text (NULL counts as empty); if memory is out, *text is unchanged and false is
 * returned. */
bool text_append(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * A copy in which invalid UTF-8 and characters that a terminal could act on, does not show, or shows
 * from right to left, are written as \xNN. Newlines are kept if keep_newlines. NULL if memory is
 * out. The caller frees it.
 */
char *text_printable(const char *bytes, size_t length, bool keep_newlines);

/*
 * The same for words of a server, of the network program or of a module: a run of blanks is one
 * blank, so that none of the words begins a line where the terminal's ends.
 */
char *text_of_others(const char *bytes, size_t length, bool keep_newlines);

/* The same on one line and in double quotes, which end where the words do: what looks like one within is \xNN, too. */
char *text_quoted(const char *bytes, size_t length);

/* strerror(3) of why `path` could not be opened, or that the shell has left its ~ as it was. */
const char *text_open_error(const char *path, int reason);

/* The text as one word of a shell, in single quotes (POSIX.1-2017, Shell §2.2.2), for advice that is copied. Always: a
 * terminal may break it, and what follows must not be a command. NULL: no memory. The caller frees it. */
char *text_shell_word(const char *text);

#endif
