/* JSON on a terminal, which wraps it: no word of a token or a server begins a row there, as ours do. */
#ifndef CLI_TERMINAL_JSON_H
#define CLI_TERMINAL_JSON_H

#include "cli/terminal.h"

#include <jansson.h>

/*
 * As json_dumps(3), for a terminal of `width` columns (0: it is none), with its first line at `column`. In a line that goes
 * beyond its row the blanks within strings are \u0020; where the locale is not UTF-8, what is not ASCII is \uXXXX, also if
 * it is no terminal: the same JSON. The caller frees it; NULL without memory, or if a string is not UTF-8.
 */
char *terminal_json(const json_t *value, size_t flags, struct margins margins);

#endif
