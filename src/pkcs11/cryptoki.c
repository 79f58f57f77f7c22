/* The watched call into a module, and the names and remedies of its return values. */
#include "pkcs11/cryptoki.h"

#include "base/error.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void cryptoki_begin(const struct pkcs11_module *module, const char *function)
{
	const struct chronosign_key *key = module->key;

	if (key->watch.begin != NULL)
		key->watch.begin(key->watch_context, module->name, function);
}

CK_RV cryptoki_end(const struct pkcs11_module *module, const char *function, CK_RV result)
{
	const struct chronosign_key *key = module->key;
	char buffer[32];

	if (key->watch.end != NULL)
		key->watch.end(key->watch_context, module->name, function, result);
	key_notice(key, CHRONOSIGN_NOTICE_DETAIL, "%s of %s: %s", function, module->name,
		   cryptoki_name(result, buffer));
	return result;
}

bool cryptoki_refuses_pin(unsigned long result)
{
	return result == CKR_PIN_INCORRECT || result == CKR_PIN_INVALID ||
	       result == CKR_PIN_LEN_RANGE || result == CKR_PIN_EXPIRED || result == CKR_PIN_LOCKED;
}

static const char plug_in[] =
	"the token was removed or does not answer; check that it is plugged in and that its "
	"daemon (pcscd, or the vendor's) runs";
static const char try_again[] = "the token lost the connection; try again";
static const char vendor[] = "the module or the device is at fault; see the vendor's log";

/* PKCS#11 v3.1 §5.1 (base specification, "Function return values"), and what a person can do about
 * each. */
