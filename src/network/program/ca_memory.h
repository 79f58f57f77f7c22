/* The CAs of a job as a file in memory, for libraries that take a path. */
#ifndef NETWORK_PROGRAM_CA_MEMORY_H
#define NETWORK_PROGRAM_CA_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* PEM text as a file that only this process can open, while `file` is open. */
struct ca_memory {
	int file;
	char path[32];
};

/* Makes one. The caller closes its descriptor. False with errno set. */
bool ca_memory_make(const char *pem, size_t length, struct ca_memory *memory);

#endif
