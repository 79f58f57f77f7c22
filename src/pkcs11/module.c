/*
 * Modules: found and loaded by p11-kit, initialised one by one so that a broken one does not affect
 * the others.
 *
 * The one place in the project with global state outside main: PKCS#11 initialises a module once
 * for a whole process (v3.1 §5.4.1), for all callers. An owner that callers could free and recreate
 * would unload and reload modules, which must not happen.
 */
#include "pkcs11/module.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

/* A module of this process. */
struct loaded {
	struct loaded *next;
	CK_FUNCTION_LIST *managed;   /* what p11-kit gave */
	CK_FUNCTION_LIST *functions; /* to call: mostly the same */
	char *name;
	char *path; /* by which it was loaded; NULL: it is registered */
	bool initialized;
	char *failure; /* why it is not */
};

static struct {
	struct loaded *first;
	CK_FUNCTION_LIST **registered;
	char *unloadable;
} process;

/* ---- One module ---- */

/*
 * p11-kit offers a module the system's locks (CKF_OS_LOCKING_OK), which some refuse. One thread
 * calls them here, so they need none (PKCS#11 v3.1 §5.4.1, pInitArgs NULL).
 */
static CK_RV initialize_without_locks(struct loaded *loaded, struct pkcs11_module *module)
{
	CK_FUNCTION_LIST *raw = p11_kit_module_load(loaded->name, P11_KIT_MODULE_UNMANAGED);

	if (raw == NULL)
		return CKR_GENERAL_ERROR;
	module->functions = raw;
	CK_RV result = CRYPTOKI(module, C_Initialize, NULL);
	if (result == CKR_OK)
		loaded->functions = raw;
	else
		p11_kit_module_release(raw);
	return result;
}

static void initialize(struct loaded *loaded, const struct chronosign_key *key)
{
	struct pkcs11_module module = {loaded->functions, loaded->name, NULL, key};

	cryptoki_begin(&module, "C_Initialize");
	CK_RV result =
		cryptoki_end(&module, "C_Initialize", p11_kit_module_initialize(loaded->managed));
	bool wants_no_locks = result == CKR_CANT_LOCK || result == CKR_NEED_TO_CREATE_THREADS;

	free(TAKE(loaded->failure));
	loaded->initialized =
		result == CKR_OK ||
		(wants_no_locks && initialize_without_locks(loaded, &module) == CKR_OK);
	if (!loaded->initialized)
		loaded->failure = cryptoki_reason("C_Initialize", result);
}

static void finalize(const struct loaded *loaded, const struct chronosign_key *key)
{
	const struct pkcs11_module module = {loaded->functions, loaded->name, NULL, key};

	if (loaded->functions != loaded->managed) {
		CRYPTOKI(&module, C_Finalize, NULL);
		return;
	}
	cryptoki_begin(&module, "C_Finalize");
	cryptoki_end(&module, "C_Finalize", p11_kit_module_finalize(loaded->managed));
}

static char *describe(CK_FUNCTION_LIST *functions)
{
	char *name = p11_kit_module_get_filename(functions);

	if (name == NULL)
		name = p11_kit_module_get_name(functions);
	return name == NULL ? strdup("an unnamed module") : name;
}

/* The module of p11-kit's pointer, which is the same each time. */
static struct loaded *find(CK_FUNCTION_LIST *managed)
{
	struct loaded *loaded = process.first;

	while (loaded != NULL && loaded->managed != managed)
		loaded = loaded->next;
	return loaded;
}

static struct loaded *remember(CK_FUNCTION_LIST *managed, struct chronosign_error **error)
{
	struct loaded *loaded = calloc(1, sizeof *loaded);
	char *name = describe(managed);

	if (loaded == NULL || name == NULL) {
		free(loaded);
		free(name);
		error_out_of_memory(error);
		return NULL;
	}
	*loaded = (struct loaded){
		.next = process.first, .managed = managed, .functions = managed, .name = name};
	process.first = loaded;
	return loaded;
}

/* Adds the module to the list, initialised if that has not happened yet or has failed. */
static bool add(struct pkcs11_modules *modules, CK_FUNCTION_LIST *managed,
		const struct chronosign_key *key, struct chronosign_error **error)
{
	struct loaded *loaded = find(managed);

	if (loaded == NULL)
		loaded = remember(managed, error);
	if (loaded == NULL)
		return false;
	if (!loaded->initialized)
		initialize(loaded, key);
	const char *failure = loaded->failure == NULL ? "it does not start" : loaded->failure;
	modules->list[modules->count++] = (struct pkcs11_module){
		loaded->functions, loaded->name, loaded->initialized ? NULL : failure, key};
	return true;
}

