/* All files that the program reads, before and after it is confined, in one list: the sandbox is
 * built from it, and files in it are watched for replacement. */
#ifndef NETWORK_PROGRAM_INPUTS_H
#define NETWORK_PROGRAM_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* One file, or folder with all below it. */
struct input {
	char *path;
	bool watched;       /* else its contents may be replaced, and are read again */
	bool was_read;      /* before the program is confined, and never again: it may hold a PIN */
	struct stat status; /* at the last check; all zero: it did not exist */
};

struct inputs {
	struct input *list;
	size_t count;
};

/*
 * Collects them: what the resolver, the loader and OpenSSL read, and the CAs, in libcurl's built-in
 * places or where the user says; no CAs with `ca_given`. False if memory is out. Release it in any
 * case.
 */
bool inputs_collect(struct inputs *inputs, bool ca_given);
void inputs_release(struct inputs *inputs);

/* True if a watched file has been replaced or changed. */
bool inputs_have_changed(const struct inputs *inputs);

#endif
