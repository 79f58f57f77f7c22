/* Resolves names by files and DNS, and tells which other services are configured. */
#include "network/program/names.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#ifdef __GLIBC__
#include <nss.h>

void names_by_files_and_dns(void)
{
	__nss_configure_lookup("hosts", "files dns");
}
#else
/* Other C libraries support nothing else. */
void names_by_files_and_dns(void)
{
}
#endif

static bool has_times(const char *options)
{
	return strstr(options, "timeout:") != NULL || strstr(options, "attempts:") != NULL;
}

static bool configures_times(const char *configuration)
{
	CLEANUP(cleanup_stream) FILE *file = fopen(configuration, "re");
	char line[512];

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "options", strlen("options")) == 0 && has_times(line))
			return true;
	return false;
}

/* By default a server has 5 seconds, twice. In the second round glibc gives each of n servers 2/n of that: so three take
 * three times as long as one, and with a second round five times. */
void names_within(unsigned timeout_seconds, const char *configuration)
{
	const char *given = getenv("RES_OPTIONS");
	unsigned attempts = timeout_seconds < 5 ? 1 : 2;
	unsigned one = timeout_seconds < 5 ? timeout_seconds / 3 : timeout_seconds / 5;

	if (one >= 5 || (given != NULL && has_times(given)) || configures_times(configuration))
		return;
	CLEANUP(cleanup_text)
	char *options = text_format("%s timeout:%u attempts:%u", given == NULL ? "" : given,
				    one == 0 ? 1 : one, attempts);
	if (options != NULL)
		setenv("RES_OPTIONS", options, 1);
}

/* systemd-resolved is asked by DNS. "[NOTFOUND=return]" is not a service. */
static bool is_asked(const char *service)
{
	return service[0] == '[' || strchr(service, '=') != NULL || strcmp(service, "files") == 0 ||
	       strcmp(service, "dns") == 0 || strcmp(service, "resolve") == 0;
}

char *names_not_asked(const char *configuration)
{
	CLEANUP(cleanup_stream) FILE *file = fopen(configuration, "re");
	CLEANUP(cleanup_text) char *others = NULL;
	char line[512];
	char all[512] = "";
	char *rest = NULL;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, " hosts : %511[^\n#]", all) == 1)
			break;
	for (char *service = strtok_r(all, " \t", &rest); service != NULL;
	     service = strtok_r(NULL, " \t", &rest))
		if (!is_asked(service) &&
		    !text_append(&others, "%s%s", others == NULL ? "" : ", ", service))
			return NULL;
	return others == NULL ? NULL : text_printable(others, strlen(others), false);
}
