/* Secrets that were given as text, in an argument or the environment: the key process moves them
 * to locked memory, and both processes overwrite them where the system shows them. */
#ifndef CLI_GIVEN_H
#define CLI_GIVEN_H

#include "cli/options.h"

#include <chronosign/error.h>

/* True if each fd:N is open. Call it before the command opens anything, which could get that
 * number. False: reported. */
bool given_check_descriptors(const struct options *options);

/* The command's arguments, as main(3) has them. */
struct arguments {
	int count;
	char **list;
};

/*
 * In the process that needs them: moves a PIN in a variable to options->given, replaces values with
 * a pin-value in them and URLs by copies, and overwrites all of them as given_forget does.
 */
bool given_take(struct options *options, const struct arguments *arguments,
		struct chronosign_error **error);

/*
 * Overwrites each pin-value in the arguments and of the PKCS#11 URIs in the environment, the user and
 * password of each --chronograf-url, and the values of CHRONOCTL_PIN and of the variables that env:
 * names, wherever the environment has them; nothing else.
 */
void given_forget(const struct options *options, const struct arguments *arguments);

void given_release(struct options *options);

#endif
