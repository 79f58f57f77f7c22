/*
 * The work on one list of servers: takes the next answer from the network process, signs, and puts
 * the result in its place; what is next in order is printed at once.
 */
#include "cli/issue.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/refusal.h"
#include "cli/report.h"

#include <string.h>

typedef enum { WAITING, GOOD, FAILED } result_state;

/* What is kept of a server until its line can be printed: little, for there may be thousands. */
struct result {
	result_state state;
	enum verdict verdict;
	char *token;         /* GOOD, or on trial */
	char *refused_nonce; /* of the first try, if that was refused */
	int64_t valid_until; /* in milliseconds of our clock; -1: unknown */
};

struct issue {
	const struct issue_order *order;
	chronosign_signer *signer;
	struct result *results;
	size_t next; /* to be printed */
	size_t settled;
	size_t failures[EXIT_REFUSED + 1]; /* by exit status */
	bool stopped;
	struct progress progress;
};

/* ---- Results ---- */

static void tell_failure(struct issue *issue, const chronosign_error *error)
{
	progress_clear(&issue->progress);
	issue->failures[report_failure(error)]++;
}

static int64_t seconds_left(const struct result *result)
{
	int64_t left = (result->valid_until - milliseconds()) / 1000;

	if (result->valid_until < 0)
		return -1;
	return left > 0 ? left : 0;
}

static bool print(struct issue *issue, size_t server, chronosign_error **error)
{
	const struct issue_order *order = issue->order;
	const struct result *result = &issue->results[server];
	const struct issued_token token = {
		.url = order->servers->urls[server],
		.token = result->token,
		.key = chronosign_key_name(order->key),
		.valid_for = seconds_left(result),
		.verdict = result->verdict,
	};
	CLEANUP(cleanup_text)
	char *line = token_line(&token, order->form, order->servers->listed, error);

	if (line == NULL)
		return false;
	progress_clear(&issue->progress);
	if (output_write_line(order->output, line))
		return true;
	issue->failures[EXIT_OTHER]++;
	issue->stopped = true;
	return true;
}

/* Prints what no earlier server holds up. */
static void print_ready(struct issue *issue)
{
	size_t count = issue->order->servers->count;

	while (issue->next < count && issue->results[issue->next].state != WAITING) {
		CLEANUP(cleanup_error) chronosign_error *error = NULL;
		struct result *result = &issue->results[issue->next];

		if (result->state == GOOD && !issue->stopped && !print(issue, issue->next, &error))
			tell_failure(issue, error);
		free(TAKE(result->token));
		issue->next++;
	}
}

static void settle(struct issue *issue, size_t server, result_state state)
{
	struct result *result = &issue->results[server];
	size_t count = issue->order->servers->count;

	result->state = state;
	free(TAKE(result->refused_nonce));
	print_ready(issue);
	if (++issue->settled == count)
		network_finish(issue->order->fetch);
	progress_show(&issue->progress, issue->settled, count,
		      issue->failures[EXIT_SERVER] + issue->failures[EXIT_REFUSED]);
}

/* ---- Answers ---- */

static void settle_failed(struct issue *issue, size_t server, const chronosign_error *error)
{
	tell_failure(issue, error);
	settle(issue, server, FAILED);
}

/* What no other server can be spared from: the key, the network process. */
static void fail_for_all(struct issue *issue, const chronosign_error *error)
{
	tell_failure(issue, error);
	issue->stopped = true;
}

static void refuse(struct issue *issue, size_t server, bool nonce_changes)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;

	refusal_set(&error, issue->order->servers->urls[server], nonce_changes);
	settle_failed(issue, server, error);
}

static void settle_good(struct issue *issue, size_t server, enum verdict verdict)
{
	const struct issue_order *order = issue->order;

	issue->results[server].verdict = verdict;
	if (verdict != VERDICT_NONE)
		progress_clear(&issue->progress);
	if (verdict == VERDICT_EVERYONE)
		warn_of_everyone(order->servers->urls[server]);
	if (verdict == VERDICT_ACCEPTED && !order->servers->listed)
		report_detail("the server accepts the token");
	settle(issue, server, GOOD);
}

