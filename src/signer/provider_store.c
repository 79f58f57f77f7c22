/* What an OpenSSL store has under a URI: the one private RSA key, or why there is none. */
#include "signer/provider.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "signer/openssl_reasons.h"
#include "signer/provider_configuration.h"

#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <string.h>

static const char who[] = PROVIDER_WHO;

DEFINE_CLEANUP(store, OSSL_STORE_CTX *, OSSL_STORE_close)
DEFINE_CLEANUP(store_info, OSSL_STORE_INFO *, OSSL_STORE_INFO_free)
DEFINE_CLEANUP(loader, OSSL_STORE_LOADER *, OSSL_STORE_LOADER_free)

static int append_name(OSSL_PROVIDER *provider, void *context)
{
	char **names = context;

	text_append(names, "%s%s", *names == NULL ? "" : ", ", OSSL_PROVIDER_get0_name(provider));
	return 1;
}

/* What a store yielded. */
struct yield {
	EVP_PKEY *pkey; /* the private RSA key */
	size_t count;   /* of private RSA keys */
	char *others;   /* what else was there; NULL if nothing was */
};

static void note(struct yield *yield, const char *what, const char *type)
{
	text_append(&yield->others, "%s%s%s%s", yield->others == NULL ? "" : ", ", what,
		    type[0] == '\0' ? "" : " of type ", type);
}

static void consider(struct yield *yield, const OSSL_STORE_INFO *info)
{
	static const char *const names[] = {
		[OSSL_STORE_INFO_NAME] = "the name of another object",
		[OSSL_STORE_INFO_PARAMS] = "key parameters",
		[OSSL_STORE_INFO_PUBKEY] = "a public key",
		[OSSL_STORE_INFO_CERT] = "a certificate",
		[OSSL_STORE_INFO_CRL] = "a revocation list",
	};
	int type = OSSL_STORE_INFO_get_type(info);

	if (type != OSSL_STORE_INFO_PKEY) {
		bool known = type >= 0 && (size_t)type < sizeof names / sizeof names[0] &&
			     names[type] != NULL;
		note(yield, known ? names[type] : "something else", "");
		return;
	}
	EVP_PKEY *pkey = OSSL_STORE_INFO_get0_PKEY(info);
	if (!EVP_PKEY_is_a(pkey, "RSA")) {
		const char *name = EVP_PKEY_get0_type_name(pkey);
		note(yield, "a private key", name == NULL ? "unknown" : name);
	} else if (yield->count++ == 0) {
		EVP_PKEY_up_ref(pkey);
		yield->pkey = pkey;
	}
}

/* What the store is asked for: a URI that names one token, or what the user wrote. */
static const char *store_uri(const struct provider_signer *signer)
{
	const struct chronosign_key *key = signer->ui.key;

	return key->kind == KEY_IN_TOKEN  ? signer->token.uri
	       : key->kind == KEY_IN_FILE ? key->path
					  : key->store;
}

/* OpenSSL would only say that nothing was found. */
bool provider_check_properties(const struct provider_signer *signer,
			       struct chronosign_error **error)
{
	const char *uri = store_uri(signer);
	CLEANUP(cleanup_text)
	char *scheme = signer->ui.key->kind == KEY_IN_FILE ? strdup("file")
							   : strndup(uri, strcspn(uri, ":"));
	if (scheme == NULL)
		return error_out_of_memory(error);
	CLEANUP(cleanup_loader)
	OSSL_STORE_LOADER *allowed = OSSL_STORE_LOADER_fetch(signer->context, scheme, NULL);
	/* A "-" removes a property from the default ones (property(7)). */
	CLEANUP(cleanup_loader)
	OSSL_STORE_LOADER *loaded =
		OSSL_STORE_LOADER_fetch(signer->context, scheme, "-fips,-provider");
	ERR_clear_error();
	if (allowed != NULL || loaded == NULL)
		return true;
	return error_set(
		error, CHRONOSIGN_ERROR_KEY,
		"OpenSSL's default properties leave the provider '%s' out, which opens '%s:': "
		"openssl.cnf asks for fips=yes, or for another provider, and this one is "
		"neither; write default_properties = ?fips=yes there, or use another signer",
		OSSL_PROVIDER_get0_name(OSSL_STORE_LOADER_get0_provider(loaded)), scheme);
}

