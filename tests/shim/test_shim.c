/* Each setting of the shim, driven by our own calls against a SoftHSM token. A test's name is what
 * the shim promises. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
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

static void every_call_is_passed_on(void **state)
{
	CK_BYTE signature[MODULUS_SIZE];
	CK_ULONG length = 0;

	(void)state;
	start_logged_in(NULL);
	assert_rv(sign_init(CKM_SHA256_RSA_PKCS), CKR_OK);
	assert_rv(p11->C_Sign(session, message, MESSAGE_SIZE, NULL, &length), CKR_OK);
	assert_int_equal(length, MODULUS_SIZE);
	assert_rv(p11->C_Sign(session, message, MESSAGE_SIZE, signature, &length), CKR_OK);
	assert_rv(verify(signature, length), CKR_OK);
	assert_int_equal(p11->version.major, 2);
	assert_int_equal(p11->version.minor, 40);
}

static void it_exports_nothing_but_the_function_list_of_2_40(void **state)
{
	(void)state;
	start(NULL);
	assert_null(dlsym(library, "C_GetInterface"));
	assert_null(dlsym(library, "C_GetInterfaceList"));
	for (void **function = (void **)&p11->C_Initialize;
	     function <= (void **)&p11->C_WaitForSlotEvent; function++)
		assert_non_null(*function);
}

static void the_log_has_a_line_a_call_and_no_pin(void **state)
{
	char setting[128];
	const char *text;

	(void)state;
	snprintf(setting, sizeof setting, "SHIM_LOG=%s", log_path);
	set("SHIM_FAIL=C_SeedRandom:1=CKR_DEVICE_MEMORY,C_GetSessionInfo:1=0x80000123");
	start_logged_in(setting);
	p11->C_SeedRandom(session, message, 1);
	p11->C_GetSessionInfo(session, NULL);
	p11->C_Logout(session);
	text = contents_of(log_path);
	assert_ptr_equal(strstr(text, "C_GetFunctionList CKR_OK\nC_Initialize CKR_OK\n"), text);
	assert_non_null(strstr(text, "\nC_Login CKR_OK\nC_SeedRandom CKR_DEVICE_MEMORY\n"
				     "C_GetSessionInfo 0x80000123\nC_Logout CKR_OK\n"));
	assert_null(strstr(text, "canary"));
}

static void a_delay_comes_before_each_call(void **state)
{
	CK_SESSION_INFO info;
	long begin;

	(void)state;
	start("SHIM_DELAY=20000", NULL);
	begin = milliseconds();
	for (int i = 0; i < 3; i++)
		p11->C_GetSessionInfo(session, &info);
	assert_true(milliseconds() - begin >= 60 && milliseconds() - begin <= 5000);
}

static void the_nth_call_fails_and_only_that_one(void **state)
{
	(void)state;
	start_logged_in("SHIM_FAIL=C_Sign:2=CKR_DEVICE_ERROR");
	assert_rv(just_sign(), CKR_OK);
	assert_rv(just_sign(), CKR_DEVICE_ERROR);
	assert_rv(sign_now(), CKR_OK); /* the failed one was not passed on: the operation stands */
}

static void a_star_fails_every_call(void **state)
{
	(void)state;
	start("SHIM_FAIL=C_Login:*=0xa4,C_Logout:1=256", NULL);
	assert_rv(login(), CKR_PIN_LOCKED);
	assert_rv(login(), CKR_PIN_LOCKED);
	assert_rv(p11->C_Logout(session), CKR_USER_ALREADY_LOGGED_IN);
}

static void the_function_list_can_be_refused(void **state)
{
	(void)state;
	set("SHIM_FAIL=C_GetFunctionList:1=CKR_GENERAL_ERROR");
	assert_rv(load(), CKR_GENERAL_ERROR);
	assert_rv(load(), CKR_OK); /* the second call of the same load */
	dlclose(library);
	initialize();
}

static void start_and_ask(void)
{
	if (load() == CKR_OK && initialize() == CKR_OK)
		p11->C_GetInfo(&(CK_INFO){0});
}

