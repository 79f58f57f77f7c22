/*
 * Standard output, moved aside (the forms of --output are the commands' own). Modules, engines and
 * providers may print on descriptor 1; only the result goes to the original standard output, and
 * everything else to standard error.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Opens /dev/null for each of descriptors 0 to 2 that is closed, so that nothing else gets their
 * numbers; standard output for reading only, so that a result that goes nowhere is an error.
 */
void output_fill_standard_descriptors(void);

/* Before the command's process is forked: where standard output is to wait. False, and told, if that fails. */
bool output_prepare(void);

/* In the command's process: moves standard output aside and points descriptor 1 to standard error. Returns what
 * stands for the result in the functions below, or -1. */
int output_set_aside(void);

/* In its parent, once it has ended: lets go of what it had moved aside. */
void output_drop(void);

/* Of the terminal that the result goes to, as in terminal.h. */
size_t output_columns(int output);
bool output_takes_colour(int output);

/* Ends what was printed on standard output by stdio: the exit status, EXIT_OTHER and told if it
 * could not be written. */
int output_flush(void);

/* Writes the text and a newline; `output` may be a descriptor. False, and told on standard error, if they cannot be written
 * whole. False, and not told, if a signal that is held back (interrupts.h) has come while nobody reads. */
bool output_write_line(int output, const char *text);

#endif
