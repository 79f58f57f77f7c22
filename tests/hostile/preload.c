/*
 * Preloaded into chronoctl (LD_PRELOAD), it takes over the network process where libcurl is first
 * called there, makes all attempts, says on standard error what came of them, and goes on.
 * HOSTILE_KEY, HOSTILE_PIN and HOSTILE_FOLDER say what to aim at.
 */
#include "attempts.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static hostile_aims aims;
static char memory[8];

static const char *aim(const char *variable)
{
	return getenv(variable) == NULL ? "/nonexistent" : getenv(variable);
}

/* Before the environment is taken away. */
__attribute__((constructor)) static void take_aim(void)
{
	static char paths[3][512];
	static const char *const variables[] = {"HOSTILE_KEY", "HOSTILE_PIN", "HOSTILE_FOLDER"};

	for (int i = 0; i < 3; i++)
		snprintf(paths[i], sizeof paths[i], "%s", aim(variables[i]));
	aims = (hostile_aims){
		.key = paths[0],
		.pin = paths[1],
		.folder = paths[2],
		.memory = memory,
		.guards = hostile_guards(),
	};
}

CURLcode curl_global_init(long flags)
{
	CURLcode (*real)(long) = (CURLcode(*)(long))dlsym(RTLD_NEXT, "curl_global_init");
	char done[1500];

	aims.parent = getppid();
	size_t count = hostile_try(hostile_attempts, &aims, done, sizeof done);
	dprintf(STDERR_FILENO, "hostile: %zu attempts, successful: %s\n", count,
		done[0] == '\0' ? "none" : done);
	return real(flags);
}
