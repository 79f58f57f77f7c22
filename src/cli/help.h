/* The help: of the program, and of a command. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

#include <stdio.h>

void help_print(FILE *out);
void help_print_command(FILE *out, const struct command *command);

#endif
