/* Sets of attributes, tried from the smallest on; p11-kit tells what each would find. */
#include "pkcs11/short_uri.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

DEFINE_CLEANUP(uri, P11KitUri *, p11_kit_uri_free)

/* What can tell a token from another; what comes first is better, but for a label that is not empty. */
enum {
	SERIAL = 1 << 0,
	MODEL = 1 << 1,
	MANUFACTURER = 1 << 2,
	LABEL = 1 << 3,
	MODULE = 1 << 4,
	SLOT = 1 << 5,
	ALL = (1 << 6) - 1,
	ASKED = 1 << 6, /* what the user's URI says of module, slot and library stays */
	ITSELF = LABEL | SERIAL | MODEL | MANUFACTURER,
};

/* A token's location identifies it less well than its own attributes, so it costs more than all
 * of these. */
static unsigned cost(unsigned set)
{
	return (unsigned)__builtin_popcount(set & ITSELF) + ((set & MODULE) != 0 ? 5 : 0) +
	       ((set & SLOT) != 0 ? 6 : 0);
}

enum { COST_MAX = 15 };

/* ---- A URI of a set ---- */

/* True if there may be tokens that were not even asked who they are. */
static bool slots_left_out(const struct pkcs11_tokens *tokens)
{
	for (size_t i = 0; i < tokens->passed_over_count; i++)
		if (tokens->passed_over[i].by_uri)
			return true;
	return false;
}

/* What stays of the user's URI: there may be no other way to the token, or another token there. */
static void keep_asked(P11KitUri *uri, P11KitUri *asked, bool place)
{
	if (p11_kit_uri_get_module_path(asked) != NULL)
		p11_kit_uri_set_module_path(uri, p11_kit_uri_get_module_path(asked));
	if (p11_kit_uri_get_module_name(asked) != NULL)
		p11_kit_uri_set_module_name(uri, p11_kit_uri_get_module_name(asked));
	if (!place)
		return;
	p11_kit_uri_set_slot_id(uri, p11_kit_uri_get_slot_id(asked));
	*p11_kit_uri_get_slot_info(uri) = *p11_kit_uri_get_slot_info(asked);
	*p11_kit_uri_get_module_info(uri) = *p11_kit_uri_get_module_info(asked);
}

/* By its name, if it is registered under one. */
static void add_module(P11KitUri *uri, const struct pkcs11_module *module)
{
	CLEANUP(cleanup_text) char *name = p11_kit_module_get_name(module->functions);

	if (name != NULL)
		p11_kit_uri_set_module_name(uri, name);
	else
		p11_kit_uri_set_module_path(uri, module->name);
}

static P11KitUri *make(const struct pkcs11_token *token, unsigned set)
{
	P11KitUri *uri = p11_kit_uri_new();

	if (uri == NULL)
		return NULL;
	CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(uri);
	if ((set & LABEL) != 0)
		memcpy(info->label, token->info.label, sizeof info->label);
	if ((set & SERIAL) != 0)
		memcpy(info->serialNumber, token->info.serialNumber, sizeof info->serialNumber);
	if ((set & MODEL) != 0)
		memcpy(info->model, token->info.model, sizeof info->model);
	if ((set & MANUFACTURER) != 0)
		memcpy(info->manufacturerID, token->info.manufacturerID,
		       sizeof info->manufacturerID);
	if ((set & ASKED) != 0 && token->asked != NULL)
		keep_asked(uri, token->asked, token->asked_place);
	if ((set & MODULE) != 0)
		add_module(uri, token->module);
	if ((set & SLOT) != 0)
		p11_kit_uri_set_slot_id(uri, token->slot);
	return uri;
}

static char *text_of(P11KitUri *made, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	CLEANUP(cleanup_uri) P11KitUri *uri = made;
	char *text = NULL;

	for (CK_ULONG i = 0; uri != NULL && i < count; i++)
		if (p11_kit_uri_set_attribute(uri, &attributes[i]) != P11_KIT_URI_OK)
			return NULL;
	return uri != NULL && p11_kit_uri_format(uri, P11_KIT_URI_FOR_ANY, &text) == P11_KIT_URI_OK
		       ? text
		       : NULL;
}

/* A label that is left to write comes last. */
static int turn_of(const char *attribute)
{
	bool is_label = strncmp(attribute, "object=", 7) == 0 && strcspn(attribute, ";") > 7;

	return strncmp(attribute, "token=", 6) == 0 ? 0 : is_label ? 1 : 2;
}

/* The labels before what else tells them apart: to read, and to complete what is begun by hand. No value
 * has a ';' or '?' of its own (RFC 7512 §2.3). Frees the text. */
