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

	for (int looks = 0; looks < LOOKS_MAX; looks++) {
		CK_SLOT_ID *slots = calloc(room, sizeof *slots);
		if (slots == NULL)
			break;
		*count = room;
		*result = CRYPTOKI(module, C_GetSlotList, with_token, slots, count);
		if (*result == CKR_OK && *count <= room)
			return slots;
		free(slots);
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

static bool slot_matches(struct pkcs11_tokens *tokens, const struct pkcs11_module *module,
			 CK_SLOT_ID slot, const char *where, P11KitUri *uri)
{
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
		      CK_SLOT_ID slot, const CK_TOKEN_INFO *info, chronosign_error **error)
{
	struct pkcs11_token *list = realloc(tokens->list, (tokens->count + 1) * sizeof *list);

	if (list == NULL)
		return error_out_of_memory(error);
	tokens->list = list;
	struct pkcs11_token *token = &list[tokens->count++];
	*token = (struct pkcs11_token){
		.module = module, .slot = slot, .info = *info, .session = CK_INVALID_HANDLE};
	token->uri = pkcs11_uri_of_token(info);
	token->label = printable_label(info);
	return (token->uri != NULL && token->label != NULL) || error_out_of_memory(error);
}

/* Takes the token in the slot if the URI can mean it. */
static bool consider_slot(struct pkcs11_tokens *tokens, const struct pkcs11_module *module,
			  CK_SLOT_ID slot, P11KitUri *uri, CK_BBOOL with_token,
			  chronosign_error **error)
{
	CK_TOKEN_INFO info;
	CLEANUP(cleanup_text) char *where = text_format("slot %lu", slot);

	if (where == NULL)
		return error_out_of_memory(error);
	if (!slot_matches(tokens, module, slot, where, uri))
		return true;
	CK_RV result = CRYPTOKI(module, C_GetTokenInfo, slot, &info);
	if (result == CKR_TOKEN_NOT_PRESENT && !with_token) {
		pass_over(tokens, module, where, "no token is in it");
		return true;
	}
	if (result != CKR_OK) {
		pass_over_slot(tokens, module, where, "C_GetTokenInfo", result);
		return true;
	}
	if ((info.flags & CKF_TOKEN_INITIALIZED) == 0) {
		pass_over(tokens, module, where, "a token that is not initialised");
		return true;
	}
	if (p11_kit_uri_match_token_info(uri, &info) != 1) {
		CLEANUP(cleanup_text) char *other = pkcs11_uri_of_token(&info);
		pass_over_by_uri(tokens, module, other == NULL ? where : other,
				 "the URI names another token");
		return true;
	}
	return add_token(tokens, module, slot, &info, error);
}

static bool consider_module(struct pkcs11_tokens *tokens, const struct pkcs11_module *module,
			    P11KitUri *uri, CK_BBOOL with_token, chronosign_error **error)
{
	CK_ULONG count = 0;
	CK_RV result = CKR_HOST_MEMORY;

	if (!module->initialized) {
		pass_over(tokens, module, "module",
			  module->failure == NULL ? "it does not start" : module->failure);
		return true;
	}
	if (!module_matches(tokens, module, uri))
		return true;
	CLEANUP(cleanup_memory) void *memory = list_slots(module, with_token, &count, &result);
	const CK_SLOT_ID *slots = memory;
	if (slots == NULL)
		pass_over_result(tokens, module, "module", "C_GetSlotList", result);
	else if (count == 0)
		pass_over(tokens, module, "module", "no slot has a token");
	for (CK_ULONG i = 0; slots != NULL && i < count; i++)
		if (!consider_slot(tokens, module, slots[i], uri, with_token, error))
			return false;
	return true;
}

static bool list_tokens(const struct pkcs11_modules *modules, P11KitUri *uri, CK_BBOOL with_token,
			struct pkcs11_tokens *tokens, chronosign_error **error)
{
	*tokens = (struct pkcs11_tokens){0};
	for (size_t i = 0; i < modules->count; i++)
		if (!consider_module(tokens, &modules->list[i], uri, with_token, error)) {
			pkcs11_tokens_free(tokens);
			return false;
		}
	return true;
}

bool pkcs11_tokens_list(const struct pkcs11_modules *modules, P11KitUri *uri,
			struct pkcs11_tokens *tokens, chronosign_error **error)
{
	return list_tokens(modules, uri, CK_TRUE, tokens, error);
}

bool pkcs11_tokens_survey(const struct pkcs11_modules *modules, P11KitUri *uri,
			  struct pkcs11_tokens *tokens, chronosign_error **error)
{
	return list_tokens(modules, uri, CK_FALSE, tokens, error);
}

void pkcs11_tokens_free(struct pkcs11_tokens *tokens)
{
	for (size_t i = 0; i < tokens->count; i++) {
		struct pkcs11_token *token = &tokens->list[i];

		if (token->session != CK_INVALID_HANDLE)
			CRYPTOKI(token->module, C_CloseSession, token->session);
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
