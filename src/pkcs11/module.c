/* Modules: found and loaded by p11-kit, initialised one by one so that a broken one stops nobody.
 */
#include "pkcs11/module.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

static bool describe(struct pkcs11_module *module, const chronosign_key *key,
		     CK_FUNCTION_LIST *functions)
{
	module->functions = functions;
	module->loaded = functions;
	module->key = key;
	module->name = p11_kit_module_get_filename(functions);
	if (module->name == NULL)
		module->name = p11_kit_module_get_name(functions);
	if (module->name == NULL)
		module->name = strdup("an unnamed module");
	return module->name != NULL;
}

/*
 * p11-kit offers a module the system's locks (CKF_OS_LOCKING_OK), which some refuse. One thread
 * calls them here, so they need none (PKCS#11 v3.1 §5.4.1, pInitArgs NULL).
 */
static CK_RV initialize_without_locks(struct pkcs11_module *module)
{
	CK_FUNCTION_LIST *raw = p11_kit_module_load(module->name, P11_KIT_MODULE_UNMANAGED);

	if (raw == NULL)
		return CKR_GENERAL_ERROR;
	module->functions = raw;
	CK_RV result = CRYPTOKI(module, C_Initialize, NULL);
	if (result == CKR_OK)
		return CKR_OK;
	module->functions = module->loaded;
	p11_kit_module_release(raw);
	return result;
}

static void initialize(struct pkcs11_module *module)
{
	cryptoki_begin(module, "C_Initialize");
	CK_RV result =
		cryptoki_end(module, "C_Initialize", p11_kit_module_initialize(module->functions));
	bool wants_no_locks = result == CKR_CANT_LOCK || result == CKR_NEED_TO_CREATE_THREADS;

	module->initialized =
		result == CKR_OK || (wants_no_locks && initialize_without_locks(module) == CKR_OK);
	if (!module->initialized)
		module->failure = cryptoki_reason("C_Initialize", result);
}

static void finalize(struct pkcs11_module *module)
{
	if (module->functions != module->loaded) {
		CRYPTOKI(module, C_Finalize, NULL);
		p11_kit_module_release(module->functions);
		return;
	}
	cryptoki_begin(module, "C_Finalize");
	cryptoki_end(module, "C_Finalize", p11_kit_module_finalize(module->functions));
}

static bool add(struct pkcs11_modules *modules, const chronosign_key *key,
		CK_FUNCTION_LIST *functions, chronosign_error **error)
{
	struct pkcs11_module *module = &modules->list[modules->count];

	if (!describe(module, key, functions))
		return error_out_of_memory(error);
	modules->count++;
	initialize(module);
	return true;
}

static bool reserve(struct pkcs11_modules *modules, size_t count, chronosign_error **error)
{
	modules->list = calloc(count, sizeof *modules->list);
	return modules->list != NULL || error_out_of_memory(error);
}

static bool open_path(const char *path, const chronosign_key *key, struct pkcs11_modules *modules,
		      chronosign_error **error)
{
	CK_FUNCTION_LIST *functions = NULL;

	if (!reserve(modules, 1, error))
		return false;
	/* The loader runs the module's constructors: if it crashes there, the watch has its name.
	 */
	struct pkcs11_module loading = {.name = (char *)path, .key = key};
	cryptoki_begin(&loading, "C_GetFunctionList");
	functions = p11_kit_module_load(path, 0);
	cryptoki_end(&loading, "C_GetFunctionList", functions == NULL ? CKR_GENERAL_ERROR : CKR_OK);
	if (functions == NULL)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "cannot load the PKCS#11 module '%s': %s; is it a PKCS#11 module "
				 "for this machine?",
				 path, p11_kit_message());
	return add(modules, key, functions, error);
}

static bool no_such_name(const char *name, const char *unloadable, chronosign_error **error)
{
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "no PKCS#11 module '%s' is registered with p11-kit, or it would not load; "
		  "`p11-kit list-modules` shows them",
		  name);
	return unloadable == NULL ? false : error_append(error, "%s", unloadable);
}

/* Sorts what was said on standard error: p11-kit's lines are kept, a module's own noise goes on. */
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
 * Loads what is registered. p11-kit tells why one of them would not load on standard error only,
 * and only the first time: so that is moved aside meanwhile, and the reasons are kept.
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

static bool open_registered(const char *name, const chronosign_key *key,
			    struct pkcs11_modules *modules, chronosign_error **error)
{
	size_t count = 0;

	modules->registered = load_registered(&modules->unloadable);
	if (modules->registered == NULL)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "cannot load the PKCS#11 modules registered with p11-kit: %s",
				 p11_kit_message());
	while (modules->registered[count] != NULL)
		count++;
	if (!reserve(modules, count + 1, error))
		return false;
	if (name != NULL) {
		CK_FUNCTION_LIST *functions = p11_kit_module_for_name(modules->registered, name);
		if (functions != NULL)
			return add(modules, key, functions, error);
		return no_such_name(name, modules->unloadable, error);
	}
	for (size_t i = 0; i < count; i++)
		if (!add(modules, key, modules->registered[i], error))
			return false;
	return true;
}

/* What the user says about the module: a path wins over a name, the URI's path over the option's.
 */
static const char *asked_path(const chronosign_key *key)
{
	const char *path = key->uri == NULL ? NULL : p11_kit_uri_get_module_path(key->uri->parsed);

	return path != NULL ? path : key->module_path;
}

static const char *asked_name(const chronosign_key *key)
{
	return key->uri == NULL ? NULL : p11_kit_uri_get_module_name(key->uri->parsed);
}

static bool open_modules(const chronosign_key *key, struct pkcs11_modules *modules,
			 chronosign_error **error)
{
	const char *path = asked_path(key);
	const char *name = asked_name(key);

	modules->named = path != NULL || name != NULL;
	if (!(path != NULL ? open_path(path, key, modules, error)
			   : open_registered(name, key, modules, error)))
		return false;
	if (!modules->named || modules->list[0].initialized)
		return true;
	return error_set(error, CHRONOSIGN_ERROR_KEY, "cannot use the PKCS#11 module '%s': %s",
			 modules->list[0].name, modules->list[0].failure);
}

bool pkcs11_modules_open(const chronosign_key *key, struct pkcs11_modules *modules,
			 chronosign_error **error)
{
	*modules = (struct pkcs11_modules){0};
	if (open_modules(key, modules, error))
		return true;
	pkcs11_modules_close(modules);
	return false;
}

static void close_module(struct pkcs11_module *module)
{
	if (module->initialized)
		finalize(module);
	free(module->failure);
	free(module->name);
}

void pkcs11_modules_close(struct pkcs11_modules *modules)
{
	CK_FUNCTION_LIST *single =
		modules->registered == NULL && modules->count == 1 ? modules->list[0].loaded : NULL;

	for (size_t i = 0; i < modules->count; i++)
		close_module(&modules->list[i]);
	if (single != NULL)
		p11_kit_module_release(single);
	if (modules->registered != NULL)
		p11_kit_modules_release(modules->registered);
	free(modules->list);
	free(modules->unloadable);
	*modules = (struct pkcs11_modules){0};
}
