/*
 * Fuzzes the exchanges with a list of servers. Whatever comes, and in whatever order, a token is
 * used only if it was signed for that server's own nonce, tried only if it was signed, and signed
 * only as often as the rules allow: a watched server's nonce once, until another one comes or the
 * key is opened anew. The first byte chooses the rules and the number of servers.
 * Then each event is two bytes: which event for which server, and which nonce or how much later.
 */
#include "fuzz.h"

#include "chronograf/exchange_list.h"

#include <string.h>

enum { SERVERS_MAX = 4, NONCES = 4 };

/* What the key process would know if it remembered everything. */
struct history {
	unsigned signatures;
	unsigned refusals;
	bool refused_since; /* the last signature */
	unsigned tries;     /* under way */
	unsigned openings;  /* of the key, anew: each allows one more signature */
	unsigned waits;     /* questions for the next nonce */
	char signed_last; /* what tells the nonce that was signed last; 0: it may be signed again */
	bool waiting;
	int64_t given_until
		[NONCES];    /* when another could no more use it; INT64_MAX: it is at hand */
	int64_t valid_until; /* of the one at hand */
	char at_hand;
};

struct run {
	struct exchange_list list;
	struct history histories[SERVERS_MAX];
	int64_t now;
};

enum { BEGIN = 1000000 };

static void make_nonce(uint8_t choice, char nonce[static UUID_LENGTH + 1])
{
	memcpy(nonce, "00000000-5b3a-4c6d-8e9f-0a1b2c3d4e5f", UUID_LENGTH + 1);
	nonce[0] = (char)('1' + choice % NONCES);
}

/* The token names the nonce and the server that it was made for. */
static char *make_token(size_t server, const char *nonce)
{
	char *token = NULL;

	return asprintf(&token, "%zu:%s", server, nonce) < 0 ? NULL : token;
}

/* No other one has given out its nonce; nor had when that came, where `former`. */
static bool is_alone(const struct run *run, size_t server, bool former)
{
	const struct exchange *exchange = &run->list.exchanges[server];

	for (size_t i = 0; i < run->list.count; i++) {
		int64_t until = run->histories[i].given_until[exchange->nonce[0] - '1'];

		if (i != server && (former ? until > run->now : until == INT64_MAX))
			return false;
	}
	return true;
}

static void remember(struct run *run)
{
	for (size_t i = 0; i < run->list.count; i++) {
		const struct exchange *exchange = &run->list.exchanges[i];
		struct history *history = &run->histories[i];

		if (history->at_hand != '\0')
			history->given_until[history->at_hand - '1'] = history->valid_until;
		if (exchange->nonce[0] != '\0')
			history->given_until[exchange->nonce[0] - '1'] = INT64_MAX;
		history->at_hand = exchange->nonce[0];
		history->valid_until = exchange->valid_until;
	}
}

static void promise_token(const struct run *run, size_t server)
{
	const struct exchange *exchange = &run->list.exchanges[server];
	const char *token = exchange_token(exchange);
	char prefix[8];

	snprintf(prefix, sizeof prefix, "%zu:", server);
	if (token == NULL)
		return;
	PROMISE(run->histories[server].signatures > 0);
	PROMISE(strncmp(token, prefix, strlen(prefix)) == 0);
	PROMISE(strcmp(token + strlen(prefix), exchange->nonce) == 0);
	PROMISE(is_alone(run, server, !run->list.rules.watch));
	PROMISE(!run->list.rules.check || exchange->verdict == VERDICT_ACCEPTED ||
		exchange->verdict == VERDICT_EVERYONE);
}

static void promise_counts(const struct run *run)
{
	size_t open = 0, to_sign = 0, to_try = 0, to_come = 0;

	for (size_t i = 0; i < run->list.count; i++) {
		const struct exchange *exchange = &run->list.exchanges[i];
		const struct history *history = &run->histories[i];

		PROMISE(exchange->state < EXCHANGE_STATES);
		PROMISE(exchange->state != EXCHANGE_TO_TRY || exchange->token != NULL);
		PROMISE(exchange->state != EXCHANGE_SHARED || exchange->token == NULL);
		PROMISE(run->list.rules.watch || history->signatures <= 2);
		PROMISE(run->list.rules.watch || history->signatures <= 1 + history->refusals);
		PROMISE(history->tries <= 1);
		PROMISE(history->waits <= (run->list.rules.min_life > 0 ? 1 : 0));
		PROMISE(!exchange->brief || exchange->waited ||
			exchange->state != EXCHANGE_TO_SIGN);
		/* One at once, one for tolerance, and one in each second since. */
		PROMISE(history->signatures <=
			2 + (uint64_t)(run->now - BEGIN + EXCHANGE_SLACK_MS) / EXCHANGE_PACE_MS +
				history->openings);
		open += !exchange_is_over(exchange);
		to_sign += exchange->state == EXCHANGE_TO_SIGN;
		to_try += exchange->state == EXCHANGE_TO_TRY;
		to_come += exchange->state == EXCHANGE_ASKED_NEXT;
		promise_token(run, i);
	}
	PROMISE(run->list.open == open && run->list.to_sign == to_sign &&
		run->list.to_try == to_try && run->list.to_come == to_come);
}

