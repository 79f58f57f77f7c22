/* The backend `libp11`: a private RSA key in a token, as libp11's EVP_PKEY. Token and key are
 * chosen by openssl_token.c; libp11 logs in and signs. */
#include "base/cleanup.h"
#include "base/error.h"
#include "key/pin.h"
#include "pkcs11/session.h"
#include "signer/backend.h"
#include "signer/openssl_key.h"
#include "signer/openssl_reasons.h"
#include "signer/openssl_token.h"
#include "signer/openssl_ui.h"

#include <libp11.h>
#include <openssl/err.h>
#include <string.h>

static const char who[] = "libp11";

struct libp11_signer {
	struct openssl_token token;
	struct openssl_ui ui;
	PKCS11_CTX *context;
	PKCS11_SLOT *slots;
	unsigned slot_count;
	PKCS11_SLOT *slot; /* the one of `slots` that holds the token */
	EVP_PKEY *pkey;
};

/* Closes our session first, since some tokens have few. The module stays loaded:
 * PKCS11_CTX_unload would finalise it for the whole process. */
static void libp11_close(void *state)
{
	struct libp11_signer *signer = state;

	openssl_token_rest(&signer->token);
	openssl_call_begin(&signer->ui, "PKCS11_CTX_free");
	EVP_PKEY_free(signer->pkey);
	if (signer->slots != NULL)
		PKCS11_release_all_slots(signer->context, signer->slots, signer->slot_count);
	if (signer->context != NULL)
		PKCS11_CTX_free(signer->context);
	openssl_call_end(&signer->ui);
	openssl_token_close(&signer->token);
	openssl_ui_clear(&signer->ui);
	free(signer);
}

DEFINE_CLEANUP(libp11_signer, struct libp11_signer *, libp11_close)

static bool libp11_error(const struct libp11_signer *signer, const char *what,
			 struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *reasons = openssl_reasons();

	return error_set(error, CHRONOSIGN_ERROR_KEY, "libp11 cannot %s of '%s': %s", what,
			 signer->token.search.token->uri, reasons);
}

static bool load_module(struct libp11_signer *signer, struct chronosign_error **error)
{
	const char *file = openssl_token_module_file(&signer->token, who, error);

	if (file == NULL)
		return false;
	signer->context = PKCS11_CTX_new();
	if (signer->context == NULL)
		return error_out_of_memory(error);
	openssl_call_begin(&signer->ui, "PKCS11_CTX_load");
	bool loaded = PKCS11_CTX_load(signer->context, file) == 0;
	openssl_call_end(&signer->ui);
	if (!loaded)
		return libp11_error(signer, "load the module", error);
	PKCS11_set_ui_method(signer->context, signer->ui.method, NULL);
	return true;
}

static bool find_slot(struct libp11_signer *signer, struct chronosign_error **error)
{
	openssl_call_begin(&signer->ui, "PKCS11_enumerate_slots");
	int result = PKCS11_enumerate_slots(signer->context, &signer->slots, &signer->slot_count);
	openssl_call_end(&signer->ui);
	if (result != 0)
		return libp11_error(signer, "list the slots of the module", error);
	for (unsigned i = 0; i < signer->slot_count; i++)
		if (PKCS11_get_slotid_from_slot(&signer->slots[i]) ==
			    signer->token.search.token->slot &&
		    signer->slots[i].token != NULL)
			signer->slot = &signer->slots[i];
	return signer->slot != NULL || libp11_error(signer, "see the token", error);
}

/* The number of libp11's latest reason is the CK_RV, if it comes from the module. */
static bool login_failed(struct libp11_signer *signer, struct chronosign_error **error)
{
	unsigned long code = ERR_peek_last_error();

	if (code == 0 || ERR_GET_LIB(code) != ERR_get_CKR_code())
		return libp11_error(signer, "log in to the token", error) ||
		       error_mark_login(error);
	ERR_clear_error();
	pkcs11_session_login_failed(signer->token.search.token, (CK_RV)ERR_GET_REASON(code), error);
	return error_mark_login(error);
}

static bool log_in(struct libp11_signer *signer, struct chronosign_error **error)
{
	struct pkcs11_token *token = signer->token.search.token;
	const char *pin = NULL;

	if (!openssl_token_before_login(&signer->token, error))
		return false;
	if (!pkcs11_token_needs_login(token) && !pkcs11_session_may_try(token, error))
		return error_mark_login(error);
	if (!pkcs11_session_has_pin_pad(token)) {
		pin = openssl_ui_pin_text(&signer->ui, error);
		if (pin == NULL)
			return false;
	}
	openssl_call_begin(&signer->ui, "PKCS11_login");
	bool logged_in = PKCS11_login(signer->slot, 0, pin) == 0;
	openssl_call_end(&signer->ui);
	return logged_in || login_failed(signer, error);
}

