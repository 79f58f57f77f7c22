/*
 * Standard output, moved aside (the forms of --output are the commands' own). Modules, engines and
 * providers may print on descriptor 1; only the result goes to the original standard output, and
 * everything else to standard error.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>

/*
 * Opens /dev/null for each of descriptors 0 to 2 that is closed, so that nothing else gets their
 * numbers; standard output for reading only, so that a result that goes nowhere is an error.
 */
void output_fill_standard_descriptors(void);

/* Moves standard output aside and points descriptor 1 to standard error. Returns the descriptor of
 * the result, or -1. */
int output_set_aside(void);

/* Ends what was printed on standard output by stdio: the exit status, EXIT_OTHER and told if it
 * could not be written. */
int output_flush(void);

/* Writes the text and a newline. False, and told on standard error, if they cannot be written
 * whole. */
bool output_write_line(int descriptor, const char *text);

#endif