static void note(struct history *history, enum exchange_event event)
{
	bool verdict = event >= EVENT_ACCEPTED && event <= EVENT_NO_VERDICT;

	if (verdict) {
		PROMISE(history->tries == 1);
		history->tries = 0;
	}
	if (event == EVENT_NOT_ACCEPTED)
		history->refusals++;
	if (event == EVENT_KEY_OPENED) {
		history->openings++;
		history->signed_last = 0;
	}
	if (event == EVENT_RESTARTED)
		history->tries = 0;
}

/* What the network program may send, whether true or not. */
static bool hear(struct run *run, size_t server, enum exchange_event event, uint8_t choice)
{
	char nonce[UUID_LENGTH + 1];
	const struct exchange_news news = {
		.event = event,
		.nonce = nonce,
		.valid_for = choice == 255 ? INT64_MAX : (int64_t)choice - 1,
		.at_least = choice % 3 == 0,
		.age = choice % 5 * INT64_C(400),
		.now = run->now,
	};
	size_t twin;
	struct history *history = &run->histories[server];

	make_nonce(choice, nonce);
	if (event > EVENT_NO_NONCE && (choice & 0x80) != 0)
		memcpy(nonce, run->list.exchanges[server].nonce, sizeof nonce);
	enum exchange_due due = exchange_list_take(&run->list, server, &news, &twin);
	if (due == DUE_MISBEHAVIOUR)
		return false;
	history->waiting = due == DUE_NEXT;
	history->waits += due == DUE_NEXT;
	PROMISE(due != DUE_NEXT || exchange_wait(&run->list.exchanges[server], run->now) <=
					   (run->list.rules.min_life + 2) * INT64_C(1000));
	if (event == EVENT_NONCE && nonce[0] != history->signed_last)
		history->signed_last = 0;
	note(&run->histories[server], event);
	return true;
}

static void serve(struct run *run, bool can_sign)
{
	struct exchange_news news = {.event = can_sign ? EVENT_SIGNED : EVENT_NOT_SIGNED};
	size_t server, twin;
	int64_t when;
	enum exchange_due due = exchange_list_next(&run->list, run->now, true, &server, &when);

	if (due == DUE_NOTHING)
		return;
	const struct exchange *exchange = &run->list.exchanges[server];
	struct history *history = &run->histories[server];
	PROMISE(is_alone(run, server, true));
	PROMISE(!history->waiting);
	PROMISE(!run->list.rules.watch || exchange->valid_until > run->now);
	if (due == DUE_TRIAL) {
		PROMISE(exchange->token != NULL && exchange_list_is_heard(&run->list));
		news.event = EVENT_TRIED;
		history->tries++;
	} else if (can_sign) {
		PROMISE(run->list.rules.watch || history->signatures == 0 ||
			history->refused_since);
		PROMISE(!run->list.rules.watch || history->signed_last != exchange->nonce[0]);
		history->signed_last = exchange->nonce[0];
		news.token = make_token(server, exchange->nonce);
		history->signatures++;
	} else if (run->list.rules.watch) {
		news.event = EVENT_KEY_LOST;
	}
	history->refused_since = false;
	news.now = run->now;
	PROMISE(exchange_list_take(&run->list, server, &news, &twin) != DUE_MISBEHAVIOUR);
}

static void take_all(struct run *run, enum exchange_event event)
{
	const struct exchange_news news = {.event = event, .now = run->now};

	if (!run->list.rules.watch)
		return;
	exchange_list_take_all(&run->list, &news);
	for (size_t i = 0; i < run->list.count; i++)
		note(&run->histories[i], event);
}

static void end_time(struct run *run, size_t server)
{
	const struct exchange_news news = {.event = EVENT_TIME_OVER, .now = run->now};
	size_t twin;

	if (run->list.rules.watch && run->list.exchanges[server].token != NULL)
		exchange_list_take(&run->list, server, &news, &twin);
}

/* False: the network program has misbehaved, which ends the run. */
static bool step(struct run *run, uint8_t first, uint8_t second)
{
	size_t server = (first >> 4) % run->list.count;
	unsigned what = first & 15;

	if (what <= EVENT_NO_VERDICT) {
		bool refused = what == EVENT_NOT_ACCEPTED;
		if (!hear(run, server, (enum exchange_event)what, second))
			return false;
		run->histories[server].refused_since |= refused;
	} else if (what == 6) {
		take_all(run, EVENT_KEY_OPENED);
	} else if (what == 7) {
		take_all(run, EVENT_RESTARTED);
	} else if (what == 8) {
		end_time(run, server);
	} else if (what == 9) {
		run->now += (int64_t)second * 40;
	} else {
		serve(run, what != 10);
	}
	remember(run);
	promise_counts(run);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = {.now = BEGIN};

	if (size == 0)
		return 0;
	const bool watch = (data[0] & 2) != 0;
	const struct exchange_rules rules = {.check = (data[0] & 1) != 0,
					     .watch = watch,
					     .min_life = watch ? 0 : (data[0] >> 4) * 3};
	PROMISE(exchange_list_begin(&run.list, 1 + (data[0] >> 2) % SERVERS_MAX, rules, run.now));
	for (size_t i = 1; i + 1 < size && step(&run, data[i], data[i + 1]); i += 2)
		;
	exchange_list_end(&run.list);
	return 0;
}
