/* Keeps secrets out of core files, other processes and freed memory, and refuses extra
 * privileges. */
#include "cli/hardening.h"

#include "base/secret.h"
#include "cli/report.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/xattr.h>
#include <unistd.h>

static void *allocate(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return malloc(size);
}

static void wipe_and_free(void *memory, const char *file, int line)
{
	(void)file, (void)line;
	if (memory != NULL)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

/* Not realloc(3), which leaves the old bytes in memory. */
static void *reallocate(void *memory, size_t size, const char *file, int line)
{
	size_t before = memory == NULL ? 0 : malloc_usable_size(memory);
	void *moved = size == 0 ? NULL : malloc(size);

	if (moved != NULL && memory != NULL)
		memcpy(moved, memory, before < size ? before : size);
	if (moved != NULL || size == 0)
		wipe_and_free(memory, file, line);
	return moved;
}

/* OpenSSL's decoders free the encoded private key, and more, without wiping it. */
static void wipe_what_openssl_frees(void)
{
	CRYPTO_set_mem_functions(allocate, reallocate, wipe_and_free);
}

void hardening_forbid_dumps(void)
{
	wipe_what_openssl_frees();
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

bool hardening_check_privileges(void)
{
	/* Nothing for a file system that has no such attribute. */
	if (getuid() == geteuid() && getgid() == getegid() &&
	    getxattr("/proc/self/exe", "security.capability", NULL, 0) <= 0)
		return true;
	report_error(
		"the program is set-uid, set-gid or has file capabilities, and refuses to run: "
		"a PKCS#11 module that its caller names would run with these rights; take them "
		"away by chmod ug-s and setcap -r");
	return false;
}

static bool warn_of_unlocked_memory(void)
{
	static bool warned;

	if (!warned)
		report_warning("memory for secrets cannot be locked, so they may be written to the "
			       "swap; raise the limit (ulimit -l, or LimitMEMLOCK= in a unit)");
	warned = true;
	return true;
}

void hardening_accept_unlocked_memory(void)
{
	secret_set_unlocked_policy(warn_of_unlocked_memory);
}
