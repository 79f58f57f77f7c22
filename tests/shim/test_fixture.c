/* Makes the token, loads the shim, and has the calls that most tests repeat. */
#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "test_fixture.h"

char log_path[64];
char control_path[64];
char user_pin[] = "user-canary-31";
CK_BYTE message[MESSAGE_SIZE + 1] = "5e4f6a0c-0000-4000-8000-000000000001";

void *library;
CK_FUNCTION_LIST_PTR p11;
CK_SLOT_ID token;
CK_SESSION_HANDLE session;

static char directory[] = "/tmp/shim-XXXXXX";
static char so_pin[] = "so-canary-75";

void assert_rv(CK_RV rv, CK_RV expected)
{
	if (rv != expected)
		fail_msg("CKR 0x%lx instead of 0x%lx", rv, expected);
}

void forget_settings(void)
{
	for (char **line = environ; *line;) {
		char name[64];

		if (strncmp(*line, "SHIM_", 5)) {
			line++;
			continue;
		}
		snprintf(name, sizeof name, "%.*s", (int)strcspn(*line, "="), *line);
		unsetenv(name); /* moves the next one here */
	}
}

void set(const char *setting)
{
	char name[64];

	snprintf(name, sizeof name, "%.*s", (int)strcspn(setting, "="), setting);
	setenv(name, strchr(setting, '=') + 1, 1);
}

CK_RV load(void)
{
	CK_C_GetFunctionList get_list;

	library = dlopen(SHIM_FILE, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return CKR_GENERAL_ERROR;
	*(void **)&get_list = dlsym(library, "C_GetFunctionList");
	return get_list(&p11);
}

CK_RV initialize(void)
{
	CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};

	return p11->C_Initialize(&arguments);
}

