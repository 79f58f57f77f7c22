/*
 * Linked into a chronoctl-network of its own tree: where libcurl is first called it makes all attempts, says
 * in the file `report` beside the program what came of them, and goes on. The file `aims` there says in
 * three lines what to aim at: a key file, a PIN file, a folder. With a file `script` there it does nothing
 * but what that says (liar.c).
 */
#include "attempts.h"
#include "liar.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct hostile_aims aims;
static int report;

/* The path of a file beside the program. */
static void beside(const char *name, char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - 1);

	path[length < 0 ? 0 : length] = '\0';
	char *slash = strrchr(path, '/');
	size_t folder = slash == NULL ? 0 : (size_t)(slash + 1 - path);
	snprintf(path + folder, size - folder, "%s", name);
}

/* Before the sandbox closes. */
__attribute__((constructor)) static void take_aim(void)
{
	static char paths[3][512];
	char path[4096];

	beside("report", path, sizeof path);
	report = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	beside("aims", path, sizeof path);
	FILE *file = fopen(path, "re");
	for (int i = 0; file != NULL && i < 3; i++)
		if (fgets(paths[i], sizeof paths[i], file) != NULL)
			paths[i][strcspn(paths[i], "\n")] = '\0';
	if (file != NULL)
		fclose(file);
	/* Where its parent's memory is only a test knows that is its parent (unit.confine). */
	aims = (struct hostile_aims){
		.key = paths[0],
		.pin = paths[1],
		.folder = paths[2],
		.guards = hostile_guards(),
	};
}

CURLcode curl_global_init(long flags)
{
	CURLcode (*real)(long) = (CURLcode(*)(long))dlsym(RTLD_NEXT, "curl_global_init");
	char done[1500];

	if (liar_has_script())
		liar_speak();
	aims.parent = getppid();
	size_t count = hostile_try(hostile_attempts, &aims, done, sizeof done);
	dprintf(report, "hostile: %zu attempts, successful: %s\n", count,
		done[0] == '\0' ? "none" : done);
	return real(flags);
}
