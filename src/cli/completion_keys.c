/* The keys and tokens of this machine for completion, by short URIs where these are unique. */
#include "base/cleanup.h"
#include "cli/completion.h"
#include "cli/key.h"
#include "keystore/key_list.h"

#include <limits.h>
#include <string.h>

DEFINE_CLEANUP(key, struct chronosign_key *, chronosign_key_free)
DEFINE_CLEANUP(list, struct key_list *, key_list_free)

/* A URI, the name of what it finds, and the short form that is offered. */
struct candidate {
	const char *uri;   /* in full */
	const char *label; /* of a key; NULL: it is a token */
	const char *token;
	char *brief; /* by labels alone; NULL if it has none */
};

struct candidates {
	struct candidate *list;
	size_t count;
};

static void cleanup_candidates(struct candidates *all)
{
	for (size_t i = 0; i < all->count; i++)
		free(all->list[i].brief);
	free(all->list);
}

/* ";name=value" in a URI, *length bytes of it; an empty text if it is not there. */
static const char *attribute(const char *uri, const char *name, int *length)
{
	const char *found = strstr(uri, name);

	*length = found == NULL ? 0 : 1 + (int)strcspn(found + 1, ";");
	return found == NULL ? "" : found;
}

/* The URI by the labels of its token and of its key alone. NULL without memory, or if it has not
 * both. */
static char *by_labels(const struct candidate *one)
{
	int token_length;
	int object_length;
	const char *token = attribute(one->uri, ";token=", &token_length);
	const char *object = attribute(one->uri, ";object=", &object_length);
	char *text = NULL;

	if (token_length == 0 || (object_length == 0 && one->label != NULL) ||
	    asprintf(&text, "pkcs11:%.*s%.*s", token_length - 1, token + 1, object_length, object) <
		    0)
		return NULL;
	return text;
}

/* Without its type, which alone tells both halves of a pair apart. */
static size_t length_without_type(const char *uri)
{
	const char *type = strstr(uri, ";type=");

	return type == NULL ? strlen(uri) : (size_t)(type - uri);
}

static bool is_same(const struct candidate *one, const struct candidate *other)
{
	size_t length = length_without_type(one->uri);

	return length == length_without_type(other->uri) &&
	       strncmp(one->uri, other->uri, length) == 0;
}

/* Another object has the same labels. */
static bool is_ambiguous(const struct candidates *all, const struct candidate *one)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].brief != NULL && strcmp(all->list[i].brief, one->brief) == 0 &&
		    !is_same(&all->list[i], one))
			return true;
	return false;
}

static void offer(struct completion *completion, const struct candidates *all,
		  const struct candidate *one, enum value_kind kind)
{
	bool whole = one->brief == NULL || is_ambiguous(all, one);
	size_t length = length_without_type(one->uri);
	CLEANUP(cleanup_text) char *word = NULL;
	CLEANUP(cleanup_text) char *help = NULL;

	if (asprintf(&word, "%.*s%s", whole ? (int)length : INT_MAX, whole ? one->uri : one->brief,
		     kind == VALUE_OBJECT  ? one->uri + length
		     : kind == VALUE_TOKEN ? ";object="
					   : "") < 0)
		word = NULL;
	if (asprintf(&help, "%s%s%stoken '%s'", one->label == NULL ? "" : "key '",
		     one->label == NULL ? "" : one->label, one->label == NULL ? "" : "' in ",
		     one->token) < 0)
		help = NULL;
	if (word != NULL && help != NULL)
		completion_offer(completion, word, help);
}

static void add(struct candidates *all, struct candidate one)
{
	one.brief = by_labels(&one);
	all->list[all->count++] = one;
}

static void collect(struct candidates *all, const struct key_list *keys, enum value_kind kind)
{
	for (size_t i = 0; kind != VALUE_TOKEN && i < keys->key_count; i++) {
		const struct listed_key *key = &keys->keys[i];
		if (key->uri != NULL)
			add(all, (struct candidate){key->uri, key->label, key->token, NULL});
	}
	for (size_t i = 0; kind == VALUE_TOKEN && i < keys->hiding_count; i++) {
		const char *token = strstr(keys->hiding[i], "token=");
		if (token != NULL)
			add(all, (struct candidate){keys->hiding[i], NULL, token + strlen("token="),
						    NULL});
	}
}

void completion_offer_keys(struct completion *completion, struct options *options,
			   enum value_kind kind)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_candidates) struct candidates all = {0};
	char everything[] = "pkcs11:";

	options->no_prompt = true;
	CLEANUP(cleanup_key)
	struct chronosign_key *where = key_from_reference(options, everything, &error);
	CLEANUP(cleanup_list)
	struct key_list *keys = where == NULL ? NULL : key_list_make(where, false, &error);
	if (keys == NULL)
		return;
	all.list = calloc(keys->key_count + keys->hiding_count + 1, sizeof *all.list);
	if (all.list == NULL)
		return;
	collect(&all, keys, kind);
	for (size_t i = 0; i < all.count; i++)
		if (kind == VALUE_OBJECT || i == 0 || !is_same(&all.list[i], &all.list[i - 1]))
			offer(completion, &all, &all.list[i], kind);
}
