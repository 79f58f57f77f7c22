/* All files that the program reads, before and after it is confined, in one list: the sandbox is built from
 * it, and a file in it that has been replaced is noticed. */
#ifndef NETWORK_PROGRAM_INPUTS_H
#define NETWORK_PROGRAM_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* One file, or folder with all below it. */
struct input {
	char *path;
	bool watched;       /* else what is below it may be replaced, and is read anew */
	struct stat status; /* when it was last looked at; all zero: it was not there */
};

struct inputs {
	struct input *list;
	size_t count;
};

/*
 * Collects them: what the resolver, the loader and OpenSSL read, and the CAs, where libcurl was built to
 * look or where the user says; with `ca_given`, no others. False if memory is out. Release it in any
 * case.
 */
bool inputs_collect(struct inputs *inputs, bool ca_given);
void inputs_release(struct inputs *inputs);

/* True if one of those that are watched is another file than it was, or has been written to. */
bool inputs_have_changed(const struct inputs *inputs);

#endif
