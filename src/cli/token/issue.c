/* A round over the servers, with one key; then the lines of those that went well, in the servers' order.
 * They wait for the last answer, which may show that two servers have given out one nonce. */
#include "cli/token/issue.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/key.h"
#include "cli/output.h"
#include "cli/refusal.h"
#include "cli/report.h"
#include "cli/round.h"
#include "cli/token/token_output.h"

struct issue {
	const struct token_order *order;
	struct chronosign_signer *signer;
	struct round round;
	bool key_failed;
	size_t signatures;
	size_t without_signature;          /* nonces that came after the key had failed */
	size_t failures[EXIT_REFUSED + 1]; /* by exit status */
};

static const char *url_of(const struct issue *issue, size_t server)
{
	return issue->order->servers->urls[server];
}

static void tell_failure(struct issue *issue, const struct chronosign_error *error)
{
	issue->failures[report_failure(error)]++;
}

/* ---- The handlers of the round ---- */

/* A key that fails, fails for all servers. Tokens already signed are still awaited. */
static char *sign(void *context, size_t server, const char *nonce)
{
	struct issue *issue = context;
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	char *token = issue->key_failed ? NULL : key_sign(issue->signer, nonce, &error);

	(void)server;
	if (error != NULL)
		tell_failure(issue, error);
	issue->signatures += token != NULL;
	issue->key_failed = token == NULL;
	issue->without_signature += token == NULL;
	issue->round.stopped = issue->signatures == 0;
	return token;
}

static void tell_accepted(const char *url)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(url);

	report_note("%s accepts the token", shown == NULL ? "the server" : shown);
}

static void warn_of_brief_life(const struct issue *issue, size_t server)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(url_of(issue, server));

	report_warning("%s: the token may expire within %u s, although chronoctl waited for the "
		       "next nonce "
		       "(--min-life)",
		       shown == NULL ? "the server" : shown,
		       issue->order->options->min_life.seconds);
}

static void tell_good(struct issue *issue, size_t server)
{
	const struct exchange *exchange = &issue->round.exchanges.exchanges[server];
	enum verdict verdict = exchange->verdict;

	if (exchange->brief)
		warn_of_brief_life(issue, server);
	if (verdict == VERDICT_EVERYONE)
		warn_of_everyone(url_of(issue, server));
	if (verdict == VERDICT_ACCEPTED && !issue->order->servers->listed)
		tell_accepted(url_of(issue, server));
}

static void tell_refusal(struct issue *issue, size_t server, enum exchange_due how)
{
	const struct exchange_list *exchanges = &issue->round.exchanges;
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	if (how == DUE_REFUSED)
		refusal_set(&error, url_of(issue, server), &exchanges->exchanges[server]);
	else
		shared_nonce_set(&error, url_of(issue, server),
				 url_of(issue, exchange_list_twin(exchanges, server)));
	tell_failure(issue, error);
}

static void settled(void *context, size_t server, enum exchange_due how,
		    const struct chronosign_error *error)
{
	struct issue *issue = context;

	if (how == DUE_GOOD)
		tell_good(issue, server);
	else if (how == DUE_REFUSED || how == DUE_SHARED)
		tell_refusal(issue, server, how);
	else if (error != NULL)
		tell_failure(issue, error);
}

static const struct round_handlers handlers = {.sign = sign, .settled = settled};

/* ---- The lines ---- */

static bool print(struct issue *issue, size_t server)
{
	const struct token_order *order = issue->order;
	const struct exchange *exchange = &issue->round.exchanges.exchanges[server];
	const struct issued_token token = {
		.url = url_of(issue, server),
		.token = exchange_token(exchange),
		.key = chronosign_key_name(order->key),
		.valid_for = exchange_seconds_left(exchange, milliseconds()),
		.at_least = exchange->at_least,
		.verdict = (enum verdict)exchange->verdict,
	};
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_text)
	char *line = token_line(&token, order->options->output, order->servers->listed, &error);

	if (line == NULL)
		tell_failure(issue, error);
	if (line == NULL || output_write_line(order->output, line))
		return true;
	issue->failures[EXIT_OTHER]++;
	return false;
}

static void print_all(struct issue *issue)
{
	const struct exchange_list *exchanges = &issue->round.exchanges;

	for (size_t i = 0; i < exchanges->count; i++)
		if (exchange_token(&exchanges->exchanges[i]) != NULL && !print(issue, i))
			return;
}

/* The most serious failure: the key concerns all servers, while a server may recover. */
static int judge(struct issue *issue)
{
	static const int by_weight[] = {EXIT_KEY, EXIT_USAGE, EXIT_SERVER, EXIT_REFUSED,
					EXIT_OTHER};
	size_t failed = issue->failures[EXIT_SERVER] + issue->failures[EXIT_REFUSED];
	bool unreached = issue->round.exchanges.open > 0 || issue->without_signature > 0;

	if (issue->order->servers->listed && (failed > 0 || unreached))
		report_error("%zu of %zu servers failed%s", failed, issue->order->servers->count,
			     unreached ? ", and not all were reached" : "");
	for (size_t i = 0; i < sizeof by_weight / sizeof by_weight[0]; i++)
		if (issue->failures[by_weight[i]] > 0)
			return by_weight[i];
	return EXIT_DONE;
}

/* Nothing from a network program that died or misbehaved is used. */
static int run(struct issue *issue)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	if (round_run(&issue->round, &error)) {
		print_all(issue);
		return judge(issue);
	}
	tell_failure(issue, error);
	judge(issue);
	return (int)chronosign_error_get_kind(error);
}

int issue_tokens(const struct token_order *order, struct chronosign_signer *signer)
{
	struct issue issue = {
		.order = order,
		.signer = signer,
		.round = {.key = chronosign_key_name(order->key),
			  .network = order->network,
			  .servers = order->servers,
			  .options = order->options,
			  .handlers = &handlers,
			  .context = &issue},
	};
	int status = EXIT_OTHER;

	if (round_begin(&issue.round, order->options->check, order->started_at))
		status = run(&issue);
	else
		report_error("out of memory");
	round_end(&issue.round);
	return status;
}
