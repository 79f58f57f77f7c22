/*
 * toy.so, an OpenSSL provider with a store of keys and nothing else, to test the backend `provider`
 * where no other provider is installed. The URI toy:FOLDER yields the files in that folder, by name:
 * *.key a private key, *.crt a certificate, both in DER. A file `pin` in it is the PIN to ask for.
 */
#include <dirent.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
	char *folder;
	struct dirent **files;
	int count;
	int next;
	int failed;
	int unlocked;
};

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
		       const OSSL_DISPATCH **out, void **context);

/* $TOY_NOISE: what real providers print where they should not. */
static void make_noise(const char *where)
{
	if (getenv("TOY_NOISE") == NULL)
		return;
	printf("toy: %s, on standard output\n", where);
	fflush(stdout);
	fprintf(stderr, "toy: %s, on standard error\n", where);
}

/* $TOY_SETTINGS: the module that whoever loads us sets for a provider of PKCS#11. */
static void log_settings(const OSSL_CORE_HANDLE *handle, OSSL_FUNC_core_get_params_fn *get)
{
	const char *path = getenv("TOY_SETTINGS");
	char *module = NULL;
	OSSL_PARAM asked[] = {{"pkcs11_module", OSSL_PARAM_UTF8_PTR, &module, 0, 0},
			      {NULL, 0, NULL, 0, 0}};
	FILE *log = path == NULL ? NULL : fopen(path, "a");

	if (log == NULL)
		return;
	if (get != NULL && get(handle, asked) && module != NULL)
		fprintf(log, "%s\n", module);
	fclose(log);
}

/* $TOY_LOG: one line for each PIN that is tried. */
static void log_try(int good)
{
	const char *path = getenv("TOY_LOG");
	FILE *log = path == NULL ? NULL : fopen(path, "a");

	if (log == NULL)
		return;
	fprintf(log, "PIN %s\n", good ? "right" : "wrong");
	fclose(log);
}

static int read_file(const char *folder, const char *name, unsigned char *bytes, size_t capacity,
		     size_t *length)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return 0;
	*length = fread(bytes, 1, capacity, file);
	fclose(file);
	return 1;
}

static int ends_with(const char *name, const char *ending)
{
	size_t length = strlen(name);

	return length > strlen(ending) && strcmp(name + length - strlen(ending), ending) == 0;
}

static int is_object(const struct dirent *entry)
{
	return ends_with(entry->d_name, ".key") || ends_with(entry->d_name, ".crt");
}

static int store_close(void *context)
{
	struct store *store = context;

	for (int i = 0; i < store->count; i++)
		free(store->files[i]);
	free(store->files);
	free(store->folder);
	free(store);
	return 1;
}

static void *store_open(void *provider, const char *uri)
{
	struct store *store = calloc(1, sizeof *store);

	(void)provider;
	make_noise("store_open");
	if (store == NULL || strncmp(uri, "toy:", 4) != 0) {
		free(store);
		return NULL;
	}
	store->folder = strdup(uri + 4);
	store->count = scandir(store->folder, &store->files, is_object, alphasort);
	if (store->count >= 0)
		return store;
	store->count = 0;
	store_close(store);
	return NULL;
}

static int unlock(struct store *store, OSSL_PASSPHRASE_CALLBACK *ask, void *asked)
{
	unsigned char wanted[64];
	char given[64];
	size_t wanted_length;
	size_t given_length = 0;
	static char what[] = "toy";
	OSSL_PARAM about[] = {{OSSL_PASSPHRASE_PARAM_INFO, OSSL_PARAM_UTF8_STRING, what, 3, 0},
			      {NULL, 0, NULL, 0, 0}};

	if (store->unlocked ||
	    !read_file(store->folder, "pin", wanted, sizeof wanted, &wanted_length))
		return 1;
	if (!ask(given, sizeof given, &given_length, about, asked))
		return 0;
	store->unlocked =
		given_length == wanted_length && memcmp(given, wanted, wanted_length) == 0;
	log_try(store->unlocked);
	return store->unlocked;
}

static int yield(struct store *store, const char *name, OSSL_CALLBACK *take, void *taker)
{
	unsigned char bytes[16384];
	size_t length;
	int type = ends_with(name, ".key") ? OSSL_OBJECT_PKEY : OSSL_OBJECT_CERT;

	if (!read_file(store->folder, name, bytes, sizeof bytes, &length))
		return 0;
	OSSL_PARAM object[] = {
		{OSSL_OBJECT_PARAM_TYPE, OSSL_PARAM_INTEGER, &type, sizeof type, 0},
		{OSSL_OBJECT_PARAM_DATA, OSSL_PARAM_OCTET_STRING, bytes, length, 0},
		{NULL, 0, NULL, 0, 0},
	};
	return take(object, taker);
}

static int store_load(void *context, OSSL_CALLBACK *take, void *taker,
		      OSSL_PASSPHRASE_CALLBACK *ask, void *asked)
{
	struct store *store = context;

	make_noise("store_load");
	if (store->next < store->count && unlock(store, ask, asked) &&
	    yield(store, store->files[store->next++]->d_name, take, taker))
		return 1;
	store->failed = 1;
	return 0;
}

static int store_eof(void *context)
{
	const struct store *store = context;

	return store->failed || store->next >= store->count;
}

static const OSSL_DISPATCH store_functions[] = {
	{OSSL_FUNC_STORE_OPEN, (void (*)(void))store_open},
	{OSSL_FUNC_STORE_LOAD, (void (*)(void))store_load},
	{OSSL_FUNC_STORE_EOF, (void (*)(void))store_eof},
	{OSSL_FUNC_STORE_CLOSE, (void (*)(void))store_close},
	{0, NULL},
};

static const OSSL_ALGORITHM *query_operation(void *context, int operation, int *no_cache)
{
	static const OSSL_ALGORITHM stores[] = {
		{"toy", "provider=toy", store_functions, "files in a folder"},
		{NULL, NULL, NULL, NULL},
	};

	(void)context;
	*no_cache = 0;
	return operation == OSSL_OP_STORE ? stores : NULL;
}

static const OSSL_DISPATCH provider_functions[] = {
	{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query_operation},
	{0, NULL},
};

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
		       const OSSL_DISPATCH **out, void **context)
{
	OSSL_FUNC_core_get_params_fn *get = NULL;

	for (; in->function_id != 0; in++)
		if (in->function_id == OSSL_FUNC_CORE_GET_PARAMS)
			get = OSSL_FUNC_core_get_params(in);
	make_noise("OSSL_provider_init");
	log_settings(handle, get);
	*out = provider_functions;
	*context = (void *)handle;
	return 1;
}
