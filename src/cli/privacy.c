/* Core files, environment and argument list hold no PIN. */
#include "cli/privacy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void privacy_forbid_dumps(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

/* Overwrites the value of each pin-value of a PKCS#11 URI in the text. */
static void forget_pin_values(char *text)
{
	const char name[] = "pin-value=";

	for (char *found = strstr(text, name); found != NULL; found = strstr(found, name)) {
		found += strlen(name);
		memset(found, '*', strcspn(found, "&"));
	}
}

void privacy_forget_variable(const char *name)
{
	char *value = getenv(name);

	if (value != NULL)
		explicit_bzero(value, strlen(value));
}

void privacy_forget_arguments(int count, char **arguments)
{
	const char source[] = "env:";
	char *reference = getenv("PRIV_KEY_FILE");

	privacy_forget_variable("CHRONOCTL_PIN");
	if (reference != NULL)
		forget_pin_values(reference);
	for (int i = 0; i < count; i++) {
		char *named = strstr(arguments[i], source);

		forget_pin_values(arguments[i]);
		if (named != NULL)
			privacy_forget_variable(named + strlen(source));
	}
}
