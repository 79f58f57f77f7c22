/* How many signatures a second a token makes in one session: the measure for a fleet's tokens. PIN
 * in $CHRONOCTL_PIN. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static CK_FUNCTION_LIST *cryptoki;
static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE key;

static void must(CK_RV result, const char *function)
{
	if (result == CKR_OK)
		return;
	fprintf(stderr, "raw_rate: %s: 0x%lx\n", function, result);
	exit(1);
}

static void load(const char *path)
{
	CK_SLOT_ID slots[16];
	CK_ULONG count = 16;
	void *module = dlopen(path, RTLD_NOW);
	CK_C_GetFunctionList get =
		module == NULL ? NULL : (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");

	if (get == NULL)
		must(CKR_GENERAL_ERROR, path);
	must(get(&cryptoki), "C_GetFunctionList");
	must(cryptoki->C_Initialize(NULL), "C_Initialize");
	must(cryptoki->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
	must(cryptoki->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session),
	     "C_OpenSession");
}

static void find_key(const char *label)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class},
				   {CKA_LABEL, (void *)label, strlen(label)}};
	CK_ULONG count = 0;

	must(cryptoki->C_FindObjectsInit(session, template, 2), "C_FindObjectsInit");
	must(cryptoki->C_FindObjects(session, &key, 1, &count), "C_FindObjects");
	must(cryptoki->C_FindObjectsFinal(session), "C_FindObjectsFinal");
}

static void sign(void)
{
	static const char nonce[] = "7d9f2c1e-5b3a-4c6d-8e9f-0a1b2c3d4e5f";
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_BYTE signature[1024];
	CK_ULONG length = sizeof signature;

	must(cryptoki->C_SignInit(session, &mechanism, key), "C_SignInit");
	must(cryptoki->C_Sign(session, (CK_BYTE *)nonce, sizeof nonce - 1, signature, &length),
	     "C_Sign");
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **arguments)
{
	char *pin = getenv("CHRONOCTL_PIN");
	unsigned long signatures = count == 4 ? strtoul(arguments[3], NULL, 10) : 0;

	if (signatures == 0 || pin == NULL) {
		fputs("usage: raw_rate MODULE LABEL SIGNATURES\n", stderr);
		return 2;
	}
	load(arguments[1]);
	must(cryptoki->C_Login(session, CKU_USER, (CK_BYTE *)pin, strlen(pin)), "C_Login");
	find_key(arguments[2]);
	double begin = seconds();
	for (unsigned long i = 0; i < signatures; i++)
		sign();
	printf("%.1f\n", (double)signatures / (seconds() - begin));
	return 0;
}
