/* Core files, environment and argument list hold no PIN. */
#include "cli/privacy.h"

#include "base/stack.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

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

/* Not realloc(3), which leaves the old bytes where they were. */
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

/* OpenSSL's decoders free the private key in its encoded form, and more, as it is. */
static void wipe_what_openssl_frees(void)
{
	CRYPTO_set_mem_functions(allocate, reallocate, wipe_and_free);
}

void privacy_forbid_dumps(void)
{
	wipe_what_openssl_frees();
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

void privacy_forget_pin_values(char *text)
{
	const char name[] = "pin-value=";

	for (char *found = strstr(text, name); found != NULL; found = strstr(found, name)) {
		found += strlen(name);
		/* Asterisks: the library has been here, and knew where the value ends. */
		if (*found != '*')
			memset(found, '*', strcspn(found, "&\n"));
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
		privacy_forget_pin_values(reference);
	for (int i = 0; i < count; i++) {
		char *named = strstr(arguments[i], source);

		privacy_forget_pin_values(arguments[i]);
		if (named != NULL)
			privacy_forget_variable(named + strlen(source));
	}
	stack_wipe();
}
