/* The functions of CK_FUNCTION_LIST 2.40, one row each: how it is answered (REAL: passed on as it
 * is; ODD: by way of its odd_ function), what its first argument names, its name, parameters and
 * arguments. No behaviour lives here. */
#ifndef SHIM_FUNCTIONS_H
#define SHIM_FUNCTIONS_H

#include <p11-kit/pkcs11.h>

/* Shapes that many functions share. */
#define SESSION_ALONE(X, layer, name) \
	X(layer, SESSION, name, (CK_SESSION_HANDLE session), (session))
#define OBJECT(X, layer, name) \
	X(layer, SESSION, name, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), \
	  (session, object))
#define ATTRIBUTES(X, layer, name) \
	X(layer, SESSION, name, \
	  (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes, \
	   CK_ULONG count), \
	  (session, object, attributes, count))
#define KEYED(X, layer, name) \
	X(layer, SESSION, name, \
	  (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key), \
	  (session, mechanism, key))
#define BYTES(X, layer, name) \
	X(layer, SESSION, name, (CK_SESSION_HANDLE session, CK_BYTE_PTR bytes, CK_ULONG length), \
	  (session, bytes, length))
#define BYTES_OUT(X, layer, name) \
	X(layer, SESSION, name, (CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR length), \
	  (session, out, length))
#define IN_AND_OUT(X, layer, name) \
	X(layer, SESSION, name, \
	  (CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_length, CK_BYTE_PTR out, \
	   CK_ULONG_PTR length), \
	  (session, in, in_length, out, length))