/* Stops at the first failure: loading again after a refused PIN would try that PIN again. */
static void read_store(struct provider_signer *signer, struct yield *yield)
{
	bool in_token = signer->ui.key->kind == KEY_IN_TOKEN;
	CLEANUP(cleanup_store)
	OSSL_STORE_CTX *store = OSSL_STORE_open_ex(store_uri(signer), signer->context, NULL,
						   signer->ui.method, NULL, NULL, NULL, NULL);

	if (store == NULL)
		return;
	/* In a token it is known to be a key: other objects with its name are skipped. */
	if (in_token)
		OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (OSSL_STORE_eof(store) == 0) {
		CLEANUP(cleanup_store_info) OSSL_STORE_INFO *info = OSSL_STORE_load(store);
		if (info == NULL)
			return;
		consider(yield, info);
	}
}

/* An engine may have a loader too, but then it has opened the store. */
static bool has_loader(const struct provider_signer *signer)
{
	const char *uri = store_uri(signer);
	CLEANUP(cleanup_text) char *scheme = strndup(uri, strcspn(uri, ":"));

	if (scheme == NULL || signer->ui.key->kind == KEY_IN_FILE)
		return true;
	CLEANUP(cleanup_loader)
	OSSL_STORE_LOADER *loader = OSSL_STORE_LOADER_fetch(signer->context, scheme, NULL);
	return loader != NULL;
}

static bool no_loader(const struct provider_signer *signer, struct chronosign_error **error)
{
	const struct chronosign_key *key = signer->ui.key;
	int length = (int)strcspn(key->name, ":");

	ERR_clear_error();
	if (key->kind == KEY_IN_TOKEN)
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "no OpenSSL provider here opens '%.*s:'; leave out --signer, or "
				 "load one by --provider",
				 length, key->name);
	return error_set(error, CHRONOSIGN_ERROR_KEY,
			 "'%s' is not a file, and no OpenSSL provider here opens '%.*s:'%s",
			 key->name, length, key->name,
			 strncasecmp(key->name, "pkcs", 4) == 0
				 ? "; a key in a token begins with pkcs11:"
				 : "");
}

static bool nothing_found(struct provider_signer *signer, const struct yield *yield,
			  struct chronosign_error **error)
{
	const char *name = signer->ui.key->name;
	CLEANUP(cleanup_text) char *loaded = NULL;

	if (openssl_ui_take_error(&signer->ui, error))
		return false;
	if (yield->others != NULL)
		return error_set(
			error, CHRONOSIGN_ERROR_KEY,
			"there is no private RSA key at '%s', the only kind that Chronograf "
			"takes; there is: %s",
			name, yield->others);
	OSSL_PROVIDER_do_all(signer->context, append_name, &loaded);
	if (!has_loader(signer)) {
		no_loader(signer, error);
	} else if (signer->token.search.token != NULL) {
		openssl_token_explain(&signer->token, who, signer->ui.given, error);
	} else {
		struct openssl_cause cause;
		CLEANUP(cleanup_text) char *reasons = openssl_reasons_with_cause(&cause);
		error_set(error, CHRONOSIGN_ERROR_KEY, "%s cannot open the key '%s'%s: %s", who,
			  name, signer->ui.given ? " with the PIN given, which was tried once" : "",
			  reasons);
		if (cause.pin_refused) {
			key_login_refused(signer->ui.key);
			error_mark_login(error);
		}
	}
	error_append(error, "  loaded providers: %s; --provider loads another",
		     loaded == NULL ? "(none)" : loaded);
	CLEANUP(cleanup_text) char *inactive = configured_but_inactive(signer->context);
	return inactive == NULL ? false
				: error_append(error, "  named in openssl.cnf, and not loaded: %s",
					       inactive);
}

bool provider_load_key(struct provider_signer *signer, struct chronosign_error **error)
{
	struct yield yield = {0};

	if (signer->token.search.token != NULL &&
	    (!openssl_token_before_login(&signer->token, error) ||
	     !openssl_token_log_in_if_it_hides(&signer->token, error)))
		return false;
	ERR_clear_error();
	signer->ui.left = 1;
	openssl_call_begin(&signer->ui, "OSSL_STORE_load");
	read_store(signer, &yield);
	openssl_call_end(&signer->ui);
	CLEANUP(cleanup_text) char *others = yield.others;
	signer->pkey = yield.pkey;
	if (signer->pkey == NULL)
		return nothing_found(signer, &yield, error);
	ERR_clear_error();
	return yield.count == 1 || signer->token.search.token != NULL ||
	       error_set(error, CHRONOSIGN_ERROR_KEY,
			 "there are %zu private RSA keys at '%s'; name one of them", yield.count,
			 signer->ui.key->name);
}
