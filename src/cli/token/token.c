/* `chronoctl token`: from options to a network process and an open key. issue.c and watch.c sign
 * the nonces. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/key.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/report.h"
#include "cli/servers.h"
#include "cli/supervisor.h"
#include "cli/token/issue.h"
#include "cli/token/nonce_by_hand.h"
#include "cli/token/watch.h"
#include "key/key.h"

static bool check_rights(const struct options *options, struct chronosign_error **error)
{
	return (options->out_mode == 0 && options->out_group == NULL) ||
	       options->out_file != NULL ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "--out-mode and --out-group are the rights of --out-file FILE, "
				    "and none is given");
}

static bool check_options(const struct options *options, struct chronosign_error **error)
{
	if (options->watch != (options->out_file != NULL))
		return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
					    "--watch and --out-file FILE go together: a file that "
					    "nobody keeps would hold a stale token");
	return !(options->watch && options->min_life.by_flag) ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "--watch and --min-life exclude each other: --watch replaces "
				    "each token as soon as its nonce ends");
}

/* A shell that evaluates several lines keeps only the last token, whichever server's that is. */
static bool check_form(const struct options *options, const struct servers *servers,
		       struct chronosign_error **error)
{
	return options->output != FORM_ENV || servers->count == 1 ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "-o env is for one server, and %zu are given: a shell would "
				    "keep the last token alone; use -o token or -o json",
				    servers->count);
}

/* The network program until it has taken its job. */
struct start {
	struct network *network;
	const struct servers *servers;
	bool warned;
};

/* A URL that is invalid is an error, and no warning about its scheme stands before that. */
static bool await(struct start *start, struct chronosign_error **error)
{
	if (!network_await(start->network, error))
		return false;
	if (!start->warned)
		servers_warn_of_http(start->servers);
	start->warned = true;
	return true;
}

/* Nobody should type a PIN if a URL is invalid. */
static struct chronosign_secret *ask(void *context, const struct chronosign_prompt_request *request,
				     struct chronosign_error **error)
{
	return await(context, error) ? prompt_for_pin(NULL, request, error) : NULL;
}

/* A try of the PIN that was lost is said in any case, and first: the next run would cost one more. Always returns NULL. */
static struct chronosign_signer *tell_login(struct chronosign_error **of_key,
					    struct chronosign_error **error)
{
	if (*of_key != NULL && error_is_of_login(*of_key)) {
		error_append(of_key, "%s", chronosign_error_message(*error));
		chronosign_error_free(TAKE(*error));
		error_move(error, of_key);
	}
	return NULL;
}

/* While the network program starts and fetches the nonces. Its errors about the servers come
 * first. */
static struct chronosign_signer *open_key(struct chronosign_key *key, struct start *start,
					  struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *of_key = NULL;

	if (key->prompt != NULL)
		chronosign_key_set_prompt(key, ask, start);
	CLEANUP(cleanup_signer)
	struct chronosign_signer *signer = key_open(key, &of_key);
	if (!await(start, error))
		return tell_login(&of_key, error);
	if (signer == NULL)
		error_move(error, &of_key);
	return TAKE(signer);
}

/* The PIN leaves the environment, then the network program starts, then the key is opened. */
static int run(struct options *options, const struct servers *servers, int output,
	       struct chronosign_error **error)
{
	CLEANUP(cleanup_key) struct chronosign_key *key = key_from_options(options, error);
	if (key == NULL || (options->watch && !watch_clear_file(options->kept_file, key, error)))
		return EXIT_OTHER;
	bool requests = options->check || options->min_life.seconds > 0;
	int64_t started_at = milliseconds();
	CLEANUP(cleanup_network)
	struct network *network =
		servers_ask(servers, options, requests ? ASK_WITH_REQUESTS : ASK_ONCE, error);
	if (network == NULL)
		return EXIT_OTHER;
	const struct token_order order = {options, servers, key, network, started_at, output};
	struct start start = {network, servers, false};

	if (options->watch)
		return await(&start, error) ? watch_servers(&order) : EXIT_OTHER;
	CLEANUP(cleanup_signer)
	struct chronosign_signer *signer = open_key(key, &start, error);
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
	if (!check_rights(options, &error))
		return report_failure(error);
	if (nonce_by_hand_is_given(options)) {
		int status = nonce_by_hand_sign(options, output, &error);
		return error == NULL ? status : report_failure(error);
	}
	if (!check_options(options, &error) || !servers_from_options(options, &servers, &error) ||
	    !check_form(options, &servers, &error))
		return report_failure(error);
	int status = run(options, &servers, output, &error);
	return error == NULL ? status : report_failure(error);
}
