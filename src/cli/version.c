/* What is built in, and the versions of what it runs with. */
#include "cli/version.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fips.h"
#include "cli/report.h"
#include "network/network.h"
#include "signer/backend.h"

#include <stdio.h>

static const char *active(bool fips)
{
	return fips ? "active" : "not active";
}

/* OpenSSL is configured in each process by itself. */
static void print_fips(void)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	bool fips;

	printf("  FIPS provider in chronoctl          %s\n", active(fips_is_active()));
	if (network_tell_fips(&fips, &error))
		printf("  FIPS provider in chronoctl-network  %s\n", active(fips));
	else
		printf("  FIPS provider in chronoctl-network  not known\n");
	/* Its words may be among it. */
	if (error != NULL)
		report_failure(error);
}

void version_print(void)
{
	const char *name;
	const char *library;

	printf("chronoctl %s\n", CHRONOCTL_VERSION);
	for (size_t i = 0; backend_describe(i, &name, &library); i++)
		printf("  signer %-9s %s\n", name, library);
	print_fips();
}
