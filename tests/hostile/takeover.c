/*
 * Linked into a chronoctl-network in a tree of its own. At the first call into libcurl it makes all
 * attempts, writes the results to the file `report` beside the program, and goes on. The file
 * `aims` there has three lines with the targets: a key file, a PIN file, a folder. If there is a
 * file `script`, it only does what that says (liar.c). With a file `no-landlock` it behaves as on a
 * kernel without Landlock, with `closed-folders` in addition as if another security module let it list no folder, and with
 * `no-filter` as on a kernel without seccomp.
 */
#include "attempts.h"
#include "liar.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#ifdef WITH_SECCOMP
#include <seccomp.h>
#endif
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

#ifdef WITH_SECCOMP
int seccomp_load(const scmp_filter_ctx filter)
{
	int (*real)(scmp_filter_ctx) = (int (*)(scmp_filter_ctx))dlsym(RTLD_NEXT, "seccomp_load");
	char path[4096];

	beside("no-filter", path, sizeof path);
	return access(path, F_OK) == 0 ? -ENOSYS : real(filter);
}
#endif

#if defined(WITH_SECCOMP) && defined(WITH_LANDLOCK)
static bool is_beside(const char *name)
{
	char path[4096];

	beside(name, path, sizeof path);
	return access(path, F_OK) == 0;
}

/* As AppArmor may, which does not refuse access(2). */
static bool close_folders(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, O_DIRECTORY, O_DIRECTORY)) == 0;
}

/* As RHEL 9's kernel does. */
static void lose_landlock(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (is_beside("no-landlock") && filter != NULL &&
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset),
			     0) == 0 &&
	    (!is_beside("closed-folders") || close_folders(filter)))
		seccomp_load(filter);
	seccomp_release(filter);
}
#else
static void lose_landlock(void)
{
}
#endif

/* Before the sandbox is in force. */
__attribute__((constructor)) static void take_aim(void)
{
	static char paths[3][512];
	char path[4096];

	lose_landlock();
	hostile_look_around(&aims);
	beside("report", path, sizeof path);
	report = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	beside("aims", path, sizeof path);
	FILE *file = fopen(path, "re");
	for (int i = 0; file != NULL && i < 3; i++)
		if (fgets(paths[i], sizeof paths[i], file) != NULL)
			paths[i][strcspn(paths[i], "\n")] = '\0';
	if (file != NULL)
		fclose(file);
	/* Only a test that is its parent knows the parent's memory (unit.confine). */
	aims.key = paths[0];
	aims.pin = paths[1];
	aims.folder = paths[2];
	aims.guards = hostile_guards() | HOSTILE_PROGRAM;
}

/* One line for each: "hostile: ATTEMPT | refused | what prevents it, each by itself". */
static void try_all(const struct hostile_attempt *attempts)
{
	char names[64];

	for (const struct hostile_attempt *attempt = attempts; attempt->what != NULL; attempt++) {
		bool guarded = (attempt->guards & aims.guards) != 0;
		dprintf(report, "hostile: %s | %s | %s\n", attempt->what,
			!guarded              ? "not tried: nothing here is against it"
			: attempt->try(&aims) ? "DONE"
					      : "refused",
			hostile_guard_names(attempt->guards, names));
	}
}

CURLcode curl_global_init(long flags)
{
	CURLcode (*real)(long) = (CURLcode(*)(long))dlsym(RTLD_NEXT, "curl_global_init");

	if (liar_has_script())
		liar_speak();
	aims.parent = getppid();
	try_all(hostile_attempts);
	try_all(hostile_terminal_attempts);
	return real(flags);
}