/* clang-format off */
#define SHIM_FUNCTIONS(X) \
	X(ODD, LIBRARY, C_Initialize, (void *arguments), (arguments)) \
	X(ODD, LIBRARY, C_Finalize, (void *reserved), (reserved)) \
	X(ODD, LIBRARY, C_GetInfo, (CK_INFO_PTR info), (info)) \
	X(ODD, LIBRARY, C_GetFunctionList, (CK_FUNCTION_LIST_PTR_PTR list), (list)) \
	X(ODD, LIBRARY, C_GetSlotList, \
	  (CK_BBOOL token_present, CK_SLOT_ID_PTR slots, CK_ULONG_PTR count), \
	  (token_present, slots, count)) \
	X(ODD, SLOT, C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO_PTR info), (slot, info)) \
	X(ODD, SLOT, C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info), (slot, info)) \
	X(REAL, LIBRARY, C_WaitForSlotEvent, \
	  (CK_FLAGS flags, CK_SLOT_ID_PTR slot, void *reserved), (flags, slot, reserved)) \
	X(ODD, SLOT, C_GetMechanismList, \
	  (CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR mechanisms, CK_ULONG_PTR count), \
	  (slot, mechanisms, count)) \
	X(ODD, SLOT, C_GetMechanismInfo, \
	  (CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_MECHANISM_INFO_PTR info), \
	  (slot, mechanism, info)) \
	X(REAL, SLOT, C_InitToken, \
	  (CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_length, CK_UTF8CHAR_PTR label), \
	  (slot, pin, pin_length, label)) \
	BYTES(X, REAL, C_InitPIN) \
	X(REAL, SESSION, C_SetPIN, \
	  (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_length, \
	   CK_UTF8CHAR_PTR new_pin, CK_ULONG new_length), \
	  (session, old_pin, old_length, new_pin, new_length)) \
	X(ODD, SLOT, C_OpenSession, \
	  (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, \
	   CK_SESSION_HANDLE_PTR session), \
	  (slot, flags, application, notify, session)) \
	SESSION_ALONE(X, ODD, C_CloseSession) \
	X(ODD, SLOT, C_CloseAllSessions, (CK_SLOT_ID slot), (slot)) \
	X(REAL, SESSION, C_GetSessionInfo, \
	  (CK_SESSION_HANDLE session, CK_SESSION_INFO_PTR info), (session, info)) \
	BYTES_OUT(X, REAL, C_GetOperationState) \
	X(REAL, SESSION, C_SetOperationState, \
	  (CK_SESSION_HANDLE session, CK_BYTE_PTR state, CK_ULONG length, \
	   CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key), \
	  (session, state, length, encryption_key, authentication_key)) \
	X(ODD, SESSION, C_Login, \
	  (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG length), \
	  (session, user, pin, length)) \
	SESSION_ALONE(X, REAL, C_Logout) \
	X(REAL, SESSION, C_CreateObject, \
	  (CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count, \
	   CK_OBJECT_HANDLE_PTR object), \
	  (session, attributes, count, object)) \
	X(REAL, SESSION, C_CopyObject, \
	  (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes, \
	   CK_ULONG count, CK_OBJECT_HANDLE_PTR copy), \
	  (session, object, attributes, count, copy)) \
	OBJECT(X, REAL, C_DestroyObject) \
	X(REAL, SESSION, C_GetObjectSize, \
	  (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size), \
	  (session, object, size)) \
	ATTRIBUTES(X, ODD, C_GetAttributeValue) \
	ATTRIBUTES(X, REAL, C_SetAttributeValue) \
	X(ODD, SESSION, C_FindObjectsInit, \
	  (CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count), \
	  (session, attributes, count)) \
	X(ODD, SESSION, C_FindObjects, \
	  (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR objects, CK_ULONG most, \
	   CK_ULONG_PTR count), \
	  (session, objects, most, count)) \
	SESSION_ALONE(X, REAL, C_FindObjectsFinal) \
	KEYED(X, REAL, C_EncryptInit) \
	IN_AND_OUT(X, REAL, C_Encrypt) \
	IN_AND_OUT(X, REAL, C_EncryptUpdate) \
	BYTES_OUT(X, REAL, C_EncryptFinal) \
	KEYED(X, REAL, C_DecryptInit) \
	IN_AND_OUT(X, REAL, C_Decrypt) \
	IN_AND_OUT(X, REAL, C_DecryptUpdate) \
	BYTES_OUT(X, REAL, C_DecryptFinal) \
	X(REAL, SESSION, C_DigestInit, \
	  (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism), (session, mechanism)) \
	IN_AND_OUT(X, REAL, C_Digest) \
	BYTES(X, REAL, C_DigestUpdate) \
	OBJECT(X, REAL, C_DigestKey) \
	BYTES_OUT(X, REAL, C_DigestFinal) \
	KEYED(X, ODD, C_SignInit) \
	IN_AND_OUT(X, ODD, C_Sign) \
	BYTES(X, ODD, C_SignUpdate) \
	BYTES_OUT(X, ODD, C_SignFinal) \
	KEYED(X, REAL, C_SignRecoverInit) \
	IN_AND_OUT(X, REAL, C_SignRecover) \
	KEYED(X, REAL, C_VerifyInit) \
	X(REAL, SESSION, C_Verify, \
	  (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_length, \
	   CK_BYTE_PTR signature, CK_ULONG length), \
	  (session, data, data_length, signature, length)) \
	BYTES(X, REAL, C_VerifyUpdate) \
	BYTES(X, REAL, C_VerifyFinal) \
	KEYED(X, REAL, C_VerifyRecoverInit) \
	IN_AND_OUT(X, REAL, C_VerifyRecover) \
	IN_AND_OUT(X, REAL, C_DigestEncryptUpdate) \
	IN_AND_OUT(X, REAL, C_DecryptDigestUpdate) \
	IN_AND_OUT(X, REAL, C_SignEncryptUpdate) \
	IN_AND_OUT(X, REAL, C_DecryptVerifyUpdate) \
	X(REAL, SESSION, C_GenerateKey, \
	  (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR attributes, \
	   CK_ULONG count, CK_OBJECT_HANDLE_PTR key), \
	  (session, mechanism, attributes, count, key)) \
	X(ODD, SESSION, C_GenerateKeyPair, \
	  (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR public, \
	   CK_ULONG public_count, CK_ATTRIBUTE_PTR private, CK_ULONG private_count, \
	   CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key), \
	  (session, mechanism, public, public_count, private, private_count, public_key, \
	   private_key)) \
	X(REAL, SESSION, C_WrapKey, \
	  (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key, \
	   CK_OBJECT_HANDLE key, CK_BYTE_PTR wrapped, CK_ULONG_PTR length), \
	  (session, mechanism, wrapping_key, key, wrapped, length)) \
	X(REAL, SESSION, C_UnwrapKey, \
	  (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key, \
	   CK_BYTE_PTR wrapped, CK_ULONG length, CK_ATTRIBUTE_PTR attributes, CK_ULONG count, \
	   CK_OBJECT_HANDLE_PTR key), \
	  (session, mechanism, unwrapping_key, wrapped, length, attributes, count, key)) \
	X(REAL, SESSION, C_DeriveKey, \
	  (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base_key, \
	   CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE_PTR key), \
	  (session, mechanism, base_key, attributes, count, key)) \
	BYTES(X, REAL, C_SeedRandom) \
	BYTES(X, REAL, C_GenerateRandom) \
	SESSION_ALONE(X, REAL, C_GetFunctionStatus) \
	SESSION_ALONE(X, REAL, C_CancelFunction)
/* clang-format on */

#define NUMBER_FUNCTION(layer, on, name, parameters, arguments) FUNCTION_##name,
enum shim_function { SHIM_FUNCTIONS(NUMBER_FUNCTION) SHIM_FUNCTION_COUNT };

#endif