/* The nonce of a server: signed and, if it is to be checked, sent back on trial. */
static void take_nonce(struct issue *issue, const struct network_answer *answer)
{
	struct result *result = &issue->results[answer->server];
	CLEANUP(cleanup_error) chronosign_error *error = NULL;

	if (result->refused_nonce != NULL && strcmp(result->refused_nonce, answer->nonce) == 0) {
		refuse(issue, answer->server, false);
		return;
	}
	result->valid_until =
		answer->valid_for < 0 ? -1 : milliseconds() + answer->valid_for * 1000;
	result->token = chronosign_token_make(issue->signer, answer->nonce, &error);
	bool check = issue->order->options->check;
	if (result->token == NULL ||
	    (check && !network_try_token(issue->order->fetch, answer->server, answer->nonce,
					 result->token, &error)))
		fail_for_all(issue, error);
	else if (!check)
		settle_good(issue, answer->server, VERDICT_NONE);
}

/* A token that is refused gets one more try, if the nonce was replaced meanwhile. */
static void take_verdict(struct issue *issue, const struct network_answer *answer)
{
	struct result *result = &issue->results[answer->server];
	CLEANUP(cleanup_error) chronosign_error *error = NULL;

	if (answer->verdict != VERDICT_REFUSED) {
		settle_good(issue, answer->server, answer->verdict);
	} else if (result->refused_nonce != NULL) {
		refuse(issue, answer->server, true);
	} else {
		free(TAKE(result->token));
		result->refused_nonce = strdup(answer->nonce);
		if (result->refused_nonce == NULL ||
		    !network_ask_again(issue->order->fetch, answer->server, &error))
			fail_for_all(issue, error);
	}
}

static void take_answer(struct issue *issue, const struct network_answer *answer)
{
	if (issue->order->options->verbose && answer->trace[0] != '\0')
		report_detail("%s", answer->trace);
	if (answer->error != NULL)
		settle_failed(issue, answer->server, answer->error);
	else if (answer->about == NETWORK_ANSWER_CHECK)
		take_verdict(issue, answer);
	else
		take_nonce(issue, answer);
}

static void run(struct issue *issue)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;
	struct network_answer answer;

	while (!issue->stopped && network_next(issue->order->fetch, &answer, &error)) {
		take_answer(issue, &answer);
		network_answer_clear(&answer);
	}
	if (error != NULL)
		fail_for_all(issue, error);
}

/* The gravest failure: the key concerns all servers, and a server that fails may be mended. */
static int judge(struct issue *issue)
{
	static const int by_weight[] = {EXIT_KEY, EXIT_USAGE, EXIT_SERVER, EXIT_REFUSED,
					EXIT_OTHER};
	size_t count = issue->order->servers->count;
	size_t failed = issue->failures[EXIT_SERVER] + issue->failures[EXIT_REFUSED];

	progress_clear(&issue->progress);
	if (issue->order->servers->listed && (failed > 0 || issue->settled < count))
		report_error("%zu of %zu servers failed%s", failed, count,
			     issue->settled < count ? ", and not all were reached" : "");
	for (size_t i = 0; i < sizeof by_weight / sizeof by_weight[0]; i++)
		if (issue->failures[by_weight[i]] > 0)
			return by_weight[i];
	return issue->settled < count ? EXIT_OTHER : EXIT_DONE;
}

int issue_tokens(const struct issue_order *order, chronosign_signer *signer)
{
	size_t count = order->servers->count;
	struct issue issue = {
		.order = order,
		.signer = signer,
		.results = calloc(count, sizeof *issue.results),
		.progress = progress_for(order->servers->listed && !order->options->verbose),
	};

	if (issue.results == NULL) {
		report_error("out of memory");
		return EXIT_OTHER;
	}
	run(&issue);
	for (size_t i = 0; i < count; i++) {
		free(issue.results[i].token);
		free(issue.results[i].refused_nonce);
	}
	free(issue.results);
	return judge(&issue);
}
