/* `chronoctl token`: from options to a network process and an open key. What is done with the nonces
 * is issue.c's and watch.c's. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/key.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/servers.h"
#include "cli/supervisor.h"
#include "cli/token/issue.h"
#include "cli/token/nonce_by_hand.h"
#include "cli/token/watch.h"

DEFINE_CLEANUP(key, struct chronosign_key *, chronosign_key_free)
DEFINE_CLEANUP(signer, struct chronosign_signer *, chronosign_signer_close)
DEFINE_CLEANUP(network, struct network *, network_free)

static bool check_options(const struct options *options, struct chronosign_error **error)
{
	if (options->watch != (options->out_file != NULL))
		return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
					    "--watch and --out-file FILE go together: a file that "
					    "nobody keeps would hold a stale token");
	return true;
}

/* A shell that evaluates several lines has the last token alone, whichever server's that is. */
static bool check_form(const struct options *options, const struct servers *servers,
		       struct chronosign_error **error)
{
	return options->output != FORM_ENV || servers->count == 1 ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "-o env is for one server, and %zu are given: a shell would "
				    "keep the last token alone; use -o token or -o json",
				    servers->count);
}

/* The PIN leaves the environment, then the network process starts, then the key is opened while the
 * nonces travel. */
static int run(struct options *options, const struct servers *servers, int output,
	       struct chronosign_error **error)
{
	CLEANUP(cleanup_key) struct chronosign_key *key = key_from_options(options, error);
	if (key == NULL)
		return EXIT_OTHER;
	int64_t started_at = milliseconds();
	CLEANUP(cleanup_network)
	struct network *network =
		servers_ask(servers, options, options->check ? ASK_WITH_TRIALS : ASK_ONCE, error);
	if (network == NULL)
		return EXIT_OTHER;
	const struct token_order order = {options, servers, key, network, started_at, output};

	if (options->watch)
		return watch_servers(&order);
	CLEANUP(cleanup_signer)
	struct chronosign_signer *signer = chronosign_signer_open(key, error);
	if (signer == NULL)
		return EXIT_OTHER;
	int status = issue_tokens(&order, signer);
	supervisor_set_outcome(options->supervisor, status);
	return status;
}

int token_run(struct options *options)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_descriptor) int output = output_set_aside();
	CLEANUP(servers_free) struct servers servers = {0};

	if (output < 0)
		return EXIT_OTHER;
	if (nonce_by_hand_is_given(options)) {
		int status = nonce_by_hand_sign(options, output, &error);
		return error == NULL ? status : report_failure(error);
	}
	if (!check_options(options, &error) || !servers_from_options(options, &servers, &error) ||
	    !check_form(options, &servers, &error))
		return report_failure(error);
	servers_warn_of_http(&servers);
	int status = run(options, &servers, output, &error);
	return error == NULL ? status : report_failure(error);
}
