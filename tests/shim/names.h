/* Names and numbers, of the constants in <p11-kit/pkcs11.h> and of its functions. */
#ifndef SHIM_NAMES_H
#define SHIM_NAMES_H

#include <stdbool.h>

#include "functions.h"

/* `text` is the name of a constant that begins with `prefix` ("CKR_"), or a number as in C. */
bool constant_number(const char *prefix, const char *text, CK_ULONG *number);

/* The first name with that prefix and number; NULL if there is none (a vendor's code). */
const char *constant_name(const char *prefix, CK_ULONG number);

/* Digits in base 10, 16 (0x…) or 8 (0…) and nothing else. */
bool number_from(const char *text, CK_ULONG *number);

bool function_number(const char *name, enum shim_function *function);
const char *function_name(enum shim_function function);

#endif
