/* The lower bound for `chronoctl token` with a key in a token: a module, the calls that cannot be
 * avoided, and base64. No network, no choice, no checks. PIN in $CHRONOCTL_PIN. */
#include <dlfcn.h>
#include <openssl/evp.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static CK_FUNCTION_LIST *cryptoki;

static void must(CK_RV result, const char *function)
{
	if (result == CKR_OK)
		return;
	fprintf(stderr, "floor: %s: 0x%lx\n", function, result);
	exit(1);
}

static void load(const char *path)
{
	void *module = dlopen(path, RTLD_NOW);
	CK_C_GetFunctionList get =
		module == NULL ? NULL : (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");

	if (get == NULL)
		must(CKR_GENERAL_ERROR, path);
	must(get(&cryptoki), "C_GetFunctionList");
}

static CK_SESSION_HANDLE log_in(char *pin)
{
	CK_SLOT_ID slots[16];
	CK_ULONG count = 16;
	CK_SESSION_HANDLE session;

	must(cryptoki->C_Initialize(NULL), "C_Initialize");
	must(cryptoki->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
	must(cryptoki->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session),
	     "C_OpenSession");
	must(cryptoki->C_Login(session, CKU_USER, (CK_BYTE *)pin, strlen(pin)), "C_Login");
	return session;
}

static CK_OBJECT_HANDLE find(CK_SESSION_HANDLE session, char *label)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class},
				   {CKA_LABEL, label, strlen(label)}};
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	CK_ULONG count = 0;

	must(cryptoki->C_FindObjectsInit(session, template, 2), "C_FindObjectsInit");
	must(cryptoki->C_FindObjects(session, &key, 1, &count), "C_FindObjects");
	must(cryptoki->C_FindObjectsFinal(session), "C_FindObjectsFinal");
	return key;
}

int main(int count, char **arguments)
{
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_BYTE signature[1024], text[sizeof signature * 4 / 3 + 4];
	CK_ULONG length = sizeof signature;

	if (count != 4) {
		fputs("usage: floor MODULE LABEL NONCE\n", stderr);
		return 2;
	}
	load(arguments[1]);
	CK_SESSION_HANDLE session = log_in(getenv("CHRONOCTL_PIN"));
	must(cryptoki->C_SignInit(session, &mechanism, find(session, arguments[2])), "C_SignInit");
	must(cryptoki->C_Sign(session, (CK_BYTE *)arguments[3], strlen(arguments[3]), signature,
			      &length),
	     "C_Sign");
	EVP_EncodeBlock(text, signature, (int)length);
	return puts((char *)text) < 0;
}
