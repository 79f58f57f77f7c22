/* Resolves names by files and DNS, and tells which other services are configured. */
#include "network/program/names.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdbool.h>
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