static char *labels_first(char *owned)
{
	CLEANUP(cleanup_text) char *text = owned;
	CLEANUP(cleanup_text) char *sorted = NULL;
	char *query = text == NULL ? NULL : strchr(text, '?');

	if (text == NULL)
		return NULL;
	if (query != NULL)
		*query++ = '\0';
	for (int turn = 0; turn < 3; turn++)
		for (const char *piece = text + strlen("pkcs11:"); *piece != '\0';) {
			int length = (int)strcspn(piece, ";");
			if (turn_of(piece) == turn)
				text_append(&sorted, "%c%.*s", sorted == NULL ? ':' : ';', length,
					    piece);
			piece += piece[length] == ';' ? length + 1 : length;
		}
	return text_format("pkcs11%s%s%s", sorted == NULL ? ":" : sorted, query == NULL ? "" : "?",
			   query == NULL ? "" : query);
}

char *short_uri_with(const struct pkcs11_token *token, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	return labels_first(text_of(make(token, token->told_by), attributes, count));
}

char *short_uri_in_full(const struct pkcs11_token *token, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	return text_of(make(token, token->told_by | ITSELF), attributes, count);
}

/* What a URI says of the object. */
static CK_ULONG said_of_object(P11KitUri *asked, CK_ATTRIBUTE attributes[static 3])
{
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_CLASS, CKA_ID, CKA_LABEL};
	CK_ULONG count = 0;

	for (size_t i = 0; i < 3; i++) {
		const CK_ATTRIBUTE *said = p11_kit_uri_get_attribute(asked, types[i]);
		if (said != NULL)
			attributes[count++] = *said;
	}
	return count;
}

char *short_uri_as_asked(const struct pkcs11_token *token, P11KitUri *asked)
{
	CK_ATTRIBUTE attributes[3];

	return short_uri_with(token, attributes, said_of_object(asked, attributes));
}

char *short_uri_for_library(const struct pkcs11_token *token, P11KitUri *asked)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE attributes[4];
	CK_ULONG count = said_of_object(asked, attributes);

	attributes[count++] = (CK_ATTRIBUTE){CKA_CLASS, &class, sizeof class};
	return text_of(make(token, ITSELF), attributes, count);
}

/* ---- Which set ---- */

/* Whether the URI of the set would find that other token, too. */
static bool finds(P11KitUri *uri, const struct pkcs11_token *token, unsigned set,
		  const struct pkcs11_token *other)
{
	return ((set & MODULE) == 0 || other->module == token->module) &&
	       ((set & SLOT) == 0 || other->slot == token->slot) &&
	       p11_kit_uri_match_token_info(uri, &other->info) == 1;
}

/* Of all that were seen, whether the user's URI means them or not. */
static struct pkcs11_token *seen(const struct pkcs11_tokens *tokens, size_t i)
{
	return i < tokens->count ? &tokens->list[i] : &tokens->others[i - tokens->count];
}

static bool is_alone(const struct pkcs11_tokens *tokens, const struct pkcs11_token *token,
		     unsigned set)
{
	CLEANUP(cleanup_uri) P11KitUri *uri = make(token, set);

	for (size_t i = 0; uri != NULL && i < tokens->count + tokens->other_count; i++)
		if (seen(tokens, i) != token && finds(uri, token, set, seen(tokens, i)))
			return false;
	return uri != NULL;
}

static unsigned least_set(const struct pkcs11_tokens *tokens, const struct pkcs11_token *token)
{
	const CK_TOKEN_INFO *info = &token->info;
	unsigned needed = p11_kit_space_strlen(info->label, sizeof info->label) > 0 ? LABEL : 0;

	for (unsigned limit = cost(needed); limit <= COST_MAX; limit++)
		for (unsigned set = 0; set <= ALL; set++)
			if (cost(set) == limit && (set & needed) == needed &&
			    is_alone(tokens, token, set))
				return set | ASKED;
	return ALL | ASKED;
}

bool short_uri_name_tokens(struct pkcs11_tokens *tokens, P11KitUri *asked,
			   struct chronosign_error **error)
{
	bool place = slots_left_out(tokens);

	for (size_t i = 0; i < tokens->count + tokens->other_count; i++) {
		struct pkcs11_token *token = seen(tokens, i);
		token->asked = i < tokens->count ? asked : NULL;
		token->asked_place = place;
		token->told_by = least_set(tokens, token);
		token->uri = short_uri_with(token, NULL, 0);
		token->shown = token->told_by == (LABEL | ASKED) ? token->label : token->uri;
		if (token->uri == NULL)
			return error_out_of_memory(error);
	}
	return true;
}
