/* The public half in a separate file. Its form is in chronosign/public_half.h. */
#ifndef KEYSTORE_PUBLIC_HALF_FILE_H
#define KEYSTORE_PUBLIC_HALF_FILE_H

#include "base/new_file.h"

#include <chronosign/public_half.h>

/* Writes the PEM text to a new file, which is on disk when it returns true. An existing file is
 * an error, and unchanged. The caller closes *made. */
bool public_half_write(const EVP_PKEY *half, enum chronosign_public_half_form form,
		       const char *path, struct made_files *made, struct chronosign_error **error);

#endif
