/* Looks up names and numbers. The list of constants, constants.h, is made from <p11-kit/pkcs11.h>
 * by CMake. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

#define NAME_CONSTANT(name) {#name, name},
static const struct {
	const char *name;
	CK_ULONG number;
} constants[] = {
#include "constants.h"
};

#define NAME_FUNCTION(layer, on, name, parameters, arguments) #name,
static const char *const functions[] = {SHIM_FUNCTIONS(NAME_FUNCTION)};

static const size_t constant_count = sizeof constants / sizeof *constants;

static bool has_prefix(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

bool number_from(const char *text, CK_ULONG *number)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*number = strtoul(text, &end, 0);
	return !errno && !*end;
}

bool constant_number(const char *prefix, const char *text, CK_ULONG *number)
{
	for (size_t i = 0; i < constant_count; i++) {
		if (has_prefix(constants[i].name, prefix) && !strcmp(constants[i].name, text)) {
			*number = constants[i].number;
			return true;
		}
	}
	return number_from(text, number);
}

const char *constant_name(const char *prefix, CK_ULONG number)
{
	for (size_t i = 0; i < constant_count; i++) {
		if (constants[i].number == number && has_prefix(constants[i].name, prefix))
			return constants[i].name;
	}
	return NULL;
}

bool function_number(const char *name, enum shim_function *function)
{
	for (size_t i = 0; i < SHIM_FUNCTION_COUNT; i++) {
		if (!strcmp(functions[i], name)) {
			*function = i;
			return true;
		}
	}
	return false;
}

const char *function_name(enum shim_function function)
{
	return functions[function];
}
