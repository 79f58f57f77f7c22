/* The keys and tokens of this machine for completion, by URIs as short as is unique. */
#include "base/cleanup.h"
#include "cli/completion.h"
#include "cli/key.h"

#include <chronosign/keystore.h>
#include <string.h>

DEFINE_CLEANUP(key, chronosign_key *, chronosign_key_free)
DEFINE_CLEANUP(list, chronosign_key_list *, chronosign_key_list_free)

static const char scheme[] = "pkcs11:";

/* The attributes of a short URI, the next one where those before it leave several. */
static const char *const attributes[] = {"token", "object", "id", "serial"};
enum { ATTRIBUTES = sizeof attributes / sizeof attributes[0], FEWEST = 2 };

/* The attribute in the URI, "name=value" of *length bytes; NULL if it is not there. */
static const char *find_attribute(const char *uri, const char *name, size_t *length)
{
	for (const char *part = uri + strlen(scheme); *part != '\0';
	     part += *length + (part[*length] == ';')) {
		*length = strcspn(part, ";");
		if (strncmp(part, name, strlen(name)) == 0 && part[strlen(name)] == '=')
			return part;
	}
	return NULL;
}

/* The URI by its first `count` attributes. NULL without memory. */
static char *shorten(const char *uri, size_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	const char *separator = scheme;

	for (size_t i = 0; memory != NULL && i < count; i++) {
		size_t length;
		const char *part = find_attribute(uri, attributes[i], &length);

		if (part == NULL)
			continue;
		fprintf(memory, "%s%.*s", separator, (int)length, part);
		separator = ";";
	}
	if (memory != NULL)
		fclose(memory);
	return text;
}

/* A URI, the name of what it finds, and the short form that is offered. */
struct candidate {
	const char *uri;
	const char *label; /* of a key; NULL: it is a token */
	const char *token;
	char *brief;
	char *trial;
};

struct candidates {
	struct candidate *list;
	size_t count;
};

static void cleanup_candidates(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++) {
		free(candidates->list[i].brief);
		free(candidates->list[i].trial);
	}
	free(candidates->list);
}

/* The length of a URI without its type, which alone tells both halves of a pair apart. */
static size_t length_without_type(const char *uri)
{
	const char *type = strstr(uri, ";type=");

	return type == NULL ? strlen(uri) : (size_t)(type - uri);
}

static bool is_same(const char *one, const char *other)
{
	size_t length = length_without_type(one);

	return length == length_without_type(other) && strncmp(one, other, length) == 0;
}

static bool is_unique(const struct candidates *all, const struct candidate *candidate)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->list[i].trial, candidate->trial) == 0 &&
		    !is_same(all->list[i].uri, candidate->uri))
			return false;
	/* Without its label, a key is found by its id alone. */
	return candidate->label == NULL || strstr(candidate->trial, "object=") != NULL ||
	       strstr(candidate->trial, "id=") != NULL;
}

/* Gives each its short form, by as many attributes as it needs; without memory some have none. */
static void shorten_all(struct candidates *all)
{
	for (size_t count = FEWEST; count <= ATTRIBUTES; count++) {
		for (size_t i = 0; i < all->count; i++) {
			free(all->list[i].trial);
			all->list[i].trial = shorten(all->list[i].uri, count);
			if (all->list[i].trial == NULL)
				return;
		}
		for (size_t i = 0; i < all->count; i++)
			if (all->list[i].brief == NULL && is_unique(all, &all->list[i]))
				all->list[i].brief = strdup(all->list[i].trial);
	}
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].brief == NULL)
			all->list[i].brief =
				strndup(all->list[i].uri, length_without_type(all->list[i].uri));
}

static bool was_offered(const struct candidates *all, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (all->list[i].brief != NULL &&
		    strcmp(all->list[i].brief, all->list[index].brief) == 0)
			return true;
	return false;
}

static void offer_one(struct completion *completion, const struct candidate *one,
		      enum completion_keys what)
{
	CLEANUP(cleanup_text) char *word = NULL;
	CLEANUP(cleanup_text) char *help = NULL;
	const char *end = what == COMPLETION_OBJECTS  ? one->uri + length_without_type(one->uri)
			  : what == COMPLETION_TOKENS ? ";object="
						      : "";

	if (asprintf(&word, "%s%s", one->brief, end) < 0)
		word = NULL;
	if ((one->label == NULL
		     ? asprintf(&help, "token '%s'", one->token)
		     : asprintf(&help, "key '%s' in token '%s'", one->label, one->token)) < 0)
		help = NULL;
	if (word != NULL && help != NULL)
		completion_offer(completion, word, help);
}

static size_t collect(const chronosign_key_list *keys, struct candidate *list,
		      enum completion_keys what)
{
	size_t count = 0;

	for (size_t i = 0; what != COMPLETION_TOKENS && i < keys->key_count; i++) {
		const chronosign_listed_key *key = &keys->keys[i];
		if (key->uri != NULL)
			list[count++] =
				(struct candidate){key->uri, key->label, key->token, NULL, NULL};
	}
	for (size_t i = 0; what == COMPLETION_TOKENS && i < keys->hiding_count; i++) {
		size_t length;
		const char *token = find_attribute(keys->hiding[i], "token", &length);
		if (token != NULL)
			list[count++] = (struct candidate){keys->hiding[i], NULL,
							   token + strlen("token="), NULL, NULL};
	}
	return count;
}

void completion_offer_keys(struct completion *completion, struct options *options,
			   enum completion_keys what)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;
	CLEANUP(cleanup_candidates) struct candidates all = {0};
	char everything[] = "pkcs11:";

	options->no_prompt = true;
	CLEANUP(cleanup_key)
	chronosign_key *where = key_from_reference(options, everything, &error);
	CLEANUP(cleanup_list)
	chronosign_key_list *keys =
		where == NULL ? NULL : chronosign_key_list_make(where, false, &error);
	if (keys == NULL)
		return;
	all.list = calloc(keys->key_count + keys->hiding_count + 1, sizeof *all.list);
	if (all.list == NULL)
		return;
	all.count = collect(keys, all.list, what);
	shorten_all(&all);
	for (size_t i = 0; i < all.count; i++)
		if (all.list[i].brief != NULL &&
		    (what == COMPLETION_OBJECTS || !was_offered(&all, i)))
			offer_one(completion, &all.list[i], what);
}
