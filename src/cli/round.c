/* Turns the network program's answers into events of the exchanges, and what is due into requests
 * and calls of handlers. */
#include "cli/round.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/audit.h"
#include "cli/refusal.h"
#include "cli/report.h"
#include "cli/waiting.h"

#include <poll.h>
#include <string.h>

bool round_begin(struct round *round, bool check, int64_t now)
{
	const struct exchange_rules rules = {.check = check,
					     .min_life = round->options->min_life.seconds};

	return exchange_list_begin(&round->exchanges, round->servers->count, rules, now);
}

void round_end(struct round *round)
{
	exchange_list_end(&round->exchanges);
}

/* The progress over several servers. */
static void say(const struct round *round)
{
	const struct exchange_list *exchanges = &round->exchanges;

	if (exchanges->count > 1)
		waiting_say("%zu of %zu servers, %zu failed%s", exchanges->count - exchanges->open,
			    exchanges->count, round->failed,
			    exchanges->to_come > 0 ? "; waiting for next nonces" : "");
}

static void settle(struct round *round, size_t server, enum exchange_due how,
		   const struct chronosign_error *error)
{
	if (how < DUE_GOOD)
		return;
	round->handlers->settled(round->context, server, how, error);
	round->failed += how != DUE_GOOD;
	say(round);
}

/* Shown as what is waited for, and reported with --verbose. */
static void tell_next(struct round *round, size_t server, int64_t wait_ms)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(round->servers->urls[server]);
	unsigned min_life = round->exchanges.rules.min_life;

	if (round->options->verbose)
		report_detail(
			"waiting for the next nonce of %s for %lld s at most, since this one may "
			"end within %u s (--min-life)",
			shown == NULL ? "the server" : shown, (long long)(wait_ms + 999) / 1000,
			min_life);
	if (round->exchanges.count == 1)
		round->before_next = servers_wait_next(round->servers, round->options);
}

static bool wait_for_next(struct round *round, size_t server, int64_t now,
			  struct chronosign_error **error)
{
	const struct exchange *exchange = &round->exchanges.exchanges[server];
	int64_t wait_ms = exchange_wait(exchange, now);

	tell_next(round, server, wait_ms);
	say(round);
	return network_ask_next(round->network, server, exchange->nonce, wait_ms, error);
}

static bool take_answer(struct round *round, struct network_answer *answer,
			struct chronosign_error **error)
{
	const struct exchange_news news = servers_news(answer, milliseconds());
	size_t twin;
	bool was_next = round->exchanges.to_come > 0;
	enum exchange_due due = exchange_list_take(&round->exchanges, answer->server, &news, &twin);

	if (was_next && round->exchanges.count == 1)
		waiting_end(&round->before_next);
	if (due == DUE_MISBEHAVIOUR) {
		misbehaviour_set(error, round->servers->urls[answer->server],
				 &round->exchanges.exchanges[answer->server], news.event);
		return network_refuse(round->network, error);
	}
	audit_answer(round->key, round->servers->urls[answer->server], answer);
	if (round->handlers->heard != NULL)
		round->handlers->heard(round->context, answer);
	if (due == DUE_QUESTION)
		return network_ask_again(round->network, answer->server, error);
	if (due == DUE_NEXT)
		return wait_for_next(round, answer->server, news.now, error);
	settle(round, answer->server, due, answer->error);
	if (twin != answer->server)
		settle(round, twin, DUE_SHARED, NULL);
	return true;
}

/* No further answer will come. Always returns false. */
static bool ended(struct chronosign_error **error)
{
	return *error != NULL ? false
			      : chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
						     "the network process has ended early");
}

static bool listen_once(struct round *round, struct chronosign_error **error)
{
	struct network_answer answer;

	if (!network_next(round->network, &answer, error))
		return ended(error);
	if (round->options->verbose && answer.trace[0] != '\0')
		report_trace(answer.trace);
	bool good = take_answer(round, &answer, error);
	network_answer_clear(&answer);
	return good;
}

static void sign(struct round *round, size_t server)
{
	struct exchange_news news = {.event = EVENT_SIGNED};
	size_t twin;

	const char *nonce = round->exchanges.exchanges[server].nonce;
	const struct audit_signature signature = {.key = round->key,
						  .server = round->servers->urls[server],
						  .nonce = nonce,
						  .to_be_tried = round->exchanges.rules.check};

	news.token = round->handlers->sign(round->context, server, nonce);
	if (news.token == NULL)
		news.event = EVENT_NOT_SIGNED;
	else
		audit_signed(&signature);
	news.now = milliseconds();
	settle(round, server, exchange_list_take(&round->exchanges, server, &news, &twin), NULL);
}

static bool try_token(struct round *round, size_t server, struct chronosign_error **error)
{
	const struct exchange_news tried = {.event = EVENT_TRIED, .now = milliseconds()};
	const struct exchange *exchange = &round->exchanges.exchanges[server];
	size_t twin;

	if (!network_try_token(round->network, server, exchange->nonce, exchange->token, error))
		return false;
	exchange_list_take(&round->exchanges, server, &tried, &twin);
	return true;
}

/* Sends a token to be tried if there is room for it. Otherwise it reads answers: two processes
 * that only send would wait for each other. */
static bool try_or_listen(struct round *round, size_t server, struct chronosign_error **error)
{
	struct pollfd room = {.fd = network_descriptor(round->network), .events = POLLOUT};

	return poll(&room, 1, 0) == 1 && room.revents == POLLOUT ? try_token(round, server, error)
								 : listen_once(round, error);
}

bool round_run(struct round *round, struct chronosign_error **error)
{
	CLEANUP(waiting_end)
	struct waiting before = servers_wait(round->servers, round->options);

	say(round);
	while (round->exchanges.open > 0 && !round->stopped) {
		size_t server;
		int64_t when;
		bool good = true;

		switch (exchange_list_next(&round->exchanges, milliseconds(), true, &server,
					   &when)) {
		case DUE_SIGNATURE:
			sign(round, server);
			break;
		case DUE_TRIAL:
			good = try_or_listen(round, server, error);
			break;
		default:
			good = listen_once(round, error);
			break;
		}
		if (!good)
			return false;
	}
	return true;
}
