/* Slots and tokens: listed with as few calls as the URI allows. */
#include "pkcs11/token.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

/* Most machines have a handful; C_GetSlotList tells when this is too few (PKCS#11 v3.1 §5.5.1).
 * Some modules never say how many there are: then it is asked with ever more room, but not for
 * ever. */
enum { USUAL_SLOTS = 32, LOOKS_MAX = 8 };

DEFINE_CLEANUP(uri, P11KitUri *, p11_kit_uri_free)

/* Lack of memory loses the reason, which is told when nothing is found, and nothing else. */
static struct pkcs11_passed_over *pass_over(struct pkcs11_tokens *tokens,
					    const struct pkcs11_module *module, const char *what,
					    const char *reason)
{
	struct pkcs11_passed_over *list =
		reallocarray(tokens->passed_over, tokens->passed_over_count + 1, sizeof *list);

	if (list == NULL)
		return NULL;
	tokens->passed_over = list;
	struct pkcs11_passed_over entry = {
		.module = module, .what = strdup(what), .reason = strdup(reason)};
	if (entry.what == NULL || entry.reason == NULL) {
		free(entry.what);
		free(entry.reason);
		return NULL;
	}
	list[tokens->passed_over_count] = entry;
	return &list[tokens->passed_over_count++];
}

static void pass_over_by_uri(struct pkcs11_tokens *tokens, const struct pkcs11_module *module,
			     const char *what, const char *reason)
{
	struct pkcs11_passed_over *entry = pass_over(tokens, module, what, reason);

	if (entry != NULL)
		entry->by_uri = true;
}

static struct pkcs11_passed_over *pass_over_result(struct pkcs11_tokens *tokens,
						   const struct pkcs11_module *module,
						   const char *what, const char *function,
						   CK_RV result)
{
	CLEANUP(cleanup_text) char *reason = cryptoki_reason(function, result);
	struct pkcs11_passed_over *entry =
		pass_over(tokens, module, what, reason == NULL ? function : reason);

	if (entry != NULL)
		entry->result = result;
	return entry;
}

static void pass_over_slot(struct pkcs11_tokens *tokens, const struct pkcs11_module *module,
			   const char *where, const char *function, CK_RV result)
{
	struct pkcs11_passed_over *entry =
		pass_over_result(tokens, module, where, function, result);

	if (entry != NULL)
		entry->is_slot = true;
}

/* The slots with a token in them, or all of them. NULL and *result if the module does not tell. The
 * caller frees the array. */
static CK_SLOT_ID *list_slots(const struct pkcs11_module *module, CK_BBOOL with_token,
			      CK_ULONG *count, CK_RV *result)
{
	CK_ULONG room = USUAL_SLOTS;
	bool restarted = false;

	for (int looks = 0; looks < LOOKS_MAX; looks++) {
		CK_SLOT_ID *slots = calloc(room, sizeof *slots);
		if (slots == NULL)
			break;
		*count = room;
		*result = CRYPTOKI(module, C_GetSlotList, with_token, slots, count);
		if (*result == CKR_OK && *count <= room)
			return slots;
		free(slots);
		/* libp11 and OpenSSL's providers finalise the module as they close, for all. */
		if (*result == CKR_CRYPTOKI_NOT_INITIALIZED && !restarted) {
			restarted = true;
			if (!pkcs11_module_restart(module))
				return NULL;
			continue;
		}
		if (*result != CKR_OK && *result != CKR_BUFFER_TOO_SMALL)
			return NULL;
		/* A token may come while we look: then the list has grown once more. */
		room = *count > room && *count < 65536 ? *count : 2 * room;
		*result = CKR_BUFFER_TOO_SMALL;
	}
	return NULL;
}

static bool uri_names_module(P11KitUri *uri)
{
	const CK_INFO *info = p11_kit_uri_get_module_info(uri);

	return info->libraryDescription[0] != 0 || info->manufacturerID[0] != 0 ||
	       info->libraryVersion.major != (CK_BYTE)-1 ||
	       info->libraryVersion.minor != (CK_BYTE)-1;
}

static bool uri_names_slot_info(P11KitUri *uri)
{
	const CK_SLOT_INFO *info = p11_kit_uri_get_slot_info(uri);

	return info->slotDescription[0] != 0 || info->manufacturerID[0] != 0;
}

