/* What is built in, and the versions of what it runs with. */
#include "cli/version.h"

#include "signer/backend.h"

#include <stdio.h>

void version_print(void)
{
	const char *name;
	const char *library;

	printf("chronoctl %s\n", CHRONOCTL_VERSION);
	for (size_t i = 0; backend_describe(i, &name, &library); i++)
		printf("  signer %-9s %s\n", name, library);
}
