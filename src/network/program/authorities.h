/* The CAs of --ca-file, read before the network process starts: that one needs no file, and a FIFO
 * works. */
#ifndef NETWORK_PROGRAM_AUTHORITIES_H
#define NETWORK_PROGRAM_AUTHORITIES_H

#include <chronosign/error.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The PEM text of a file with certificates, and its length. NULL with *error set (a usage error) if
 * it cannot be read or has no certificate. The caller frees it.
 */
char *authorities_read(const char *path, size_t *length, chronosign_error **error);

/* PEM text as a file that only this process can open, while `file` is open. */
typedef struct {
	int file;
	char path[32];
} authorities_file;

/* Makes one, for libraries that take a path. The caller closes its descriptor. False if that cannot
 * be. */
bool authorities_publish(const char *pem, size_t length, authorities_file *published);

#endif
