/* The CAs of --ca-file, read by the key process and sent to the program, so that the program
 * needs no file, and a FIFO works. */
#ifndef NETWORK_CA_FILE_H
#define NETWORK_CA_FILE_H

#include <chronosign/error.h>
#include <stddef.h>

/*
 * The PEM text of a file with certificates, and its length. NULL with *error set (a usage error) if
 * it cannot be read or has no certificate. The caller frees it.
 */
char *ca_file_read(const char *path, size_t *length, struct chronosign_error **error);

#endif