static const struct {
	CK_RV code;
	const char *name;
	const char *remedy;
} results[] = {
#define RESULT(code, remedy) \
	{ \
		code, #code, remedy \
	}
	RESULT(CKR_OK, NULL),
	RESULT(CKR_CANCEL, "it was cancelled at the device; try again"),
	RESULT(CKR_HOST_MEMORY, "the machine is out of memory"),
	RESULT(CKR_SLOT_ID_INVALID, plug_in),
	RESULT(CKR_GENERAL_ERROR, vendor),
	RESULT(CKR_FUNCTION_FAILED, vendor),
	RESULT(CKR_ARGUMENTS_BAD, vendor),
	RESULT(CKR_NO_EVENT, vendor),
	RESULT(CKR_NEED_TO_CREATE_THREADS,
	       "the module needs to create threads; see its configuration"),
	RESULT(CKR_CANT_LOCK, "the module cannot use the system's locks; see its configuration"),
	RESULT(CKR_ATTRIBUTE_READ_ONLY, "the token does not let that attribute be set"),
	RESULT(CKR_ATTRIBUTE_SENSITIVE, "the token does not let that attribute be read"),
	RESULT(CKR_ATTRIBUTE_TYPE_INVALID, "the token does not know an attribute"),
	RESULT(CKR_ATTRIBUTE_VALUE_INVALID, "the token does not take an attribute's value"),
	RESULT(CKR_DATA_INVALID, vendor),
	RESULT(CKR_DATA_LEN_RANGE, "the key may be too short for the mechanism"),
	RESULT(CKR_DEVICE_ERROR, vendor),
	RESULT(CKR_DEVICE_MEMORY,
	       "the token is full; close other programs' sessions, or remove objects"),
	RESULT(CKR_DEVICE_REMOVED, plug_in),
	RESULT(CKR_FUNCTION_CANCELED, "it was cancelled at the device; try again"),
	RESULT(CKR_FUNCTION_NOT_PARALLEL, vendor),
	RESULT(CKR_FUNCTION_NOT_SUPPORTED,
	       "the module lacks this function; is it the right module for the token?"),
	RESULT(CKR_KEY_HANDLE_INVALID, try_again),
	RESULT(CKR_KEY_SIZE_RANGE, "the token does not take keys of this size"),
	RESULT(CKR_KEY_TYPE_INCONSISTENT, "the key is not an RSA key, or not for signing"),
	RESULT(CKR_KEY_FUNCTION_NOT_PERMITTED,
	       "the token does not let the key do this; use a signing key"),
	RESULT(CKR_MECHANISM_INVALID,
	       "the token lacks the mechanism, or does not allow it for this key"),
	RESULT(CKR_MECHANISM_PARAM_INVALID, "the token does not take the mechanism's parameters"),
	RESULT(CKR_OBJECT_HANDLE_INVALID, try_again),
	RESULT(CKR_OPERATION_ACTIVE, vendor),
	RESULT(CKR_OPERATION_NOT_INITIALIZED, vendor),
	RESULT(CKR_PIN_INCORRECT, "wrong PIN"),
	RESULT(CKR_PIN_INVALID, "the PIN has characters that the token does not take"),
	RESULT(CKR_PIN_LEN_RANGE, "the PIN is shorter or longer than the token takes"),
	RESULT(CKR_PIN_EXPIRED, "the PIN has expired; set a new one with the token's own tool"),
	RESULT(CKR_PIN_LOCKED, "the PIN is locked after too many wrong tries; unlock it with the "
			       "SO PIN or PUK, with the token's own tool"),
	RESULT(CKR_SESSION_CLOSED, try_again),
	RESULT(CKR_SESSION_COUNT,
	       "the token has no session left; close other programs that use it"),
	RESULT(CKR_SESSION_HANDLE_INVALID, try_again),
	RESULT(CKR_SESSION_PARALLEL_NOT_SUPPORTED, vendor),
	RESULT(CKR_SESSION_READ_ONLY, "the token is write-protected"),
	RESULT(CKR_SESSION_EXISTS,
	       "another session is open; close other programs that use the token"),
	RESULT(CKR_SESSION_READ_ONLY_EXISTS,
	       "a read-only session is open; close other programs that use the token"),
	RESULT(CKR_SESSION_READ_WRITE_SO_EXISTS,
	       "the security officer is logged in; close the administration tool first"),
	RESULT(CKR_SIGNATURE_INVALID, vendor),
	RESULT(CKR_SIGNATURE_LEN_RANGE, vendor),
	RESULT(CKR_TEMPLATE_INCOMPLETE, "the token requires more attributes than were given"),
	RESULT(CKR_TEMPLATE_INCONSISTENT, "the token does not take these attributes together"),
	RESULT(CKR_TOKEN_NOT_PRESENT, plug_in),
	RESULT(CKR_TOKEN_NOT_RECOGNIZED,
	       "the token is not initialised, or not one for this module"),
	RESULT(CKR_TOKEN_WRITE_PROTECTED, "the token is write-protected"),
	RESULT(CKR_USER_ALREADY_LOGGED_IN, NULL),
	RESULT(CKR_USER_NOT_LOGGED_IN,
	       "the token requires a PIN for this; give one by --pin-source"),
	RESULT(CKR_USER_PIN_NOT_INITIALIZED,
	       "the token has no user PIN yet; set one with its own tool"),
	RESULT(CKR_USER_TYPE_INVALID, "the token has no such kind of user"),
	RESULT(CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
	       "another user is logged in; close other programs that use the token"),
	RESULT(CKR_USER_TOO_MANY_TYPES,
	       "other users are logged in; close other programs that use the token"),
	RESULT(CKR_DOMAIN_PARAMS_INVALID, vendor),
	RESULT(CKR_BUFFER_TOO_SMALL, vendor),
	RESULT(CKR_RANDOM_NO_RNG, "the token has no random number generator"),
	RESULT(CKR_CRYPTOKI_NOT_INITIALIZED, vendor),
	RESULT(CKR_CRYPTOKI_ALREADY_INITIALIZED, vendor),
	RESULT(CKR_FUNCTION_REJECTED, "it was refused at the device; try again and accept"),
#undef RESULT
	/* PKCS#11 v3.0 and v3.1; p11-kit 0.24 has no names for them. */
	{0x201, "CKR_TOKEN_RESOURCE_EXCEEDED",
	 "the token is at its limit; close other programs that use it, and try again"},
	{0x202, "CKR_OPERATION_CANCEL_FAILED", vendor},
	{0x203, "CKR_KEY_EXHAUSTED", "the key has made all the signatures that it may"},
};

