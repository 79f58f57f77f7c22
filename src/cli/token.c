/* `chronoctl token`: fetches the nonce, signs it, and prints the token. */
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/key.h"
#include "cli/output.h"
#include "cli/report.h"

#include <chronosign/nonce.h>

DEFINE_CLEANUP(key, chronosign_key *, chronosign_key_free)
DEFINE_CLEANUP(signer, chronosign_signer *, chronosign_signer_close)
DEFINE_CLEANUP(fetch, chronosign_fetch *, chronosign_fetch_free)

static chronosign_fetch *start_fetch(const struct options *options, chronosign_error **error)
{
	const char *const urls[] = {options->chronograf_url};
	const chronosign_servers servers = {
		.urls = urls,
		.url_count = 1,
		.ca_file = options->ca_file,
		.timeout_seconds = options->timeout,
		.skip_verify = options->skip_verify,
		.verbose = options->verbose,
	};

	return chronosign_fetch_start(&servers, error);
}

/* The token for the one server's nonce. The caller frees it. */
static char *make_token(chronosign_signer *signer, chronosign_fetch *fetch,
			const struct options *options, chronosign_error **error)
{
	chronosign_answer answer;
	char *token = NULL;

	if (!chronosign_fetch_next(fetch, &answer, error)) {
		if (error != NULL && *error == NULL)
			chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
					     "the network process sent no answer");
		return NULL;
	}
	if (options->verbose && answer.trace[0] != '\0')
		report_detail("%s", answer.trace);
	if (answer.error != NULL)
		*error = TAKE(answer.error);
	else
		token = chronosign_token_make(signer, answer.nonce, error);
	chronosign_answer_clear(&answer);
	return token;
}

/* The PIN leaves the environment, then the network process starts, then the key is opened while the
 * nonce travels. */
static char *run(struct options *options, chronosign_error **error)
{
	CLEANUP(cleanup_key) chronosign_key *key = key_from_options(options, error);
	if (key == NULL)
		return NULL;
	CLEANUP(cleanup_fetch) chronosign_fetch *fetch = start_fetch(options, error);
	if (fetch == NULL)
		return NULL;
	CLEANUP(cleanup_signer) chronosign_signer *signer = chronosign_signer_open(key, error);
	if (signer == NULL)
		return NULL;
	return make_token(signer, fetch, options, error);
}

int token_run(struct options *options)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;
	CLEANUP(cleanup_descriptor) int output = output_set_aside();

	if (output < 0)
		return EXIT_OTHER;
	CLEANUP(cleanup_text) char *token = run(options, &error);
	if (token == NULL)
		return report_failure(error);
	return output_write_line(output, token) ? EXIT_DONE : EXIT_OTHER;
}
