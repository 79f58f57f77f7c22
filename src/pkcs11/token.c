/* Slots and tokens: listed with as few calls as the URI allows. */
#include "pkcs11/token.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "pkcs11/short_uri.h"

#include <string.h>

/* Most machines have a handful; C_GetSlotList tells when this is too few (PKCS#11 v3.1 §5.5.1).
 * Some modules never say how many there are: then the room grows with each call, up to a limit: each slot is
 * a call, and may be a line of a message. */
enum { USUAL_SLOTS = 32, LOOKS_MAX = 8, SLOTS_MAX = 4096 };

/* Without memory only the reason is lost, which is reported if nothing is found. */
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

	for (int looks = 0; looks < LOOKS_MAX && room <= SLOTS_MAX; looks++) {
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
		/* A token may be inserted between the calls, which makes the list longer. */
		room = *count > room && *count <= SLOTS_MAX ? *count : 2 * room;
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

char *pkcs11_token_label(const CK_TOKEN_INFO *info)
{
	size_t length = p11_kit_space_strlen(info->label, sizeof info->label);

	/* Some pad with zeros, and in a URI they stand for a label that it does not name. */
	while (length > 0 && info->label[length - 1] == '\0')
		length--;
	return text_of_others((const char *)info->label, length, false);
}

/* Adds a token to the list, or to that of the others. */
static bool add_token(struct pkcs11_token **list, size_t *count, struct pkcs11_token token,
		      struct chronosign_error **error)
{
	struct pkcs11_token *more = reallocarray(*list, *count + 1, sizeof *more);

	if (more == NULL)
		return error_out_of_memory(error);
	*list = more;
	token.session.handle = CK_INVALID_HANDLE;
	token.label = pkcs11_token_label(&token.info);
	more[(*count)++] = token;
	return token.label != NULL || error_out_of_memory(error);
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
	} else {
		const struct pkcs11_token token = {.module = module, .slot = slot, .info = info};
		if (p11_kit_uri_match_token_info(listing->uri, &info) == 1)
			return add_token(&tokens->list, &tokens->count, token, error);
		return add_token(&tokens->others, &tokens->other_count, token, error);
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
	bool good = true;
	for (size_t i = 0; good && i < modules->count; i++)
		good = consider_module(&listing, &modules->list[i], error);
	if (good && short_uri_name_tokens(tokens, uri, error))
		return true;
	pkcs11_tokens_free(tokens);
	return false;
}

static void free_tokens(struct pkcs11_token *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pkcs11_token *token = &list[i];

		if (token->session.handle != CK_INVALID_HANDLE)
			CRYPTOKI(token->module, C_CloseSession, token->session.handle);
		chronosign_secret_free(token->session.pin);
		free(token->uri);
		free(token->label);
	}
	free(list);
}

void pkcs11_tokens_free(struct pkcs11_tokens *tokens)
{
	free_tokens(tokens->list, tokens->count);
	free_tokens(tokens->others, tokens->other_count);
	for (size_t i = 0; i < tokens->passed_over_count; i++) {
		free(tokens->passed_over[i].what);
		free(tokens->passed_over[i].reason);
	}
	free(tokens->passed_over);
	*tokens = (struct pkcs11_tokens){0};
}

void pkcs11_token_refresh(struct pkcs11_token *token)
{
	CK_TOKEN_INFO info;

	if (CRYPTOKI(token->module, C_GetTokenInfo, token->slot, &info) == CKR_OK &&
	    memcmp(&info, &token->info, TOKEN_IDENTITY_SIZE) == 0)
		token->info = info;
}

bool pkcs11_token_is_still_there(struct pkcs11_token *token, struct chronosign_error **error)
{
	CK_TOKEN_INFO info;
	CK_RV result = CRYPTOKI(token->module, C_GetTokenInfo, token->slot, &info);

	if (result != CKR_OK)
		return pkcs11_token_failed(token, "C_GetTokenInfo", result, token->uri, error);
	if (memcmp(&info, &token->info, TOKEN_IDENTITY_SIZE) == 0) {
		token->info = info;
		return true;
	}
	CLEANUP(cleanup_text) char *label = pkcs11_token_label(&info);
	return error_set(error, CHRONOSIGN_ERROR_KEY,
			 "another token ('%s') is in the slot of the token '%s'; the PIN is not "
			 "sent to it",
			 label == NULL ? "" : label, token->label);
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
