/* Odd answers about signing: refused mechanisms, a PIN for each signature, wrong signatures; and
 * C_Login's PIN pad. PINs are compared and passed on, never copied or logged. */
#include <string.h>

#include "shim.h"

static bool key_wants_pin(void)
{
	bool on = false;

	return switches_have(&settings_now()->attributes, CKA_ALWAYS_AUTHENTICATE, &on) && on;
}

/* PKCS#11 v2.40 has no call that cancels: an operation ends with its signature. */
static void drop_signing(struct session *session)
{
	CK_BYTE data[1] = {0};
	CK_BYTE signature[4096];
	CK_ULONG length = sizeof signature;

	session->signing = SIGNING_FREE;
	real->C_Sign(session->handle, data, sizeof data, signature, &length);
}

void signing_interrupted(CK_SESSION_HANDLE handle)
{
	struct session *session = session_find(handle);

	if (session && session->signing != SIGNING_FREE)
		drop_signing(session);
}

CK_RV odd_C_SignInit(CK_SESSION_HANDLE handle, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	const struct numbers *claimed = &settings_now()->mechanisms;
	struct session *session = session_find(handle);
	bool wants_pin = key_wants_pin() && class_of(handle, key) == CKO_PRIVATE_KEY;
	CK_RV rv;

	if (mechanism && claimed->count && !numbers_have(claimed, mechanism->mechanism))
		return CKR_MECHANISM_INVALID;
	rv = real->C_SignInit(handle, mechanism, key);
	if (rv == CKR_OK && session && wants_pin)
		session->signing = SIGNING_AWAITS_LOGIN;
	return rv;
}

/* PKCS#11 v2.40 base §5.6, C_Login with CKU_CONTEXT_SPECIFIC. */
static CK_RV login_for_signature(struct session *session, const CK_UTF8CHAR *pin, CK_ULONG length)
{
	const char *right = settings_now()->context_pin;

	if (!session || session->signing == SIGNING_FREE)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (!pin)
		return CKR_ARGUMENTS_BAD;
	if (length != strlen(right) || memcmp(pin, right, length))
		return CKR_PIN_INCORRECT;
	session->signing = SIGNING_ALLOWED;
	return CKR_OK;
}

CK_RV odd_C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG length)
{
	const char *pinpad = settings_now()->pinpad;

	if (!pin && *pinpad) {
		pin = (CK_UTF8CHAR_PTR)pinpad;
		length = strlen(pinpad);
	}
	if (user == CKU_CONTEXT_SPECIFIC && key_wants_pin())
		return login_for_signature(session_find(handle), pin, length);
	signing_interrupted(handle);
	return real->C_Login(handle, user, pin, length);
}

/* The login for this signature did not come: the operation ends (C_Sign ends it with every error
 * but one). */
static bool lacks_login(struct session *session)
{
	if (!session || session->signing != SIGNING_AWAITS_LOGIN)
		return false;
	drop_signing(session);
	return true;
}

static void lengthen(CK_BYTE_PTR signature, CK_ULONG_PTR length, CK_ULONG room)
{
	if (*length < room)
		signature[*length] = 0;
	++*length; /* a lie if there was no room */
}

static void strip_zeros(CK_BYTE_PTR signature, CK_ULONG_PTR length)
{
	CK_ULONG zeros = 0;

	while (zeros < *length && !signature[zeros])
		zeros++;
	*length -= zeros;
	memmove(signature, signature + zeros, *length);
}

static void corrupt(CK_BYTE_PTR signature, CK_ULONG_PTR length, CK_ULONG room)
{
	switch (settings_now()->signature) {
	case SIGNATURE_FLIP:
		signature[*length / 2] ^= 1;
		break;
	case SIGNATURE_SHORT:
		--*length;
		break;
	case SIGNATURE_EMPTY:
		*length = 0;
		break;
	case SIGNATURE_LONG:
		lengthen(signature, length, room);
		break;
	case SIGNATURE_STRIPPED:
		strip_zeros(signature, length);
		break;
	default:
		break;
	}
}

/* After a question for the length, or with too little room, the same operation goes on. */
static CK_RV signing_ends(struct session *session, CK_RV rv, CK_BYTE_PTR signature,
			  CK_ULONG_PTR length, CK_ULONG room)
{
	bool is_signed = rv == CKR_OK && signature && length;

	if (session && (is_signed || (rv != CKR_OK && rv != CKR_BUFFER_TOO_SMALL)))
		session->signing = SIGNING_FREE;
	if (is_signed && *length)
		corrupt(signature, length, room);
	return rv;
}

CK_RV odd_C_Sign(CK_SESSION_HANDLE handle, CK_BYTE_PTR data, CK_ULONG data_length,
		 CK_BYTE_PTR signature, CK_ULONG_PTR length)
{
	struct session *session = session_find(handle);
	CK_ULONG room = length ? *length : 0;
	CK_RV rv;

	make_noise("in C_Sign");
	if (lacks_login(session))
		return CKR_USER_NOT_LOGGED_IN;
	rv = real->C_Sign(handle, data, data_length, signature, length);
	return signing_ends(session, rv, signature, length, room);
}

CK_RV odd_C_SignUpdate(CK_SESSION_HANDLE handle, CK_BYTE_PTR data, CK_ULONG length)
{
	struct session *session = session_find(handle);
	CK_RV rv;

	if (lacks_login(session))
		return CKR_USER_NOT_LOGGED_IN;
	rv = real->C_SignUpdate(handle, data, length);
	if (session && rv != CKR_OK)
		session->signing = SIGNING_FREE;
	return rv;
}

CK_RV odd_C_SignFinal(CK_SESSION_HANDLE handle, CK_BYTE_PTR signature, CK_ULONG_PTR length)
{
	struct session *session = session_find(handle);
	CK_ULONG room = length ? *length : 0;
	CK_RV rv;

	if (lacks_login(session))
		return CKR_USER_NOT_LOGGED_IN;
	rv = real->C_SignFinal(handle, signature, length);
	return signing_ends(session, rv, signature, length, room);
}
