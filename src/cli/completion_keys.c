/* The keys and tokens of this machine for completion. */
#include "base/cleanup.h"
#include "base/text.h"
#include "cli/completion.h"
#include "cli/key.h"
#include "keystore/key_list.h"
#include <string.h>

DEFINE_CLEANUP(key, struct chronosign_key *, chronosign_key_free)
DEFINE_CLEANUP(list, struct key_list *, key_list_free)

static void offer(struct completion *completion, const char *uri, const char *end, char *help)
{
	CLEANUP(cleanup_text) char *word = text_format("%s%s", uri, end);
	CLEANUP(cleanup_text) char *said = help;

	if (word != NULL && said != NULL)
		completion_offer(completion, word, said);
}

void completion_offer_keys(struct completion *completion, struct options *options, bool tokens)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	char everything[] = "pkcs11:";

	options->no_prompt = true;
	CLEANUP(cleanup_key)
	struct chronosign_key *where = key_from_reference(options, everything, &error);
	CLEANUP(cleanup_list)
	struct key_list *list = where == NULL ? NULL : key_list_make(where, false, &error);
	for (size_t i = 0; list != NULL && !tokens && i < list->key_count; i++)
		if (list->keys[i].uri != NULL)
			offer(completion, list->keys[i].uri, "",
			      text_format("key '%s' in token '%s'", list->keys[i].label,
					  list->keys[i].token));
	for (size_t i = 0; list != NULL && tokens && i < list->hiding_count; i++)
		offer(completion, list->hiding[i].uri,
		      strchr(list->hiding[i].uri, '?') == NULL ? ";object=" : "",
		      text_format("token '%s'", list->hiding[i].label));
}
