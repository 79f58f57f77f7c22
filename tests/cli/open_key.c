/* Writes an RSA private key that shows without login (CKA_PRIVATE is false): no tool of Debian's can. Used by
 * helper.bash: open_key MODULE TOKEN PIN KEY.der LABEL ID, the key in PKCS#1, the ID in
 * hex. */
#include <dlfcn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MOST = 64 };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "open_key: %s\n", what);
	exit(1);
}

static CK_FUNCTION_LIST_PTR load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);
	CK_C_GetFunctionList get = NULL;
	CK_FUNCTION_LIST_PTR module;

	if (library)
		*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (!get || get(&module) != CKR_OK || module->C_Initialize(NULL) != CKR_OK)
		die("the module does not start");
	return module;
}

static CK_SLOT_ID find_token(CK_FUNCTION_LIST_PTR module, const char *label)
{
	CK_SLOT_ID slots[SLOTS_MOST];
	CK_ULONG count = SLOTS_MOST;
	CK_TOKEN_INFO info;

	if (module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
		die("no list of slots");
	for (CK_ULONG i = 0; i < count; i++)
		if (module->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    !memcmp(info.label, label, strlen(label)))
			return slots[i];
	die("no such token");
}

static EVP_PKEY *read_key(const char *path)
{
	EVP_PKEY *key = NULL;
	FILE *file = fopen(path, "rb");
	OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&key, "DER", NULL, "RSA",
								  EVP_PKEY_KEYPAIR, NULL, NULL);

	if (!file || !decoder || !OSSL_DECODER_from_fp(decoder, file))
		die("the key cannot be read");
	OSSL_DECODER_CTX_free(decoder);
	fclose(file);
	return key;
}

static CK_ATTRIBUTE number(const EVP_PKEY *key, CK_ATTRIBUTE_TYPE type, const char *name)
{
	BIGNUM *value = NULL;
	CK_ATTRIBUTE attribute = {type, NULL, 0};

	if (!EVP_PKEY_get_bn_param(key, name, &value))
		die("the key lacks a number");
	attribute.pValue = malloc(BN_num_bytes(value) + 1);
	if (!attribute.pValue)
		die("no memory");
	attribute.ulValueLen = BN_bn2bin(value, attribute.pValue);
	BN_clear_free(value);
	return attribute;
}

static CK_ATTRIBUTE id_from(const char *hex)
{
	long length;
	unsigned char *bytes = OPENSSL_hexstr2buf(hex, &length);

	if (!bytes)
		die("the ID is not hex");
	return (CK_ATTRIBUTE){CKA_ID, bytes, length};
}

int main(int count, char **arguments)
{
	static CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	static CK_KEY_TYPE type = CKK_RSA;
	static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_FUNCTION_LIST_PTR module;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE object;
	EVP_PKEY *key;

	if (count != 7)
		die("six arguments");
	module = load(arguments[1]);
	key = read_key(arguments[4]);
	if (module->C_OpenSession(find_token(module, arguments[2]),
				  CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
				  &session) != CKR_OK ||
	    module->C_Login(session, CKU_USER, (CK_UTF8CHAR_PTR)arguments[3],
			    strlen(arguments[3])) != CKR_OK)
		die("no session");
	CK_ATTRIBUTE template[] = {
		{CKA_CLASS, &class, sizeof class},
		{CKA_KEY_TYPE, &type, sizeof type},
		{CKA_TOKEN, &yes, sizeof yes},
		{CKA_PRIVATE, &no, sizeof no},
		{CKA_SIGN, &yes, sizeof yes},
		{CKA_LABEL, arguments[5], strlen(arguments[5])},
		id_from(arguments[6]),
		number(key, CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N),
		number(key, CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E),
		number(key, CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D),
		number(key, CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1),
		number(key, CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2),
		number(key, CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1),
		number(key, CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2),
		number(key, CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1),
	};
	if (module->C_CreateObject(session, template, sizeof template / sizeof *template,
				   &object) != CKR_OK)
		die("the object is refused");
	module->C_Finalize(NULL);
	EVP_PKEY_free(key);
	return 0;
}