static size_t find_result(CK_RV result)
{
	size_t i = 0;

	while (i < sizeof results / sizeof results[0] && results[i].code != result)
		i++;
	return i;
}

const char *cryptoki_name(CK_RV result, char buffer[static 32])
{
	size_t i = find_result(result);

	if (i < sizeof results / sizeof results[0])
		return results[i].name;
	snprintf(buffer, 32, "0x%08lx", result);
	return buffer;
}

char *cryptoki_words(unsigned long result)
{
	size_t i = find_result(result);
	char *words = i == sizeof results / sizeof results[0]
			      ? NULL
			      : strdup(results[i].name + strlen("CKR_"));

	for (char *at = words; at != NULL && *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
		else
			*at = (char)tolower((unsigned char)*at);
	return words;
}

enum cryptoki_retry cryptoki_retry(CK_RV result)
{
	switch (result) {
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_SESSION_CLOSED:
		return RETRY_SESSION;
	case CKR_DEVICE_ERROR:
	case CKR_DEVICE_REMOVED:
		return RETRY_TOKEN;
	case CKR_USER_NOT_LOGGED_IN:
		return RETRY_LOGIN;
	default:
		return RETRY_NEVER;
	}
}

/* A login that failed because the token is gone has not used up a try. */
static bool is_gone(CK_RV result)
{
	return result == CKR_DEVICE_REMOVED || result == CKR_TOKEN_NOT_PRESENT ||
	       cryptoki_retry(result) == RETRY_SESSION;
}

bool cryptoki_login_is_refused(CK_RV result)
{
	return result != CKR_OK && result != CKR_USER_ALREADY_LOGGED_IN && !is_gone(result);
}

/* When a module or a session starts, the general error codes mostly mean that the daemon or
 * device behind the module does not answer. */
static bool is_start(const char *function, CK_RV result)
{
	return (strcmp(function, "C_Initialize") == 0 || strcmp(function, "C_OpenSession") == 0) &&
	       (result == CKR_HOST_MEMORY || result == CKR_GENERAL_ERROR ||
		result == CKR_FUNCTION_FAILED || result == CKR_DEVICE_ERROR ||
		result == CKR_ARGUMENTS_BAD);
}

static const char *remedy(const char *function, CK_RV result)
{
	if (is_start(function, result))
		return "check that its daemon (pcscd, or the vendor's) runs and that its "
		       "configuration is in place";
	size_t i = find_result(result);
	bool known = i < sizeof results / sizeof results[0] && results[i].remedy != NULL;

	return known ? results[i].remedy : vendor;
}

/* Function and code are named only if the cause is unknown; --verbose always shows them. */
static bool is_vague(const char *function, CK_RV result)
{
	return is_start(function, result) || remedy(function, result) == vendor;
}

char *cryptoki_reason(const char *function, CK_RV result)
{
	const char *advice = remedy(function, result);
	char buffer[32];

	if (!is_vague(function, result))
		return strdup(advice);
	return text_format("%s answered %s: %s", function, cryptoki_name(result, buffer), advice);
}

bool cryptoki_error(struct chronosign_error **error, const struct pkcs11_module *module,
		    const char *function, CK_RV result, const char *what)
{
	const char *advice = remedy(function, result);
	char buffer[32];

	if (!is_vague(function, result))
		return error_set(error, CHRONOSIGN_ERROR_KEY, "%s: %s", what, advice);
	return error_set(error, CHRONOSIGN_ERROR_KEY, "%s: %s of %s answered %s: %s", what,
			 function, module->name, cryptoki_name(result, buffer), advice);
}
