//go:build module

/* The function list, and the calls that need no Go. */
#include <p11-kit/pkcs11.h>
#include <string.h>

#include "_cgo_export.h"

static CK_RV unsupported(void)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static void pad(unsigned char *field, size_t size, const char *text)
{
	memset(field, ' ', size);
	memcpy(field, text, strlen(text));
}

static CK_RV initialize(void *arguments)
{
	(void)arguments;
	return goInitialize();
}

static CK_RV finalize(void *reserved)
{
	(void)reserved;
	return goFinalize();
}

static CK_RV get_info(CK_INFO *info)
{
	*info = (CK_INFO){.cryptokiVersion = {2, 40}};
	pad(info->manufacturerID, sizeof info->manufacturerID, "Gopher");
	pad(info->libraryDescription, sizeof info->libraryDescription, "A module in Go");
	return CKR_OK;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
	(void)present;
	if (slots != NULL && *count >= 1)
		slots[0] = 7;
	*count = 1;
	return CKR_OK;
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	(void)slot;
	*info = (CK_SLOT_INFO){.flags = CKF_TOKEN_PRESENT};
	pad(info->slotDescription, sizeof info->slotDescription, "Burrow");
	pad(info->manufacturerID, sizeof info->manufacturerID, "Gopher");
	return CKR_OK;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	(void)slot;
	*info = (CK_TOKEN_INFO){
		.flags = CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED,
		.ulMaxPinLen = 32,
		.ulMinPinLen = 4,
	};
	pad(info->label, sizeof info->label, "estate");
	pad(info->manufacturerID, sizeof info->manufacturerID, "Gopher");
	pad(info->model, sizeof info->model, "1");
	pad(info->serialNumber, sizeof info->serialNumber, "1");
	pad(info->utcTime, sizeof info->utcTime, "");
	return CKR_OK;
}

static CK_RV get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	(void)slot;
	if (list != NULL && *count < 2)
		return CKR_BUFFER_TOO_SMALL;
	if (list != NULL) {
		list[0] = CKM_RSA_PKCS;
		list[1] = CKM_SHA256_RSA_PKCS;
	}
	*count = 2;
	return CKR_OK;
}

static CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	(void)slot;
	if (type != CKM_RSA_PKCS && type != CKM_SHA256_RSA_PKCS)
		return CKR_MECHANISM_INVALID;
	*info = (CK_MECHANISM_INFO){1024, 8192, CKF_SIGN | CKF_VERIFY};
	return CKR_OK;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
			  CK_SESSION_HANDLE *session)
{
	(void)slot, (void)flags, (void)application, (void)notify;
	*session = goOpen();
	return CKR_OK;
}

static CK_RV close_all_sessions(CK_SLOT_ID slot)
{
	(void)slot;
	goCloseAll();
	return CKR_OK;
}

static CK_RV get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
	(void)session;
	*info = (CK_SESSION_INFO){.slotID = 7, .state = goState(), .flags = CKF_SERIAL_SESSION};
	return CKR_OK;
}

static CK_RV log_in(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin,
		    CK_ULONG length)
{
	(void)session, (void)user;
	return goLogin(pin, length);
}

static CK_RV log_out(CK_SESSION_HANDLE session)
{
	(void)session;
	return goLogout();
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
	return goFindInit(session, template, count);
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
		  CK_ULONG *count)
{
	*count = goFind(session, objects, most);
	return CKR_OK;
}

static CK_RV find_final(CK_SESSION_HANDLE session)
{
	(void)session;
	return CKR_OK;
}

static CK_RV get_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *list,
			    CK_ULONG count)
{
	(void)session;
	return goAttributes(object, list, count);
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE object)
{
	return goSignInit(session, mechanism->mechanism, object);
}

static CK_RV sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG length,
		  unsigned char *signature, CK_ULONG *room)
{
	return goSign(session, data, length, signature, room);
}

static CK_RV sign_update(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG length)
{
	return goSignUpdate(session, data, length);
}

static CK_RV sign_final(CK_SESSION_HANDLE session, unsigned char *signature, CK_ULONG *room)
{
	return goSign(session, NULL, 0, signature, room);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);

static CK_FUNCTION_LIST functions = {
	.version = {2, 40},
	.C_Initialize = initialize,
	.C_Finalize = finalize,
	.C_GetInfo = get_info,
	.C_GetFunctionList = C_GetFunctionList,
	.C_GetSlotList = get_slot_list,
	.C_GetSlotInfo = get_slot_info,
	.C_GetTokenInfo = get_token_info,
	.C_GetMechanismList = get_mechanism_list,
	.C_GetMechanismInfo = get_mechanism_info,
	.C_OpenSession = open_session,
	.C_CloseSession = goClose,
	.C_CloseAllSessions = close_all_sessions,
	.C_GetSessionInfo = get_session_info,
	.C_Login = log_in,
	.C_Logout = log_out,
	.C_GetAttributeValue = get_attributes,
	.C_FindObjectsInit = find_init,
	.C_FindObjects = find,
	.C_FindObjectsFinal = find_final,
	.C_SignInit = sign_init,
	.C_Sign = sign,
	.C_SignUpdate = sign_update,
	.C_SignFinal = sign_final,
};

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	CK_RV (**first)(void) = (CK_RV(**)(void)) & functions.C_Initialize;
	CK_RV (**last)(void) = (CK_RV(**)(void)) & functions.C_WaitForSlotEvent;

	for (CK_RV (**function)(void) = first; function <= last; function++)
		if (*function == NULL)
			*function = unsupported;
	*list = &functions;
	return CKR_OK;
}
