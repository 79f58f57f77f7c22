/* Whether a file in the folder of --out-file may be replaced or removed. */
#ifndef CLI_OUT_CHECK_H
#define CLI_OUT_CHECK_H

#include "cli/out_file.h"

#include <chronosign/error.h>
#include <stdbool.h>
#include <sys/stat.h>

/* Sets *error to what could not be done to `path`, and errno's reason. Returns false. */
bool out_failed(const char *what, const char *path, struct chronosign_error **error);

/* -1, with errno: it cannot be read, or it is a symbolic link. */
int out_open_to_look(const struct out_file *file, const char *name);

/* True if this run has written the file with that status. */
bool out_is_of_this_run(const struct out_file *file, const struct stat *status);

/* True if nothing has the name in the file's folder, or a regular file has it in which every line is
 * a token, in any form that token_output.c writes, and that no other chronoctl keeps. */
bool out_check_name(const struct out_file *file, const char *name, struct chronosign_error **error);

#endif