/* Asks for the module's own description only if the URI has library-* attributes. */
static bool module_matches(struct pkcs11_tokens *tokens, const struct pkcs11_module *module,
			   P11KitUri *uri)
{
	CK_INFO info;

	if (!uri_names_module(uri))
		return true;
	CK_RV result = CRYPTOKI(module, C_GetInfo, &info);
	if (result != CKR_OK)
		pass_over_result(tokens, module, "module", "C_GetInfo", result);
	else if (p11_kit_uri_match_module_info(uri, &info) == 1)
		return true;
	else
		pass_over_by_uri(tokens, module, "module", "the URI names another library");
	return false;
}

/* What is listed, and for whom. */
struct listing {
	P11KitUri *uri;
	bool empty_slots;
	struct pkcs11_tokens *tokens;
};

static bool slot_matches(const struct listing *listing, const struct pkcs11_module *module,
			 CK_SLOT_ID slot, const char *where)
{
	struct pkcs11_tokens *tokens = listing->tokens;
	P11KitUri *uri = listing->uri;
	CK_SLOT_INFO info;
	CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri);
	bool other = wanted != (CK_SLOT_ID)-1 && wanted != slot;

	if (!other && uri_names_slot_info(uri)) {
		CK_RV result = CRYPTOKI(module, C_GetSlotInfo, slot, &info);
		if (result != CKR_OK) {
			pass_over_slot(tokens, module, where, "C_GetSlotInfo", result);
			return false;
		}
		other = p11_kit_uri_match_slot_info(uri, &info) != 1;
	}
	if (other)
		pass_over_by_uri(tokens, module, where, "the URI names another slot");
	return !other;
}

static char *printable_label(const CK_TOKEN_INFO *info)
{
	size_t length = p11_kit_space_strlen(info->label, sizeof info->label);

	return text_printable((const char *)info->label, length, false);
}

static bool add_token(struct pkcs11_tokens *tokens, const struct pkcs11_module *module,
		      CK_SLOT_ID slot, const CK_TOKEN_INFO *info, struct chronosign_error **error)
{
	struct pkcs11_token *list = realloc(tokens->list, (tokens->count + 1) * sizeof *list);

	if (list == NULL)
		return error_out_of_memory(error);
	tokens->list = list;
	struct pkcs11_token *token = &list[tokens->count++];
	*token = (struct pkcs11_token){
		.module = module,
		.slot = slot,
		.info = *info,
		.session = {.handle = CK_INVALID_HANDLE},
	};
	token->uri = pkcs11_uri_text(pkcs11_token_uri(info, NULL, 0));
	token->label = printable_label(info);
	return (token->uri != NULL && token->label != NULL) || error_out_of_memory(error);
}

/* Takes the token in the slot if the URI can mean it. */
static bool consider_slot(const struct listing *listing, const struct pkcs11_module *module,
			  CK_SLOT_ID slot, struct chronosign_error **error)
{
	struct pkcs11_tokens *tokens = listing->tokens;
	CK_TOKEN_INFO info;
	CLEANUP(cleanup_text) char *where = text_format("slot %lu", slot);

	if (where == NULL)
		return error_out_of_memory(error);
	if (!slot_matches(listing, module, slot, where))
		return true;
	CK_RV result = CRYPTOKI(module, C_GetTokenInfo, slot, &info);
	if (result == CKR_TOKEN_NOT_PRESENT && listing->empty_slots) {
		pass_over(tokens, module, where, "no token is in it");
	} else if (result != CKR_OK) {
		pass_over_slot(tokens, module, where, "C_GetTokenInfo", result);
	} else if ((info.flags & CKF_TOKEN_INITIALIZED) == 0) {
		pass_over(tokens, module, where, "a token that is not initialised");
	} else if (p11_kit_uri_match_token_info(listing->uri, &info) != 1) {
		CLEANUP(cleanup_text)
		char *other = pkcs11_uri_text(pkcs11_token_uri(&info, NULL, 0));
		pass_over_by_uri(tokens, module, other == NULL ? where : other,
				 "the URI names another token");
	} else {
		return add_token(tokens, module, slot, &info, error);
	}
	return true;
}