/* The last slot with an initialised token: SoftHSM always has one empty token more. */
static void find_token(void)
{
	CK_SLOT_ID slots[128];
	CK_ULONG count = 128;
	CK_TOKEN_INFO info;

	assert_rv(p11->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
	for (CK_ULONG i = 0; i < count; i++) {
		if (p11->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    info.flags & CKF_TOKEN_INITIALIZED)
			token = slots[i];
	}
}

CK_RV open_session(void)
{
	return p11->C_OpenSession(token, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
}

CK_RV login(void)
{
	return p11->C_Login(session, CKU_USER, (CK_UTF8CHAR_PTR)user_pin, strlen(user_pin));
}

void start(const char *setting, ...)
{
	va_list more;

	va_start(more, setting);
	for (; setting; setting = va_arg(more, const char *))
		set(setting);
	va_end(more);
	assert_rv(load(), CKR_OK);
	assert_rv(initialize(), CKR_OK);
	find_token();
	assert_rv(open_session(), CKR_OK);
}

void start_logged_in(const char *setting)
{
	start(setting, NULL);
	assert_rv(login(), CKR_OK);
}

int end_module(void **state)
{
	(void)state;
	if (library) {
		p11->C_Finalize(NULL);
		dlclose(library);
	}
	library = NULL;
	forget_settings();
	unlink(log_path);
	unlink(control_path);
	return 0;
}

CK_ULONG find(CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE *found)
{
	CK_OBJECT_HANDLE objects[16];
	CK_ULONG found_count = 0;

	assert_rv(p11->C_FindObjectsInit(session, attributes, count), CKR_OK);
	assert_rv(p11->C_FindObjects(session, objects, 16, &found_count), CKR_OK);
	assert_rv(p11->C_FindObjectsFinal(session), CKR_OK);
	if (found_count && found)
		*found = objects[0];
	return found_count;
}

CK_ULONG find_class(CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *found)
{
	CK_ATTRIBUTE attribute = {CKA_CLASS, &class, sizeof class};

	return find(&attribute, 1, found);
}

CK_OBJECT_HANDLE private_key(void)
{
	CK_OBJECT_HANDLE key = 0;

	assert_int_equal(find_class(CKO_PRIVATE_KEY, &key), 1);
	return key;
}

CK_RV sign_init(CK_MECHANISM_TYPE type)
{
	CK_MECHANISM mechanism = {type, NULL, 0};

	return p11->C_SignInit(session, &mechanism, private_key());
}

CK_RV sign(CK_BYTE *signature, CK_ULONG *length)
{
	CK_RV rv = sign_init(CKM_SHA256_RSA_PKCS);

	return rv == CKR_OK ? p11->C_Sign(session, message, MESSAGE_SIZE, signature, length) : rv;
}

CK_RV sign_now(void)
{
	CK_BYTE signature[MODULUS_SIZE];
	CK_ULONG length = sizeof signature;

	return p11->C_Sign(session, message, MESSAGE_SIZE, signature, &length);
}

CK_RV just_sign(void)
{
	CK_RV rv = sign_init(CKM_SHA256_RSA_PKCS);

	return rv == CKR_OK ? sign_now() : rv;
}

CK_RV verify(CK_BYTE *signature, CK_ULONG length)
{
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE key = 0;

	assert_int_equal(find_class(CKO_PUBLIC_KEY, &key), 1);
	assert_rv(p11->C_VerifyInit(session, &mechanism, key), CKR_OK);
	return p11->C_Verify(session, message, MESSAGE_SIZE, signature, length);
}

const char *contents_of(const char *path)
{
	static char text[16384];
	FILE *file = fopen(path, "r");
	size_t length = 0;

	if (file) {
		length = fread(text, 1, sizeof text - 1, file);
		fclose(file);
	}
	text[length] = '\0';
	return text;
}

void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

void send_to(const char *path, int descriptor)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (file < 0 || dup2(file, descriptor) < 0)
		_exit(99);
}

int status_of(void (*work)(void), const char *errors)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		send_to(errors, STDERR_FILENO);
		signal(SIGSEGV, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		work();
		_exit(98);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void set_up_pins(void)
{
	CK_UTF8CHAR label[32];
	CK_SLOT_ID slot;
	CK_ULONG count = 1;

	memset(label, ' ', sizeof label);
	memcpy(label, "shim", 4);
	assert_rv(p11->C_GetSlotList(CK_TRUE, &slot, &count), CKR_OK);
	assert_rv(p11->C_InitToken(slot, (CK_UTF8CHAR_PTR)so_pin, strlen(so_pin), label), CKR_OK);
	find_token();
	assert_rv(open_session(), CKR_OK);
	assert_rv(p11->C_Login(session, CKU_SO, (CK_UTF8CHAR_PTR)so_pin, strlen(so_pin)), CKR_OK);
	assert_rv(p11->C_InitPIN(session, (CK_UTF8CHAR_PTR)user_pin, strlen(user_pin)), CKR_OK);
	assert_rv(p11->C_Logout(session), CKR_OK);
}

static void make_key_pair(void)
{
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_BBOOL yes = CK_TRUE;
	CK_ULONG bits = 8 * MODULUS_SIZE;
	CK_BYTE exponent[] = {1, 0, 1}, id[] = {0x42};
	CK_ATTRIBUTE public[] = {{CKA_TOKEN, &yes, 1},
				 {CKA_VERIFY, &yes, 1},
				 {CKA_ID, id, sizeof id},
				 {CKA_MODULUS_BITS, &bits, sizeof bits},
				 {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent}};
	CK_ATTRIBUTE private[] = {{CKA_TOKEN, &yes, 1},
				  {CKA_PRIVATE, &yes, 1},
				  {CKA_SIGN, &yes, 1},
				  {CKA_ID, id, sizeof id}};
	CK_OBJECT_HANDLE keys[2];

	assert_rv(p11->C_GenerateKeyPair(session, &mechanism, public, 5, private, 4, &keys[0],
					 &keys[1]),
		  CKR_OK);
}

/* SoftHSM does not look at a certificate's value. */
static void make_certificate(void)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_BYTE id[] = {0x42}, value[] = {0x30, 0x00};
	CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &class, sizeof class},
				     {CKA_CERTIFICATE_TYPE, &type, sizeof type},
				     {CKA_TOKEN, &yes, 1},
				     {CKA_PRIVATE, &no, 1},
				     {CKA_ID, id, sizeof id},
				     {CKA_SUBJECT, value, sizeof value},
				     {CKA_VALUE, value, sizeof value}};
	CK_OBJECT_HANDLE object;

	assert_rv(p11->C_CreateObject(session, attributes, 7, &object), CKR_OK);
}

int make_token(void **state)
{
	char path[64], text[128];

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(log_path, sizeof log_path, "%s/log", directory);
	snprintf(control_path, sizeof control_path, "%s/control", directory);
	snprintf(path, sizeof path, "%s/softhsm2.conf", directory);
	snprintf(text, sizeof text, "directories.tokendir = %s\nlog.level = ERROR\n", directory);
	write_file(path, text);
	setenv("SOFTHSM2_CONF", path, 1);
	forget_settings();
	assert_rv(load(), CKR_OK);
	assert_rv(initialize(), CKR_OK);
	set_up_pins();
	assert_rv(login(), CKR_OK);
	make_key_pair();
	make_certificate();
	return end_module(NULL);
}

int remove_token(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", directory);
	return system(command);
}
