/* What the fuzz targets have in common. Each target is a file of its own, made a program by
 * libFuzzer. */
#ifndef FUZZ_H
#define FUZZ_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What libFuzzer calls once, where a target has it, and then with each input. */
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

/* The first line of what is left of the input, taken off it; empty at its end. The caller frees
 * it. */
char *fuzz_line(const uint8_t **data, size_t *size);

/* True if a terminal could not act on the text: UTF-8 without control characters but newlines. */
bool fuzz_is_printable(const char *text);

/* Promises that a function has failed, or not, and said so in a printable message of a known kind.
 */
void fuzz_promise_outcome(bool good, const struct chronosign_error *error);

/* ---- Files in memory (files.c) ---- */

/*
 * From here on whatever file is opened holds these bytes, and whatever descriptor is read gives
 * them, once; no program is started. NULL: files are files again.
 */
void fuzz_set_file(const uint8_t *bytes, size_t size);

#endif