static bool consider_module(const struct listing *listing, const struct pkcs11_module *module,
			    struct chronosign_error **error)
{
	CK_ULONG count = 0;
	CK_RV result = CKR_HOST_MEMORY;

	if (module->failure != NULL) {
		pass_over(listing->tokens, module, "module", module->failure);
		return true;
	}
	if (!module_matches(listing->tokens, module, listing->uri))
		return true;
	CLEANUP(cleanup_memory)
	void *memory = list_slots(module, !listing->empty_slots, &count, &result);
	const CK_SLOT_ID *slots = memory;
	if (slots == NULL)
		pass_over_result(listing->tokens, module, "module", "C_GetSlotList", result);
	else if (count == 0)
		pass_over(listing->tokens, module, "module",
			  "no slot has a token; is one plugged in, and does its daemon (pcscd, or "
			  "the vendor's) run?");
	for (CK_ULONG i = 0; slots != NULL && i < count; i++)
		if (!consider_slot(listing, module, slots[i], error))
			return false;
	return true;
}

bool pkcs11_tokens_list(const struct pkcs11_modules *modules, P11KitUri *uri, bool empty_slots,
			struct pkcs11_tokens *tokens, struct chronosign_error **error)
{
	const struct listing listing = {uri, empty_slots, tokens};

	*tokens = (struct pkcs11_tokens){0};
	for (size_t i = 0; i < modules->count; i++)
		if (!consider_module(&listing, &modules->list[i], error)) {
			pkcs11_tokens_free(tokens);
			return false;
		}
	return true;
}

void pkcs11_tokens_free(struct pkcs11_tokens *tokens)
{
	for (size_t i = 0; i < tokens->count; i++) {
		struct pkcs11_token *token = &tokens->list[i];

		if (token->session.handle != CK_INVALID_HANDLE)
			CRYPTOKI(token->module, C_CloseSession, token->session.handle);
		chronosign_secret_free(token->session.pin);
		free(token->uri);
		free(token->label);
	}
	for (size_t i = 0; i < tokens->passed_over_count; i++) {
		free(tokens->passed_over[i].what);
		free(tokens->passed_over[i].reason);
	}
	free(tokens->list);
	free(tokens->passed_over);
	*tokens = (struct pkcs11_tokens){0};
}

void pkcs11_token_refresh(struct pkcs11_token *token)
{
	CK_TOKEN_INFO info;

	if (CRYPTOKI(token->module, C_GetTokenInfo, token->slot, &info) == CKR_OK)
		token->info = info;
}

bool pkcs11_token_computes(const struct pkcs11_token *token)
{
	CK_ULONG count = 0;

	return CRYPTOKI(token->module, C_GetMechanismList, token->slot, NULL, &count) != CKR_OK ||
	       count > 0;
}

bool pkcs11_token_failed(struct pkcs11_token *token, const char *function, CK_RV result,
			 const char *what, struct chronosign_error **error)
{
	if (token->session.retry == RETRY_NEVER)
		token->session.retry = cryptoki_retry(result);
	return cryptoki_error(error, token->module, function, result, what);
}

P11KitUri *pkcs11_token_uri(const CK_TOKEN_INFO *token, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	CLEANUP(cleanup_uri) P11KitUri *uri = p11_kit_uri_new();

	if (uri == NULL)
		return NULL;
	CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(uri);
	memcpy(info->label, token->label, sizeof info->label);
	memcpy(info->manufacturerID, token->manufacturerID, sizeof info->manufacturerID);
	memcpy(info->model, token->model, sizeof info->model);
	memcpy(info->serialNumber, token->serialNumber, sizeof info->serialNumber);
	for (CK_ULONG i = 0; i < count; i++)
		if (p11_kit_uri_set_attribute(uri, &attributes[i]) != P11_KIT_URI_OK)
			return NULL;
	return TAKE(uri);
}

char *pkcs11_uri_text(P11KitUri *uri)
{
	CLEANUP(cleanup_uri) P11KitUri *owned = uri;
	char *text = NULL;

	if (owned == NULL ||
	    p11_kit_uri_format(owned, P11_KIT_URI_FOR_ANY, &text) != P11_KIT_URI_OK)
		return NULL;
	return text;
}