bool pkcs11_module_restart(const struct pkcs11_module *module)
{
	struct loaded *loaded = process.first;

	while (loaded != NULL && loaded->functions != module->functions)
		loaded = loaded->next;
	if (loaded == NULL)
		return false;
	if (loaded->functions != loaded->managed)
		return CRYPTOKI(module, C_Initialize, NULL) == CKR_OK;
	/* p11-kit counts, and calls the module for the first and the last call only. */
	p11_kit_module_finalize(loaded->managed);
	cryptoki_begin(module, "C_Initialize");
	return cryptoki_end(module, "C_Initialize", p11_kit_module_initialize(loaded->managed)) ==
	       CKR_OK;
}

/* ---- Which modules ---- */

static bool reserve(struct pkcs11_modules *modules, size_t count, struct chronosign_error **error)
{
	modules->list = calloc(count, sizeof *modules->list);
	return modules->list != NULL || error_out_of_memory(error);
}

/* "couldn't load module: PATH: PATH: cannot open …": p11-kit and the loader both name the path. */
static const char *why_not_loaded(const char *path)
{
	static const char intro[] = "couldn't load module: ";
	const char *message = p11_kit_message();

	if (message == NULL)
		return "no reason given";
	if (path[0] == '\0' || strncmp(message, intro, strlen(intro)) != 0)
		return message;
	for (const char *at = message; (at = strstr(at, path)) != NULL; at++)
		if (strncmp(at + strlen(path), ": ", 2) == 0)
			message = at + strlen(path) + 2;
	return message;
}

static bool cannot_load(const char *path, struct chronosign_error **error)
{
	const char *reason = why_not_loaded(path);

	return error_set(error, CHRONOSIGN_ERROR_KEY, "cannot load the PKCS#11 module '%s': %s%s",
			 path, reason,
			 strstr(reason, "No such file") != NULL
				 ? ""
				 : "; is it a PKCS#11 module for this machine?");
}

/* The loader runs the module's constructors: if it crashes there, the watch has its name. */
static CK_FUNCTION_LIST *load_path(const char *path, const struct chronosign_key *key,
				   struct chronosign_error **error)
{
	const struct pkcs11_module loading = {.name = path, .key = key};

	cryptoki_begin(&loading, "C_GetFunctionList");
	CK_FUNCTION_LIST *managed = p11_kit_module_load(path, 0);
	cryptoki_end(&loading, "C_GetFunctionList", managed == NULL ? CKR_GENERAL_ERROR : CKR_OK);
	if (managed == NULL)
		cannot_load(path, error);
	return managed;
}

static bool open_path(const char *path, const struct chronosign_key *key,
		      struct pkcs11_modules *modules, struct chronosign_error **error)
{
	struct loaded *loaded = process.first;

	while (loaded != NULL && (loaded->path == NULL || strcmp(loaded->path, path) != 0))
		loaded = loaded->next;
	CK_FUNCTION_LIST *managed = loaded == NULL ? load_path(path, key, error) : loaded->managed;
	if (managed == NULL || !reserve(modules, 1, error) || !add(modules, managed, key, error))
		return false;
	loaded = find(managed);
	if (loaded->path == NULL)
		loaded->path = strdup(path);
	return true;
}

static bool no_such_name(const char *name, struct chronosign_error **error)
{
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "no PKCS#11 module '%s' is registered with p11-kit, or it would not load; "
		  "`p11-kit list-modules` shows them",
		  name);
	return process.unloadable == NULL ? false : error_append(error, "%s", process.unloadable);
}

/* Sorts what was said on standard error: p11-kit's lines are kept, a module's own output is
 * passed on. */
static void sort_out(int aside, char **unloadable)
{
	char line[1024];

	lseek(aside, 0, SEEK_SET);
	CLEANUP(cleanup_stream) FILE *said = fdopen(dup(aside), "r");
	while (said != NULL && fgets(line, sizeof line, said) != NULL)
		if (strncmp(line, "p11-kit: ", 9) == 0)
			text_append(unloadable, "%s  %.*s", *unloadable == NULL ? "" : "\n",
				    (int)strcspn(line + 9, "\n"), line + 9);
		else
			dprintf(STDERR_FILENO, "%s", line);
}

/*
 * Loads what is registered. p11-kit reports on standard error only, and only once, why a module did
 * not load: so standard error is redirected meanwhile, and the reasons are kept.
 */
