/* Opens a key again and again. */
#include "cli/token/watched_key.h"

#include "cli/key.h"
#include "cli/prompt.h"
#include "key/key.h"
#include "signer/backend.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RETRY_FIRST_MS = 1000, RETRY_LONGEST_MS = 30000 };

/* Prompts once, and keeps the answer: nobody may be at the terminal when a token comes back. */
static struct chronosign_secret *ask_once(void *context,
					  const struct chronosign_prompt_request *request,
					  struct chronosign_error **error)
{
	struct watched_key *watched = context;

	if (watched->pin == NULL)
		watched->pin = prompt_for_pin(NULL, request, error);
	if (watched->pin == NULL)
		return NULL;
	return chronosign_secret_new(chronosign_secret_bytes(watched->pin),
				     chronosign_secret_length(watched->pin), error);
}

bool watched_key_prepare(struct watched_key *watched, struct chronosign_key *key,
			 const struct options *options, struct chronosign_error **error)
{
	*watched = (struct watched_key){.key = key};
	srandom((unsigned)getpid());
	if (!options->no_prompt && prompt_possible())
		chronosign_key_set_prompt(key, ask_once, watched);
	return chronosign_key_keep_pin(key, error);
}

bool watched_key_open(struct watched_key *watched, struct chronosign_error **error)
{
	chronosign_signer_close(watched->signer);
	watched->signer = key_open(watched->key, error);
	return watched->signer != NULL;
}

bool watched_key_lose(struct watched_key *watched, int64_t now)
{
	int64_t pause = 0;

	chronosign_signer_close(watched->signer);
	watched->signer = NULL;
	if (watched->failures > 0)
		pause = (int64_t)RETRY_FIRST_MS << (watched->failures - 1);
	if (pause > RETRY_LONGEST_MS)
		pause = RETRY_LONGEST_MS;
	if (watched->failures < 10)
		watched->failures++;
	watched->retry_at = now + pause - pause * (random() % 50) / 100;
	return backend_shows_logins(watched->key) && !key_pin_is_spent(watched->key);
}

void watched_key_release(struct watched_key *watched)
{
	chronosign_signer_close(watched->signer);
	chronosign_secret_free(watched->pin);
}
