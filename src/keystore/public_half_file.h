/* The public half in a file of its own. What it looks like is in chronosign/public_half.h. */
#ifndef KEYSTORE_PUBLIC_HALF_FILE_H
#define KEYSTORE_PUBLIC_HALF_FILE_H

#include <chronosign/public_half.h>

/* Writes the PEM text to a new file, on the disk when it returns true. A file that exists is an
 * error, and left alone. */
bool public_half_write(const EVP_PKEY *half, enum chronosign_public_half_form form,
		       const char *path, struct chronosign_error **error);

#endif