/* As in the backend pkcs11: log in first if a PIN is at hand, else only if nothing is visible. */
static bool log_in_if_needed(struct libp11_signer *signer, struct chronosign_error **error)
{
	struct pkcs11_search *search = &signer->token.search;
	size_t count = 0;

	if (!pkcs11_search_may_log_in(search))
		return true;
	if (!(pkcs11_token_needs_login(search->token) && pin_is_given(search->key)) &&
	    !pkcs11_search_count(search, &count, error))
		return false;
	return count > 0 || log_in(signer, error);
}

static bool is_chosen(const PKCS11_KEY *key, const struct pkcs11_private_key *chosen)
{
	bool same_id =
		key->id_len == chosen->id_length && memcmp(key->id, chosen->id, key->id_len) == 0;
	size_t length = key->label == NULL ? 0 : strlen(key->label);

	/* libp11 ends a label at its first NUL. */
	bool same_label = length == 0 ||
			  (strnlen((const char *)chosen->label, chosen->label_length) == length &&
			   memcmp(key->label, chosen->label, length) == 0);

	return key->isPrivate && same_id && same_label;
}

/* libp11 0.4.13 and later search by a template; before that, every key of the token is read. */
static int enumerate_keys(struct libp11_signer *signer, PKCS11_KEY **keys, unsigned *count)
{
#ifdef LIBP11_HAS_TEMPLATES
	struct pkcs11_private_key *chosen = &signer->token.search.private_key;
	char label[sizeof chosen->label + 1] = {0};

	memcpy(label, chosen->label, chosen->label_length);
	const PKCS11_KEY template = {
		.isPrivate = 1,
		.id = chosen->id_length > 0 ? chosen->id : NULL,
		.id_len = chosen->id_length,
		.label = strlen(label) == chosen->label_length && label[0] != '\0' ? label : NULL,
	};
	return PKCS11_enumerate_keys_ext(signer->slot->token, &template, keys, count);
#else
	return PKCS11_enumerate_keys(signer->slot->token, keys, count);
#endif
}

static bool take_key(struct libp11_signer *signer, struct chronosign_error **error)
{
	PKCS11_KEY *keys = NULL;
	unsigned count = 0;

	openssl_call_begin(&signer->ui, "PKCS11_enumerate_keys");
	if (enumerate_keys(signer, &keys, &count) != 0)
		count = 0;
	for (unsigned i = 0; i < count && signer->pkey == NULL; i++)
		if (is_chosen(&keys[i], &signer->token.search.private_key))
			signer->pkey = PKCS11_get_private_key(&keys[i]);
	openssl_call_end(&signer->ui);
	return signer->pkey != NULL || libp11_error(signer, "take the key", error);
}

static bool open_key(struct libp11_signer *signer, EVP_PKEY **public_key,
		     struct chronosign_error **error)
{
	if (!load_module(signer, error) || !find_slot(signer, error) ||
	    !log_in_if_needed(signer, error) ||
	    !openssl_token_read_key(&signer->token, public_key, error))
		return false;
	if (take_key(signer, error)) {
		openssl_token_rest(&signer->token);
		return true;
	}
	EVP_PKEY_free(TAKE(*public_key));
	return false;
}

static bool libp11_open(const struct chronosign_key *key, void **state, EVP_PKEY **public_key,
			struct chronosign_error **error)
{
	CLEANUP(cleanup_libp11_signer) struct libp11_signer *signer = calloc(1, sizeof *signer);

	if (signer == NULL)
		return error_out_of_memory(error);
	if (!openssl_ui_init(&signer->ui, key, who, error) ||
	    !openssl_token_open(&signer->token, &signer->ui, NULL, error))
		return false;
	if (!open_key(signer, public_key, error))
		return false;
	*state = TAKE(signer);
	return true;
}

static bool libp11_sign(void *state, struct signing *signing, struct chronosign_error **error)
{
	struct libp11_signer *signer = state;

	signer->ui.left = signer->token.search.private_key.always_authenticate ? 1 : 0;
	return openssl_ui_sign(&signer->ui, signer->pkey, NULL, signing, error);
}

static const char *libp11_library(void)
{
	return "libp11 " LIBP11_BUILT_WITH;
}

const struct backend backend_libp11 = {
	.name = "libp11",
	.library = libp11_library,
	.open = libp11_open,
	.sign = libp11_sign,
	.close = libp11_close,
};
