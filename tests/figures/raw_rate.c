/* How many signatures a second a token gives, over so many sessions in threads, with one login: what a fleet's tokens
 * are measured against. PIN in $CHRONOCTL_PIN. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SESSIONS_MAX 64

static CK_FUNCTION_LIST *cryptoki;
static CK_SLOT_ID slot;
static char *label;
static pthread_barrier_t start;

struct session {
	pthread_t thread;
	CK_SESSION_HANDLE handle;
	CK_OBJECT_HANDLE key;
	unsigned long count;
};

static void must(CK_RV result, const char *function)
{
	if (result == CKR_OK)
		return;
	fprintf(stderr, "raw_rate: %s: 0x%lx\n", function, result);
	exit(1);
}

static void load(const char *path)
{
	CK_C_INITIALIZE_ARGS threads = {.flags = CKF_OS_LOCKING_OK};
	CK_SLOT_ID slots[16];
	CK_ULONG count = 16;
	void *module = dlopen(path, RTLD_NOW);
	CK_C_GetFunctionList get =
		module == NULL ? NULL : (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");

	if (get == NULL)
		must(CKR_GENERAL_ERROR, path);
	must(get(&cryptoki), "C_GetFunctionList");
	must(cryptoki->C_Initialize(&threads), "C_Initialize");
	must(cryptoki->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
	slot = slots[0];
}

static void open_session(struct session *session)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class},
				   {CKA_LABEL, label, strlen(label)}};
	CK_ULONG count = 0;

	must(cryptoki->C_FindObjectsInit(session->handle, template, 2), "C_FindObjectsInit");
	must(cryptoki->C_FindObjects(session->handle, &session->key, 1, &count), "C_FindObjects");
	must(cryptoki->C_FindObjectsFinal(session->handle), "C_FindObjectsFinal");
}

static void *sign(void *context)
{
	static const char nonce[] = "7d9f2c1e-5b3a-4c6d-8e9f-0a1b2c3d4e5f";
	const struct session *session = context;
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_BYTE signature[1024];

	pthread_barrier_wait(&start);
	for (unsigned long i = 0; i < session->count; i++) {
		CK_ULONG length = sizeof signature;
		must(cryptoki->C_SignInit(session->handle, &mechanism, session->key), "C_SignInit");
		must(cryptoki->C_Sign(session->handle, (CK_BYTE *)nonce, sizeof nonce - 1,
				      signature, &length),
		     "C_Sign");
	}
	return NULL;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double time_signing(struct session *sessions, unsigned count)
{
	pthread_barrier_init(&start, NULL, count + 1);
	for (unsigned i = 0; i < count; i++)
		if (pthread_create(&sessions[i].thread, NULL, sign, &sessions[i]) != 0)
			must(CKR_GENERAL_ERROR, "pthread_create");
	pthread_barrier_wait(&start);
	double begin = seconds();
	for (unsigned i = 0; i < count; i++)
		pthread_join(sessions[i].thread, NULL);
	return seconds() - begin;
}

int main(int count, char **arguments)
{
	struct session sessions[SESSIONS_MAX];
	char *pin = getenv("CHRONOCTL_PIN");
	unsigned number = count == 5 ? (unsigned)atoi(arguments[3]) : 0;

	if (number < 1 || number > SESSIONS_MAX || pin == NULL) {
		fputs("usage: raw_rate MODULE LABEL SESSIONS SIGNATURES\n", stderr);
		return 2;
	}
	label = arguments[2];
	load(arguments[1]);
	for (unsigned i = 0; i < number; i++) {
		must(cryptoki->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL,
					     &sessions[i].handle),
		     "C_OpenSession");
		if (i == 0)
			must(cryptoki->C_Login(sessions[0].handle, CKU_USER, (CK_BYTE *)pin,
					       strlen(pin)),
			     "C_Login");
		open_session(&sessions[i]);
		sessions[i].count = strtoul(arguments[4], NULL, 10) / number;
	}
	double taken = time_signing(sessions, number);
	printf("%.1f\n", (double)(sessions[0].count * number) / taken);
	return 0;
}
