/* What the fuzz targets have in common. Each target is a file of its own, which libFuzzer makes a
 * program. */
#ifndef FUZZ_H
#define FUZZ_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libFuzzer calls the first once, if a target has it, and the second with each input. */
int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that is broken is a finding, as a crash is. */
#define PROMISE(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* The bytes as a string, which ends at the first NUL. The caller frees it. */
char *fuzz_text(const uint8_t *data, size_t size);

/* Removes the first line from the rest of the input; empty at the end. The caller frees it. */
char *fuzz_line(const uint8_t **data, size_t *size);

/* True if a terminal could not act on the text: UTF-8 without control characters but newlines. */
bool fuzz_is_printable(const char *text);

/* Promises that a function either succeeded, or failed with a printable message of a known kind. */
void fuzz_promise_outcome(bool good, const struct chronosign_error *error);

/* ---- Files in memory (files.c) ---- */

/* From here on every file that is opened holds these bytes, every descriptor gives them once, and
 * no program is started. NULL: back to real files. */
void fuzz_set_file(const uint8_t *bytes, size_t size);

#endif