static void a_call_crashes(void **state)
{
	int status;

	(void)state;
	set("SHIM_CRASH=C_GetInfo:1");
	status = status_of(start_and_ask, "/dev/null");
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

static void a_call_exits(void **state)
{
	int status;

	(void)state;
	set("SHIM_EXIT=C_GetInfo:1");
	status = status_of(start_and_ask, "/dev/null");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void start_and_wait(void)
{
	start_and_ask();
	for (;;)
		pause();
}

static void a_thread_exits_later(void **state)
{
	int status;

	(void)state;
	set("SHIM_EXIT_LATER=C_GetInfo:1");
	status = status_of(start_and_wait, "/dev/null");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_thread_raises_sigterm_later(void **state)
{
	int status;

	(void)state;
	set("SHIM_RAISE_LATER=C_GetInfo:1");
	status = status_of(start_and_wait, "/dev/null");
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

/* Exit status 0 if it is true. */
static void start_and_look_around(void)
{
	char folder[PATH_MAX];

	start_and_ask();
	_exit(getcwd(folder, sizeof folder) && !strcmp(folder, "/") && !waitpid(-1, NULL, WNOHANG)
		      ? 0
		      : 1);
}

static void a_call_changes_the_folder_and_leaves_a_child(void **state)
{
	int status;

	(void)state;
	set("SHIM_CHDIR=C_GetInfo:1");
	set("SHIM_FORK=C_GetInfo:1");
	status = status_of(start_and_look_around, "/dev/null");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_call_leaves_a_child_by_the_bare_system_call(void **state)
{
	int status;

	(void)state;
	set("SHIM_CHDIR=C_GetInfo:1");
	set("SHIM_CLONE=C_GetInfo:1");
	status = status_of(start_and_look_around, "/dev/null");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void hang_for_a_while(void)
{
	signal(SIGALRM, SIG_DFL);
	alarm(1);
	start_and_ask();
}

static void a_call_hangs(void **state)
{
	char setting[128];
	int status;

	(void)state;
	snprintf(setting, sizeof setting, "SHIM_LOG=%s", log_path);
	set(setting);
	set("SHIM_HANG=C_GetInfo:1");
	status = status_of(hang_for_a_while, "/dev/null");
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGALRM);
	assert_non_null(strstr(contents_of(log_path), "\nC_GetInfo SHIM_HANG\n"));
}

static void only_named_mechanisms_are_claimed_and_accepted(void **state)
{
	CK_MECHANISM_TYPE list[2];
	CK_ULONG count = 0;
	CK_MECHANISM_INFO info;

	(void)state;
	start_logged_in("SHIM_MECHANISMS=CKM_RSA_PKCS,CKM_RSA_X9_31");
	assert_rv(p11->C_GetMechanismList(token, NULL, &count), CKR_OK);
	assert_int_equal(count, 2);
	count = 1;
	assert_rv(p11->C_GetMechanismList(token, list, &count), CKR_BUFFER_TOO_SMALL);
	assert_rv(p11->C_GetMechanismList(token, list, &count), CKR_OK);
	assert_int_equal(list[0], CKM_RSA_PKCS);
	assert_int_equal(list[1], CKM_RSA_X9_31);
	assert_rv(p11->C_GetMechanismInfo(token, CKM_SHA256_RSA_PKCS, &info),
		  CKR_MECHANISM_INVALID);
	assert_rv(p11->C_GetMechanismInfo(token, CKM_RSA_PKCS, &info), CKR_OK);
	assert_rv(p11->C_GetMechanismInfo(token, CKM_RSA_X9_31, &info), CKR_OK);
	assert_true(info.flags & CKF_SIGN);
	assert_rv(sign_init(CKM_SHA256_RSA_PKCS), CKR_MECHANISM_INVALID);
	assert_rv(sign_init(CKM_RSA_PKCS), CKR_OK);
}

static void token_flags_are_added_and_removed(void **state)
{
	CK_TOKEN_INFO info;

	(void)state;
	start("SHIM_TOKEN_FLAGS=+CKF_USER_PIN_COUNT_LOW,-CKF_LOGIN_REQUIRED,"
	      "+CKF_PROTECTED_AUTHENTICATION_PATH",
	      NULL);
	assert_rv(p11->C_GetTokenInfo(token, &info), CKR_OK);
	assert_true(info.flags & CKF_USER_PIN_COUNT_LOW);
	assert_true(info.flags & CKF_PROTECTED_AUTHENTICATION_PATH);
	assert_false(info.flags & CKF_LOGIN_REQUIRED);
	assert_true(info.flags & CKF_TOKEN_INITIALIZED);
}

static void a_pin_pad_knows_the_pin(void **state)
{
	char setting[128];

	(void)state;
	snprintf(setting, sizeof setting, "SHIM_PINPAD=%s", user_pin);
	start(setting, NULL);
	assert_rv(p11->C_Login(session, CKU_USER, NULL, 0), CKR_OK);
}

static void without_a_pin_pad_a_null_pin_is_refused(void **state)
{
	(void)state;
	start(NULL);
	assert_rv(p11->C_Login(session, CKU_USER, NULL, 0), CKR_ARGUMENTS_BAD);
}

/* Signs without and with the fault, and compares. Returns the faulty length. */
static CK_ULONG sign_both_ways(const char *fault, CK_BYTE *right, CK_BYTE *wrong, CK_ULONG room)
{
	char line[128];
	CK_ULONG length = MODULUS_SIZE;

	write_file(control_path, "");
	snprintf(line, sizeof line, "SHIM_CONTROL=%s", control_path);
	start_logged_in(line);
	assert_rv(sign(right, &length), CKR_OK);
	assert_int_equal(length, MODULUS_SIZE);
	snprintf(line, sizeof line, "SHIM_SIGNATURE=%s\n", fault);
	write_file(control_path, line);
	length = room;
	assert_rv(sign(wrong, &length), CKR_OK);
	return length;
}

static void a_flipped_signature_differs_in_one_bit(void **state)
{
	CK_BYTE right[MODULUS_SIZE], wrong[MODULUS_SIZE];
	int bits = 0;

	(void)state;
	assert_int_equal(sign_both_ways("flip", right, wrong, sizeof wrong), MODULUS_SIZE);
	for (size_t i = 0; i < MODULUS_SIZE; i++)
		bits += __builtin_popcount(right[i] ^ wrong[i]);
	assert_int_equal(bits, 1);
	assert_rv(verify(wrong, sizeof wrong), CKR_SIGNATURE_INVALID);
}

static void a_short_signature_lacks_its_last_byte(void **state)
{
	CK_BYTE right[MODULUS_SIZE], wrong[MODULUS_SIZE];

	(void)state;
	assert_int_equal(sign_both_ways("short", right, wrong, sizeof wrong), MODULUS_SIZE - 1);
	assert_memory_equal(right, wrong, MODULUS_SIZE - 1);
}

static void an_empty_signature_has_no_byte(void **state)
{
	CK_BYTE right[MODULUS_SIZE], wrong[MODULUS_SIZE];

	(void)state;
	assert_int_equal(sign_both_ways("empty", right, wrong, sizeof wrong), 0);
}

static void a_long_signature_has_a_byte_more_and_never_overruns(void **state)
{
	CK_BYTE right[MODULUS_SIZE], wrong[MODULUS_SIZE + 1];

	(void)state;
	wrong[MODULUS_SIZE] = 0xa5;
	assert_int_equal(sign_both_ways("long", right, wrong, MODULUS_SIZE), MODULUS_SIZE + 1);
	assert_int_equal(wrong[MODULUS_SIZE], 0xa5);
	assert_memory_equal(right, wrong, MODULUS_SIZE);
	end_module(NULL);
	assert_int_equal(sign_both_ways("long", right, wrong, MODULUS_SIZE + 1), MODULUS_SIZE + 1);
	assert_int_equal(wrong[MODULUS_SIZE], 0);
}

/* One signature in 256 begins with a zero byte; the message is changed until it does. */
static void find_message_with_zero(void)
{
	CK_BYTE signature[MODULUS_SIZE];
	CK_ULONG length;
	unsigned n = 0;

	do {
		snprintf((char *)message, MESSAGE_SIZE + 1, "5e4f6a0c-0000-4000-8000-%012u", n++);
		length = sizeof signature;
		assert_rv(sign(signature, &length), CKR_OK);
	} while (signature[0]);
}

static void leading_zeros_are_stripped_from_a_signature_that_has_them(void **state)
{
	CK_BYTE right[MODULUS_SIZE], wrong[MODULUS_SIZE];
	CK_ULONG length;

	(void)state;
	start_logged_in(NULL);
	find_message_with_zero();
	end_module(NULL);
	length = sign_both_ways("leading-zero-stripped", right, wrong, sizeof wrong);
	assert_int_equal(right[0], 0);
	assert_true(length >= 1 && length < MODULUS_SIZE);
	assert_memory_equal(right + MODULUS_SIZE - length, wrong, length);
}

static void a_signature_in_parts_is_corrupted_too(void **state)
{
	CK_BYTE signature[MODULUS_SIZE];
	CK_ULONG length = sizeof signature;

	(void)state;
	start_logged_in("SHIM_SIGNATURE=flip");
	assert_rv(sign_init(CKM_SHA256_RSA_PKCS), CKR_OK);
	assert_rv(p11->C_SignUpdate(session, message, MESSAGE_SIZE), CKR_OK);
	assert_rv(p11->C_SignFinal(session, signature, &length), CKR_OK);
	assert_rv(verify(signature, length), CKR_SIGNATURE_INVALID);
}

static void attributes_are_hidden_on_private_keys_alone(void **state)
{
	CK_BYTE modulus[MODULUS_SIZE], id[8];
	CK_ATTRIBUTE asked[] = {{CKA_MODULUS, modulus, sizeof modulus}, {CKA_ID, id, sizeof id}};
	CK_OBJECT_HANDLE key = 0;

	(void)state;
	start_logged_in("SHIM_HIDE=CKA_MODULUS,CKA_PUBLIC_EXPONENT");
	assert_rv(p11->C_GetAttributeValue(session, private_key(), asked, 2),
		  CKR_ATTRIBUTE_TYPE_INVALID);
	assert_true(asked[0].ulValueLen == CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(asked[1].ulValueLen, 1);
	assert_int_equal(id[0], 0x42);
	assert_rv(p11->C_GetAttributeValue(session, private_key(), asked, 1),
		  CKR_ATTRIBUTE_TYPE_INVALID);
	asked[0].ulValueLen = sizeof modulus;
	find_class(CKO_PUBLIC_KEY, &key);
	assert_rv(p11->C_GetAttributeValue(session, key, asked, 1), CKR_OK);
	assert_int_equal(asked[0].ulValueLen, MODULUS_SIZE);
}

static void a_search_by_a_hidden_attribute_misses_the_private_key(void **state)
{
	CK_BYTE id[] = {0x42};
	CK_ATTRIBUTE asked[] = {{CKA_ID, id, sizeof id}};

	(void)state;
	start_logged_in(NULL);
	assert_int_equal(find(asked, 1, NULL), 3);
	end_module(NULL);
	start_logged_in("SHIM_HIDE=CKA_ID");
	assert_int_equal(find(asked, 1, NULL), 2);
}

static void hidden_classes_are_never_found(void **state)
{
	(void)state;
	start_logged_in("SHIM_HIDE_CLASS=CKO_PUBLIC_KEY,CKO_CERTIFICATE");
	assert_int_equal(find_class(CKO_PUBLIC_KEY, NULL), 0);
	assert_int_equal(find_class(CKO_CERTIFICATE, NULL), 0);
	assert_int_equal(find_class(CKO_PRIVATE_KEY, NULL), 1);
	assert_int_equal(find(NULL, 0, NULL), 1);
}

/* How many a search finds in its calls, of which each has room for 16; 48 if it does not end before. */
static CK_ULONG found_in_three_calls(CK_ATTRIBUTE_PTR attributes, CK_ULONG count)
{
	CK_OBJECT_HANDLE objects[16];
	CK_ULONG all = 0;

	assert_rv(p11->C_FindObjectsInit(session, attributes, count), CKR_OK);
	for (int i = 0; i < 3; i++) {
		CK_ULONG found = 0;

		assert_rv(p11->C_FindObjects(session, objects, 16, &found), CKR_OK);
		all += found;
	}
	assert_rv(p11->C_FindObjectsFinal(session), CKR_OK);
	return all;
}

static void a_search_by_a_single_attribute_never_ends(void **state)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_BYTE id[] = {0x42};
	CK_ATTRIBUTE asked[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, id, sizeof id}};

	(void)state;
	start_logged_in("SHIM_FIND_ENDLESS=1");
	assert_int_equal(found_in_three_calls(asked, 1), 48);
	assert_int_equal(found_in_three_calls(asked, 2), 1);
	assert_int_equal(found_in_three_calls(NULL, 0), 3);
	end_module(NULL);
	start_logged_in(NULL);
	assert_int_equal(found_in_three_calls(asked, 1), 1);
}

static void searches_ignore_names(void **state)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_BYTE id[] = {0x99};
	CK_ATTRIBUTE asked[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, id, sizeof id}};

	(void)state;
	start_logged_in(NULL);
	assert_int_equal(find(asked, 2, NULL), 0);
	end_module(NULL);
	start_logged_in("SHIM_FIND_ANY=1");
	assert_int_equal(find(asked, 2, NULL), 1);
}

static void booleans_of_private_keys_are_overridden(void **state)
{
	CK_BBOOL can_sign = CK_TRUE;
	CK_ATTRIBUTE asked[] = {{CKA_SIGN, &can_sign, 1}, {CKA_EXTRACTABLE, NULL, 0}};
	CK_ATTRIBUTE by_sign = {CKA_SIGN, &(CK_BBOOL){CK_TRUE}, 1};

	(void)state;
	start_logged_in(NULL);
	assert_int_equal(find(&by_sign, 1, NULL), 1);
	end_module(NULL);
	start_logged_in("SHIM_ATTRIBUTE=CKA_SIGN=0,CKA_EXTRACTABLE=1");
	assert_rv(p11->C_GetAttributeValue(session, private_key(), asked, 2), CKR_OK);
	assert_int_equal(can_sign, CK_FALSE);
	assert_int_equal(asked[1].ulValueLen, 1);
	assert_int_equal(find(&by_sign, 1, NULL), 0);
}

static CK_RV context_login(const char *pin)
{
	return p11->C_Login(session, CKU_CONTEXT_SPECIFIC, (CK_UTF8CHAR_PTR)pin, strlen(pin));
}

static void start_always_authenticate(void)
{
	set("SHIM_CONTEXT_PIN=context-canary");
	start_logged_in("SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1");
	assert_rv(sign_init(CKM_SHA256_RSA_PKCS), CKR_OK);
}

static void a_context_login_allows_one_signature(void **state)
{
	(void)state;
	start_always_authenticate();
	assert_rv(context_login("context-canary"), CKR_OK);
	assert_rv(p11->C_Sign(session, message, MESSAGE_SIZE, NULL, &(CK_ULONG){0}), CKR_OK);
	assert_rv(sign_now(), CKR_OK);
	assert_rv(context_login("context-canary"), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(sign_init(CKM_SHA256_RSA_PKCS), CKR_OK);
	assert_rv(sign_now(), CKR_USER_NOT_LOGGED_IN);
}

static void without_the_context_login_no_signature(void **state)
{
	(void)state;
	start_always_authenticate();
	assert_rv(sign_now(), CKR_USER_NOT_LOGGED_IN);
	assert_rv(sign_now(), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(sign_init(CKM_SHA256_RSA_PKCS), CKR_OK);
	assert_rv(p11->C_SignUpdate(session, message, 1), CKR_USER_NOT_LOGGED_IN);
}

static void a_wrong_context_pin_allows_nothing(void **state)
{
	(void)state;
	start_always_authenticate();
	assert_rv(context_login("context-canarY"), CKR_PIN_INCORRECT);
	assert_rv(context_login("context"), CKR_PIN_INCORRECT);
	assert_rv(sign_now(), CKR_USER_NOT_LOGGED_IN);
}

static void a_call_before_the_context_login_drops_the_operation(void **state)
{
	CK_SESSION_INFO info;

	(void)state;
	start_always_authenticate();
	assert_rv(p11->C_GetSessionInfo(session, &info), CKR_OK);
	assert_rv(context_login("context-canary"), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(sign_now(), CKR_OPERATION_NOT_INITIALIZED);
	assert_rv(sign_init(CKM_SHA256_RSA_PKCS), CKR_OK);
	assert_rv(context_login("context-canary"), CKR_OK);
	assert_rv(sign_now(), CKR_OK);
}

static CK_ULONG slots_listed(CK_BBOOL token_present, CK_SLOT_ID *slots)
{
	CK_ULONG asked = 0, count = 128;

	assert_rv(p11->C_GetSlotList(token_present, NULL, &asked), CKR_OK);
	assert_rv(p11->C_GetSlotList(token_present, slots, &count), CKR_OK);
	assert_int_equal(asked, count);
	return count;
}

static void slots_are_filled_up_with_empty_ones(void **state)
{
	CK_SLOT_ID slots[128];
	CK_SLOT_INFO info;
	CK_TOKEN_INFO token_info;
	CK_ULONG small = 63;

	(void)state;
	start("SHIM_SLOTS=64", NULL);
	assert_int_equal(slots_listed(CK_TRUE, slots), 2); /* and SoftHSM's own empty token */
	assert_int_equal(slots_listed(CK_FALSE, slots), 64);
	assert_rv(p11->C_GetSlotList(CK_FALSE, slots, &small), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(small, 64);
	assert_rv(p11->C_GetSlotInfo(slots[0], &info), CKR_OK);
	assert_false(info.flags & CKF_TOKEN_PRESENT);
	assert_rv(p11->C_GetTokenInfo(slots[0], &token_info), CKR_TOKEN_NOT_PRESENT);
	assert_rv(p11->C_OpenSession(slots[61], CKF_SERIAL_SESSION, NULL, NULL, &session),
		  CKR_TOKEN_NOT_PRESENT);
	assert_rv(p11->C_GetTokenInfo(slots[62], &token_info), CKR_OK);
}

static void empty_slots_may_claim_a_token(void **state)
{
	CK_SLOT_ID slots[128];
	CK_TOKEN_INFO info;

	(void)state;
	start("SHIM_SLOTS=64", "SHIM_SLOTS_CLAIM_TOKEN=1", NULL);
	assert_int_equal(slots_listed(CK_TRUE, slots), 64);
	assert_rv(p11->C_GetTokenInfo(slots[0], &info), CKR_TOKEN_NOT_PRESENT);
}

static void a_label_is_any_bytes_padded_with_blanks(void **state)
{
	CK_TOKEN_INFO info;

	(void)state;
	start("SHIM_LABEL=ff00C3", NULL);
	assert_rv(p11->C_GetTokenInfo(token, &info), CKR_OK);
	assert_memory_equal(info.label, "\xff\0\xc3                             ", 32);
}

static void a_serial_number_is_told_in_the_real_one_s_place(void **state)
{
	CK_TOKEN_INFO info;

	(void)state;
	start("SHIM_SERIAL=3432", NULL);
	assert_rv(p11->C_GetTokenInfo(token, &info), CKR_OK);
	assert_memory_equal(info.serialNumber, "42              ", 16);
}

static void a_manufacturer_is_told_in_the_library_s_place(void **state)
{
	CK_INFO info;

	(void)state;
	start("SHIM_MANUFACTURER=3432", NULL);
	assert_rv(p11->C_GetInfo(&info), CKR_OK);
	assert_memory_equal(info.manufacturerID, "42                              ", 32);
}

static void is_swapped(bool expected)
{
	CK_TOKEN_INFO info;

	assert_rv(p11->C_GetTokenInfo(token, &info), CKR_OK);
	if (expected) {
		assert_memory_equal(info.label, "swapped                         ", 32);
		assert_memory_equal(info.serialNumber, "222             ", 16);
	} else {
		assert_memory_equal(info.label, "shim                            ", 32);
		assert_memory_not_equal(info.serialNumber, "222             ", 16);
	}
}

static void another_token_is_told_of_from_the_nth_call_on(void **state)
{
	CK_SESSION_INFO info;

	(void)state;
	start("SHIM_SWAP=C_GetSessionInfo:2", NULL);
	is_swapped(false);
	assert_rv(p11->C_GetSessionInfo(session, &info), CKR_OK);
	is_swapped(false);
	assert_rv(p11->C_GetSessionInfo(session, &info), CKR_OK);
	is_swapped(true);
	assert_rv(p11->C_GetSessionInfo(session, &info), CKR_OK);
	is_swapped(true);
}

static void a_token_may_have_no_mechanisms(void **state)
{
	CK_ULONG count = 1;

	(void)state;
	start("SHIM_NO_MECHANISMS=1", NULL);
	assert_rv(p11->C_GetMechanismList(token, NULL, &count), CKR_OK);
	assert_int_equal(count, 0);
}

static CK_RV initialize_with(CK_FLAGS flags)
{
	CK_C_INITIALIZE_ARGS arguments = {.flags = flags};

	return p11->C_Initialize(&arguments);
}

static void a_module_needs_os_locking(void **state)
{
	(void)state;
	set("SHIM_INITIALIZE=need-os-locking");
	assert_rv(load(), CKR_OK);
	assert_rv(p11->C_Initialize(NULL), CKR_ARGUMENTS_BAD);
	assert_rv(initialize_with(0), CKR_CANT_LOCK);
	assert_rv(initialize_with(CKF_OS_LOCKING_OK), CKR_OK);
}

static void a_module_refuses_os_locking(void **state)
{
	(void)state;
	set("SHIM_INITIALIZE=refuse-os-locking");
	assert_rv(load(), CKR_OK);
	assert_rv(initialize_with(CKF_OS_LOCKING_OK), CKR_CANT_LOCK);
	assert_rv(p11->C_Initialize(NULL), CKR_OK);
}

static void a_module_says_already_initialized_and_works(void **state)
{
	CK_INFO info;

	(void)state;
	set("SHIM_INITIALIZE=already");
	assert_rv(load(), CKR_OK);
	assert_rv(initialize(), CKR_CRYPTOKI_ALREADY_INITIALIZED);
	assert_rv(p11->C_GetInfo(&info), CKR_OK);
}

static void sign_with_noise(void)
{
	send_to(log_path, STDOUT_FILENO);
	load();
	initialize();
	p11->C_Sign(0, NULL, 0, NULL, NULL);
	p11->C_Finalize(NULL);
	_exit(0);
}

static void noise_is_printed_at_load_and_in_three_calls(void **state)
{
	static const char *const where[] = {"at load", "in C_Initialize", "in C_Sign",
					    "in C_Finalize"};
	const char *text;

	(void)state;
	set("SHIM_NOISE=1");
	assert_int_equal(status_of(sign_with_noise, control_path), 0);
	for (int i = 0; i < 4; i++) {
		char line[96];

		text = contents_of(log_path);
		snprintf(line, sizeof line, "noise on standard output, %s\n", where[i]);
		assert_non_null(strstr(text, line));
		snprintf(line, sizeof line, "noise on descriptor 1, %s\n", where[i]);
		assert_non_null(strstr(text, line));
		snprintf(line, sizeof line, "noise on standard error, %s\n", where[i]);
		assert_non_null(strstr(contents_of(control_path), line));
	}
}

static void the_lengths_of_pins_are_not_told(void **state)
{
	CK_TOKEN_INFO info;

	(void)state;
	start("SHIM_PIN_LENGTHS=unavailable", NULL);
	assert_rv(p11->C_GetTokenInfo(token, &info), CKR_OK);
	assert_int_equal(info.ulMinPinLen, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(info.ulMaxPinLen, CK_UNAVAILABLE_INFORMATION);
}

static void a_pair_is_refused_unless_it_may_do_what_is_insisted_on(void **state)
{
	CK_BBOOL no = CK_FALSE;
	CK_ULONG bits = 1024;
	CK_ATTRIBUTE public[] = {{CKA_MODULUS_BITS, &bits, sizeof bits}};
	CK_ATTRIBUTE private[] = {{CKA_DECRYPT, &no, sizeof no}};
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_OBJECT_HANDLE pair[2];

	(void)state;
	start_logged_in("SHIM_INSIST=CKA_DECRYPT,CKA_ENCRYPT");
	assert_rv(p11->C_GenerateKeyPair(session, &mechanism, public, 1, private, 1, &pair[0],
					 &pair[1]),
		  CKR_GENERAL_ERROR);
	assert_rv(p11->C_GenerateKeyPair(session, &mechanism, public, 1, private, 0, &pair[0],
					 &pair[1]),
		  CKR_OK);
}

static void a_call_may_fail_after_it_has_done_its_work(void **state)
{
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE data[] = {{CKA_CLASS, &class, sizeof class}, {CKA_PRIVATE, &yes, sizeof yes}};
	CK_OBJECT_HANDLE object;

	(void)state;
	start_logged_in("SHIM_FAIL_AFTER=C_CreateObject:2=CKR_ATTRIBUTE_TYPE_INVALID");
	assert_rv(p11->C_CreateObject(session, data, 2, &object), CKR_OK);
	assert_rv(p11->C_CreateObject(session, data, 2, &object), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_int_equal(find_class(CKO_DATA, &object), 2);
}

static void calls_it_once(void)
{
	CK_INFO info;

	load();
	initialize();
	p11->C_GetInfo(&info);
	_exit(0);
}

static void a_thread_floods_standard_error(void **state)
{
	(void)state;
	set("SHIM_FLOOD=C_GetInfo:1");
	assert_int_equal(status_of(calls_it_once, control_path), 0);
	assert_non_null(strstr(contents_of(control_path), "\x1b[31mflood 1\xff\r\n"));
}

static void start_and_terminate(void)
{
	start_and_ask();
	raise(SIGTERM);
}

static void sigterm_is_ignored(void **state)
{
	(void)state;
	set("SHIM_DEAF=C_GetInfo:1");
	assert_int_equal(status_of(start_and_terminate, "/dev/null"), W_EXITCODE(98, 0));
}

static void start_and_open(void)
{
	start_and_ask();
	_exit(open("/dev/null", O_RDONLY) < 0 ? errno : 0);
}

static void no_file_can_be_opened(void **state)
{
	(void)state;
	set("SHIM_NO_FILES=C_GetInfo:1");
	assert_int_equal(status_of(start_and_open, "/dev/null"), W_EXITCODE(EMFILE, 0));
}

static void start_and_take(void)
{
	start_and_ask();
	/* Looked at, or the compiler would leave the call out. */
	void *volatile block = malloc(sizeof(void *));
	_exit(block ? 0 : errno);
}

static void no_memory_is_left(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip(); /* its malloc(3) ends the process by itself */
#endif
	set("SHIM_NO_MEMORY=C_GetInfo:1");
	assert_int_equal(status_of(start_and_take, "/dev/null"), W_EXITCODE(ENOMEM, 0));
}

static void start_and_tell_user(void)
{
	start_and_ask();
	_exit(getuid() == 65534 ? 0 : 1);
}

static void the_process_becomes_nobodys(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	set("SHIM_SETUID=C_GetInfo:1");
	assert_int_equal(status_of(start_and_tell_user, "/dev/null"), 0);
}

/* The kernel can give the signal to another thread, although ours blocks it. */
static void start_and_be_ended(void)
{
	const struct timespec time = {.tv_sec = 10};
	sigset_t signals;

	start_and_ask();
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	kill(getpid(), SIGTERM);
	nanosleep(&time, NULL);
}

static void a_thread_holds_no_signal_back(void **state)
{
	int status;

	(void)state;
	set("SHIM_THREAD=C_GetInfo:1");
	status = status_of(start_and_be_ended, "/dev/null");
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void a_pulled_token_loses_its_sessions_and_login(void **state)
{
	CK_SESSION_INFO info;
	CK_SESSION_HANDLE old;

	(void)state;
	start_logged_in("SHIM_PULL=C_Sign:1");
	old = session;
	assert_rv(just_sign(), CKR_DEVICE_REMOVED);
	assert_rv(open_session(), CKR_DEVICE_REMOVED);
	assert_rv(open_session(), CKR_DEVICE_REMOVED);
	assert_rv(p11->C_GetSessionInfo(old, &info), CKR_SESSION_HANDLE_INVALID);
	assert_rv(open_session(), CKR_OK);
	assert_rv(p11->C_GetSessionInfo(old, &info), CKR_SESSION_HANDLE_INVALID);
	assert_int_equal(find_class(CKO_PRIVATE_KEY, NULL), 0);
	assert_rv(login(), CKR_OK);
	assert_rv(just_sign(), CKR_OK);
}

static void a_token_may_be_away_for_a_single_call(void **state)
{
	(void)state;
	set("SHIM_PULL_CALLS=1");
	start("SHIM_PULL=C_Login:1", NULL);
	assert_rv(login(), CKR_DEVICE_REMOVED);
	assert_rv(login(), CKR_SESSION_HANDLE_INVALID);
	assert_rv(open_session(), CKR_OK);
	assert_rv(login(), CKR_OK);
}

static void a_running_program_is_told_by_the_control_file(void **state)
{
	char setting[128];

	(void)state;
	snprintf(setting, sizeof setting, "SHIM_CONTROL=%s", control_path);
	set("SHIM_FAIL=C_Login:*=CKR_PIN_EXPIRED");
	start(setting, NULL);
	assert_rv(login(), CKR_PIN_EXPIRED);
	write_file(control_path, "SHIM_FAIL=C_Login:*=CKR_PIN_LEN_RANGE\n");
	assert_rv(login(), CKR_PIN_LEN_RANGE);
	write_file(control_path, "SHIM_FAIL=C_Login:*=CKR_PIN_LOCKED\nSHIM_FAIL=\n");
	assert_rv(login(), CKR_OK);
	unlink(control_path);
	assert_rv(login(), CKR_PIN_EXPIRED);
}

static void just_load(void)
{
	load();
	_exit(0);
}

static void a_mistyped_setting_aborts_with_its_name(void **state)
{
	static const char *const wrong[] = {
		"SHIM_FIAL=C_Sign:1=CKR_OK",
		"SHIM_FAIL=C_Sgin:1=CKR_OK",
		"SHIM_FAIL=C_Sign:0=CKR_OK",
		"SHIM_FAIL=C_Sign:x=CKR_OK",
		"SHIM_FAIL=C_Sign:1=CKR_DEVICE_EROR",
		"SHIM_FAIL=C_Sign:1",
		"SHIM_FAIL=C_Sign:1=CKR_OK,",
		"SHIM_FAIL=C_Sign:1=CKM_RSA_PKCS",
		"SHIM_HANG=C_Login",
		"SHIM_CRASH=C_Login:-1",
		"SHIM_EXIT=C_Exit:1",
		"SHIM_PULL=1",
		"SHIM_PULL_CALLS=0",
		"SHIM_FAIL_AFTER=C_Sign:1",
		"SHIM_DELAY=1ms",
		"SHIM_MECHANISMS=CKM_RSA_PKC",
		"SHIM_TOKEN_FLAGS=CKF_LOGIN_REQUIRED",
		"SHIM_TOKEN_FLAGS=+CKF_LOGIN",
		"SHIM_SIGNATURE=flipped",
		"SHIM_HIDE=MODULUS",
		"SHIM_HIDE_CLASS=CKO_CERT",
		"SHIM_ATTRIBUTE=CKA_SIGN=yes",
		"SHIM_INSIST=DECRYPT",
		"SHIM_PIN_LENGTHS=none",
		"SHIM_ATTRIBUTE=CKA_ALWAYS_AUTHENTICATE=1",
		"SHIM_SLOTS=many",
		"SHIM_SLOTS_CLAIM_TOKEN=1",
		"SHIM_LABEL=abc",
		"SHIM_LABEL=zz",
		"SHIM_INITIALIZE=needs-os-locking",
		"SHIM_NOISE=2",
		"SHIM_MODULE=/no/such/module.so",
		"SHIM_LOG=/no/such/directory/log",
		"SHIM_CONTROL=/",
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char name[64];
		int status;

		set(wrong[i]);
		status = status_of(just_load, log_path);
		snprintf(name, sizeof name, "%.*s", (int)strcspn(wrong[i], "="), wrong[i]);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			fail_msg("%s: not aborted, status 0x%x", wrong[i], status);
		if (strcmp(name, "SHIM_CONTROL") && !strstr(contents_of(log_path), name))
			fail_msg("%s: not named: %s", wrong[i], contents_of(log_path));
		forget_settings();
	}
}

#define PROMISE(name) cmocka_unit_test_teardown(name, end_module)
int main(void)
{
	const struct CMUnitTest promises[] = {
		PROMISE(every_call_is_passed_on),
		PROMISE(it_exports_nothing_but_the_function_list_of_2_40),
		PROMISE(the_log_has_a_line_a_call_and_no_pin),
		PROMISE(a_delay_comes_before_each_call),
		PROMISE(the_nth_call_fails_and_only_that_one),
		PROMISE(a_star_fails_every_call),
		PROMISE(the_function_list_can_be_refused),
		PROMISE(a_call_crashes),
		PROMISE(a_call_exits),
		PROMISE(a_thread_exits_later),
		PROMISE(a_thread_raises_sigterm_later),
		PROMISE(a_call_changes_the_folder_and_leaves_a_child),
		PROMISE(a_call_leaves_a_child_by_the_bare_system_call),
		PROMISE(a_call_hangs),
		PROMISE(only_named_mechanisms_are_claimed_and_accepted),
		PROMISE(token_flags_are_added_and_removed),
		PROMISE(a_pin_pad_knows_the_pin),
		PROMISE(without_a_pin_pad_a_null_pin_is_refused),
		PROMISE(a_flipped_signature_differs_in_one_bit),
		PROMISE(a_short_signature_lacks_its_last_byte),
		PROMISE(an_empty_signature_has_no_byte),
		PROMISE(a_long_signature_has_a_byte_more_and_never_overruns),
		PROMISE(leading_zeros_are_stripped_from_a_signature_that_has_them),
		PROMISE(a_signature_in_parts_is_corrupted_too),
		PROMISE(attributes_are_hidden_on_private_keys_alone),
		PROMISE(a_search_by_a_hidden_attribute_misses_the_private_key),
		PROMISE(hidden_classes_are_never_found),
		PROMISE(a_search_by_a_single_attribute_never_ends),
		PROMISE(searches_ignore_names),
		PROMISE(booleans_of_private_keys_are_overridden),
		PROMISE(a_context_login_allows_one_signature),
		PROMISE(without_the_context_login_no_signature),
		PROMISE(a_wrong_context_pin_allows_nothing),
		PROMISE(a_call_before_the_context_login_drops_the_operation),
		PROMISE(slots_are_filled_up_with_empty_ones),
		PROMISE(empty_slots_may_claim_a_token),
		PROMISE(a_label_is_any_bytes_padded_with_blanks),
		PROMISE(a_serial_number_is_told_in_the_real_one_s_place),
		PROMISE(another_token_is_told_of_from_the_nth_call_on),
		PROMISE(a_token_may_have_no_mechanisms),
		PROMISE(a_manufacturer_is_told_in_the_library_s_place),
		PROMISE(a_module_needs_os_locking),
		PROMISE(a_module_refuses_os_locking),
		PROMISE(a_module_says_already_initialized_and_works),
		PROMISE(noise_is_printed_at_load_and_in_three_calls),
		PROMISE(a_thread_floods_standard_error),
		PROMISE(sigterm_is_ignored),
		PROMISE(no_file_can_be_opened),
		PROMISE(no_memory_is_left),
		PROMISE(the_process_becomes_nobodys),
		PROMISE(the_lengths_of_pins_are_not_told),
		PROMISE(a_thread_holds_no_signal_back),
		PROMISE(a_pair_is_refused_unless_it_may_do_what_is_insisted_on),
		PROMISE(a_call_may_fail_after_it_has_done_its_work),
		PROMISE(a_pulled_token_loses_its_sessions_and_login),
		PROMISE(a_token_may_be_away_for_a_single_call),
		PROMISE(a_running_program_is_told_by_the_control_file),
		PROMISE(a_mistyped_setting_aborts_with_its_name),
	};

	return cmocka_run_group_tests_name("shim", promises, make_token, remove_token);
}