static CK_FUNCTION_LIST **load_registered(char **unloadable)
{
	CLEANUP(cleanup_descriptor) int aside = memfd_create("p11-kit", MFD_CLOEXEC);
	CLEANUP(cleanup_descriptor) int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	if (aside < 0 || saved < 0 || dup2(aside, STDERR_FILENO) < 0)
		return p11_kit_modules_load(NULL, 0);
	p11_kit_be_loud();
	CK_FUNCTION_LIST **modules = p11_kit_modules_load(NULL, 0);
	p11_kit_be_quiet();
	dup2(saved, STDERR_FILENO);
	sort_out(aside, unloadable);
	return modules;
}

static bool have_registered(struct chronosign_error **error)
{
	if (process.registered == NULL)
		process.registered = load_registered(&process.unloadable);
	return process.registered != NULL ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "cannot load the PKCS#11 modules registered with p11-kit: %s",
			 p11_kit_message());
}

static void tell(const struct pkcs11_module *module, const struct pkcs11_module_choice *choice)
{
	if (choice->tried != NULL)
		choice->tried(choice->context, module->name, module->failure);
}

static bool open_registered(const struct pkcs11_module_choice *choice,
			    const struct chronosign_key *key, struct pkcs11_modules *modules,
			    struct chronosign_error **error)
{
	const char *name = choice->name;
	size_t count = 0;

	if (!have_registered(error))
		return false;
	while (process.registered[count] != NULL)
		count++;
	if (!reserve(modules, count + 1, error))
		return false;
	if (name != NULL) {
		CK_FUNCTION_LIST *functions = p11_kit_module_for_name(process.registered, name);
		return functions == NULL ? no_such_name(name, error)
					 : add(modules, functions, key, error);
	}
	modules->unloadable = process.unloadable;
	for (size_t i = 0; i < count; i++) {
		if (!add(modules, process.registered[i], key, error))
			return false;
		tell(&modules->list[i], choice);
	}
	return true;
}

/* By its name, or as the file that the name is a link to: p11-kit's library. */
bool pkcs11_module_is_proxy(const char *path)
{
	CLEANUP(cleanup_text) char *file = realpath(path, NULL);

	return strcmp(basename(path), "p11-kit-proxy.so") == 0 ||
	       (file != NULL && strncmp(basename(file), "libp11-kit.so", 13) == 0);
}

/* A path wins over a name, the URI's path over the key's. */
struct pkcs11_module_choice pkcs11_module_choice(const struct chronosign_key *key)
{
	const char *path = key->uri == NULL ? NULL : p11_kit_uri_get_module_path(key->uri->parsed);

	if (path == NULL)
		path = key->module_path;
	return (struct pkcs11_module_choice){
		.path = path != NULL && pkcs11_module_is_proxy(path) ? NULL : path,
		.name = key->uri == NULL ? NULL : p11_kit_uri_get_module_name(key->uri->parsed),
	};
}

static bool open_modules(const struct chronosign_key *key,
			 const struct pkcs11_module_choice *choice, struct pkcs11_modules *modules,
			 struct chronosign_error **error)
{
	modules->named = choice->path != NULL || choice->name != NULL;
	if (!(choice->path != NULL ? open_path(choice->path, key, modules, error)
				   : open_registered(choice, key, modules, error)))
		return false;
	if (!modules->named)
		return true;
	if (modules->list[0].failure == NULL) {
		tell(&modules->list[0], choice);
		return true;
	}
	return error_set(error, CHRONOSIGN_ERROR_KEY, "cannot use the PKCS#11 module '%s': %s",
			 modules->list[0].name, modules->list[0].failure);
}

bool pkcs11_modules_open(const struct chronosign_key *key,
			 const struct pkcs11_module_choice *choice, struct pkcs11_modules *modules,
			 struct chronosign_error **error)
{
	*modules = (struct pkcs11_modules){0};
	if (open_modules(key, choice, modules, error))
		return true;
	pkcs11_modules_close(modules);
	return false;
}

void pkcs11_modules_close(struct pkcs11_modules *modules)
{
	free(modules->list);
	*modules = (struct pkcs11_modules){0};
}

/* Releasing them by p11-kit would unload them; they stay until the process ends. */
void pkcs11_modules_finalize(const struct chronosign_key *watcher)
{
	while (process.first != NULL) {
		struct loaded *loaded = process.first;

		process.first = loaded->next;
		if (loaded->initialized)
			finalize(loaded, watcher);
		free(loaded->name);
		free(loaded->path);
		free(loaded->failure);
		free(loaded);
	}
	free(TAKE(process.unloadable));
}
