/* What the shim's tests share: a SoftHSM token in a temporary directory, one loaded shim, one
 * session. The token holds an RSA key pair of 1024 bits and a certificate, all three with
 * CKA_ID 42. */
#ifndef SHIM_TEST_FIXTURE_H
#define SHIM_TEST_FIXTURE_H

#include <p11-kit/pkcs11.h>

enum { MESSAGE_SIZE = 36, MODULUS_SIZE = 128 };

extern char log_path[];     /* in the temporary directory, removed after each test */
extern char control_path[]; /* removed as well */
extern char user_pin[];
extern CK_BYTE message[MESSAGE_SIZE + 1];

extern void *library;
extern CK_FUNCTION_LIST_PTR p11;
extern CK_SLOT_ID token;
extern CK_SESSION_HANDLE session;

/* Before and after all tests. Even the token is made through the shim. */
int make_token(void **state);
int remove_token(void **state);

void assert_rv(CK_RV rv, CK_RV expected);

/* Settings are "NAME=value". end_module() forgets them all, after each test. */
void set(const char *setting);
void forget_settings(void);
CK_RV load(void);
CK_RV initialize(void);
CK_RV open_session(void);
CK_RV login(void);
void start(const char *setting, ...); /* settings, then NULL */
void start_logged_in(const char *setting);
int end_module(void **state);

/* How many there are; *found is the first. */
CK_ULONG find(CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE *found);
CK_ULONG find_class(CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *found);
CK_OBJECT_HANDLE private_key(void);

/* All by CKM_SHA256_RSA_PKCS, but for sign_init(). */
CK_RV sign_init(CK_MECHANISM_TYPE type);
CK_RV sign_now(void);
CK_RV just_sign(void);
CK_RV sign(CK_BYTE *signature, CK_ULONG *length);
CK_RV verify(CK_BYTE *signature, CK_ULONG length);

/* The result is valid until the next call. */
const char *contents_of(const char *path);
void write_file(const char *path, const char *text);
void send_to(const char *path, int descriptor);

/* The exit status, as of waitpid(), of a process that does `work`, its standard error in a file. */
int status_of(void (*work)(void), const char *errors);
long milliseconds(void);

#endif
