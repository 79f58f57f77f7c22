/* What an event is to the table of states, and what it changes besides. */
#include "chronograf/exchange.h"

#include "base/cleanup.h"
#include "chronograf/exchange_table.h"

#include <string.h>

void exchange_begin(struct exchange *exchange, int64_t now)
{
	*exchange = (struct exchange){
		.state = EXCHANGE_ASKED,
		.nonce_from = now - (int64_t)EXCHANGE_NONCES_TO_SPARE * EXCHANGE_NONCE_EVERY_MS,
	};
}

void exchange_end(struct exchange *exchange)
{
	free(TAKE(exchange->token));
}

/* ---- What an event is to the table ---- */

static bool has_late_trial(const struct exchange *exchange)
{
	return exchange->state == EXCHANGE_OUTDATED || exchange->state == EXCHANGE_SHARED_ON_TRIAL;
}

static bool is_expired(const struct exchange *exchange)
{
	return exchange->state >= EXCHANGE_EXPIRED && exchange->state <= EXCHANGE_EXPIRED_ON_TRIAL;
}

/* What the audit trail shows of a nonce, and all that is kept of one that is no longer at hand. */
static uint32_t first_digits(const char *nonce)
{
	return (uint32_t)strtoul(nonce, NULL, 16);
}

static enum exchange_event refine_verdict(const struct exchange *exchange,
					  const struct exchange_news *news)
{
	if (has_late_trial(exchange) && exchange->tried != first_digits(news->nonce))
		return EVENT_OTHER_VERDICT;
	if (has_late_trial(exchange))
		return news->event == EVENT_NO_VERDICT ? EVENT_NO_VERDICT : EVENT_LATE_VERDICT;
	if (strcmp(exchange->nonce, news->nonce) != 0)
		return EVENT_OTHER_VERDICT;
	/* The server may have replaced the nonce in between: that does not count as a refusal. */
	if (news->event == EVENT_NOT_ACCEPTED && is_expired(exchange))
		return EVENT_LATE_VERDICT;
	if (news->event == EVENT_NOT_ACCEPTED && exchange->refusals > 0)
		return EVENT_REFUSED_AGAIN;
	return news->event;
}

/* Signatures are deterministic: the same token again needs no new trial. */
static bool is_fit_already(const struct exchange *exchange, const char *token)
{
	return exchange->token != NULL && strcmp(exchange->token, token) == 0;
}

/* How long it lives at least from `now`, in milliseconds; -1: unknown. */
static int64_t life_left(const struct exchange_news *news)
{
	int64_t seconds =
		news->valid_for < EXCHANGE_LONGEST_LIFE ? news->valid_for : EXCHANGE_LONGEST_LIFE;

	if (seconds < 0)
		return -1;
	return seconds * 1000 > news->age ? seconds * 1000 - news->age : 0;
}

static bool has_ended(const struct exchange_news *news)
{
	return life_left(news) == 0 && !news->at_least;
}

/* A server replaces a nonce at its end. If it is handed out later, or was before, what it says of an end is not
 * Chronograf's: a proxy forbids caching by an Expires of now. */
static bool is_untold(const struct exchange *exchange, const struct exchange_news *news, bool same)
{
	bool late = news->now - news->age >= exchange->lives_until + EXCHANGE_GRACE_MS;

	return has_ended(news) && (exchange->end_untold || (same && exchange->life_known && late));
}

/* Of whole seconds that were cut off, one more has to be left. */
static bool is_brief(const struct exchange_rules *rules, const struct exchange_news *news)
{
	int64_t left = life_left(news);

	return rules->min_life > 0 && left >= 0 &&
	       left <= (int64_t)rules->min_life * 1000 + EXCHANGE_GRACE_MS;
}

static enum exchange_event refine_nonce(const struct exchange *exchange,
					const struct exchange_rules *rules,
					const struct exchange_news *news)
{
	if (strcmp(exchange->nonce, news->nonce) == 0)
		return is_expired(exchange) && has_ended(news) && !is_untold(exchange, news, true)
			       ? EVENT_ENDED_NONCE
			       : EVENT_SAME_NONCE;
	if (news->of_other)
		return EVENT_NONCE_OF_OTHER;
	if (exchange->refusals > 0 && exchange->tried == first_digits(news->nonce) &&
	    exchange->state == EXCHANGE_ASKED_NEXT)
		return EVENT_REFUSED_NONCE;
	return is_brief(rules, news) && !exchange->waited ? EVENT_BRIEF_NONCE : EVENT_NONCE;
}

static enum exchange_event refine(const struct exchange *exchange,
				  const struct exchange_rules *rules,
				  const struct exchange_news *news)
{
	switch (news->event) {
	case EVENT_NONCE:
		return refine_nonce(exchange, rules, news);
	case EVENT_SIGNED:
		return rules->check && !is_fit_already(exchange, news->token) ? EVENT_SIGNED
									      : EVENT_SIGNED_FIT;
	case EVENT_ACCEPTED:
	case EVENT_NOT_ACCEPTED:
	case EVENT_EVERYONE:
	case EVENT_NO_VERDICT:
		return refine_verdict(exchange, news);
	default:
		return news->event;
	}
}

static bool is_another_nonce(enum exchange_event event)
{
	return event == EVENT_NONCE || event == EVENT_NONCE_OF_OTHER;
}

/* NULL: the event is not due. */
static const struct transition *find(const struct exchange *exchange,
				     const struct exchange_rules *rules, enum exchange_event event,
				     int64_t now)
{
	const struct transition *transition = &exchange_table[exchange->state][event];

	if (transition->due == DUE_MISBEHAVIOUR ||
	    ((transition->how & WATCHED) != 0 && !rules->watch))
		return NULL;
	/* Unused time accumulates, because messages queue up while a slow key signs. */
	if (rules->watch && is_another_nonce(event) && now < exchange->nonce_from)
		return NULL;
	return transition;
}

/* ---- What an event changes ---- */

/* The end that a nonce had before is not put off by an answer that says no more than that it is now. */
static int64_t end_of_life(const struct exchange *exchange, bool same,
			   const struct exchange_news *news)
{
	int64_t until = news->now + life_left(news);
	bool had_end = same && exchange->life_known && !exchange->at_least;

	return had_end && has_ended(news) && exchange->lives_until < until ? exchange->lives_until
									   : until;
}

static void set_life(struct exchange *exchange, const struct exchange_rules *rules,
		     enum exchange_event event, const struct exchange_news *news)
{
	bool same = event == EVENT_SAME_NONCE || event == EVENT_ENDED_NONCE;
	bool untold = is_untold(exchange, news, same);

	exchange->lives_until = end_of_life(exchange, same, news);
	exchange->end_untold = untold;
	exchange->life_known = !untold && life_left(news) >= 0;
	exchange->at_least = news->at_least;
	exchange->brief = !untold && is_brief(rules, news);
	exchange->valid_until = !exchange->life_known || news->at_least
					? news->now - news->age + EXCHANGE_UNKNOWN_LIFE_MS
					: exchange->lives_until + EXCHANGE_GRACE_MS;
}

static void set_nonce(struct exchange *exchange, const struct exchange_news *news)
{
	snprintf(exchange->nonce, sizeof exchange->nonce, "%s", news->nonce);
	exchange->nonce_from += EXCHANGE_NONCE_EVERY_MS;
}

/* When the next one may come. */
static void keep_pace(int64_t *from, int64_t now)
{
	if (*from < now - EXCHANGE_SLACK_MS)
		*from = now - EXCHANGE_SLACK_MS;
	*from += EXCHANGE_PACE_MS;
}

static void set_token(struct exchange *exchange, const struct exchange_news *news)
{
	free(exchange->token);
	exchange->token = news->token;
	keep_pace(&exchange->sign_from, news->now);
}

static void begin_trial(struct exchange *exchange, int64_t now)
{
	exchange->tried = first_digits(exchange->nonce);
	keep_pace(&exchange->try_from, now);
}

static void change(struct exchange *exchange, const struct exchange_rules *rules,
		   enum exchange_event event, const struct exchange_news *news)
{
	switch (event) {
	case EVENT_NONCE:
	case EVENT_BRIEF_NONCE:
	case EVENT_NONCE_OF_OTHER:
		set_nonce(exchange, news);
		/* fallthrough */
	case EVENT_SAME_NONCE:
	case EVENT_ENDED_NONCE:
		set_life(exchange, rules, event, news);
		break;
	case EVENT_SIGNED:
		exchange->verdict = VERDICT_NONE;
		/* fallthrough */
	case EVENT_SIGNED_FIT:
		set_token(exchange, news);
		break;
	case EVENT_TRIED:
		begin_trial(exchange, news->now);
		break;
	case EVENT_ACCEPTED:
	case EVENT_EVERYONE:
		exchange->verdict = event == EVENT_ACCEPTED ? VERDICT_ACCEPTED : VERDICT_EVERYONE;
		break;
	case EVENT_NOT_ACCEPTED:
	case EVENT_REFUSED_AGAIN:
		exchange->refusals += exchange->refusals < 2;
		exchange->unnamed = news->unnamed;
		break;
	case EVENT_KEY_OPENED:
		exchange->sign_from = news->now;
		break;
	case EVENT_RESTARTED:
		exchange->nonce_from -= EXCHANGE_NONCE_EVERY_MS;
		break;
	default:
		break;
	}
}

static void enter(struct exchange *exchange, const struct transition *transition)
{
	bool asks = transition->due == DUE_QUESTION;

	if (exchange->state != transition->next && transition->next == EXCHANGE_GOOD)
		exchange->refusals = 0;
	if (transition->next == EXCHANGE_ASKED)
		exchange->nonce[0] = '\0';
	if (transition->due == DUE_NEXT)
		exchange->waited = true;
	if (asks)
		exchange->nonce_from -= EXCHANGE_NONCE_EVERY_MS;
	exchange->state = (uint8_t)transition->next;
}

enum exchange_due exchange_take(struct exchange *exchange, const struct exchange_rules *rules,
				const struct exchange_news *news)
{
	enum exchange_event event = refine(exchange, rules, news);
	const struct transition *transition = find(exchange, rules, event, news->now);

	if (transition == NULL) {
		free(news->token);
		return DUE_MISBEHAVIOUR;
	}
	if ((transition->how & DROP) != 0)
		free(TAKE(exchange->token));
	change(exchange, rules, event, news);
	enter(exchange, transition);
	return transition->due;
}

/* ---- Questions ---- */

bool exchange_is_over(const struct exchange *exchange)
{
	return exchange->state >= EXCHANGE_GOOD && exchange->state <= EXCHANGE_SHARED;
}

bool exchange_is_on_trial(const struct exchange *exchange)
{
	return exchange->state == EXCHANGE_ON_TRIAL ||
	       exchange->state == EXCHANGE_EXPIRED_ON_TRIAL || has_late_trial(exchange);
}

const char *exchange_token(const struct exchange *exchange)
{
	bool renewed = exchange->state == EXCHANGE_TO_SIGN;

	return exchange->state == EXCHANGE_GOOD || renewed ? exchange->token : NULL;
}

int64_t exchange_wait(const struct exchange *exchange, int64_t now)
{
	int64_t left = exchange->lives_until - now;

	return (left > 0 ? left : 0) + EXCHANGE_GRACE_MS;
}

int64_t exchange_seconds_left(const struct exchange *exchange, int64_t now)
{
	int64_t left = (exchange->lives_until - now) / 1000;

	if (!exchange->life_known)
		return -1;
	return left > 0 ? left : 0;
}

/* ---- Words ---- */

const char *exchange_event_name(enum exchange_event event)
{
	switch (event) {
	case EVENT_NONCE:
		return "a nonce";
	case EVENT_NO_NONCE:
		return "the failure of a question";
	case EVENT_NO_VERDICT:
		return "the failure of a trial";
	default:
		return "a verdict on a token";
	}
}

const char *exchange_due_name(const struct exchange *exchange)
{
	static const char *const names[EXCHANGE_STATES] = {
		[EXCHANGE_ASKED] = "a nonce was due",
		[EXCHANGE_ASKED_AGAIN] = "a nonce was due",
		[EXCHANGE_ASKED_NEXT] = "a nonce was due",
		[EXCHANGE_SHARED_ASKED] = "a nonce was due",
		[EXCHANGE_ON_TRIAL] = "a verdict on its token was due",
		[EXCHANGE_OUTDATED] = "a verdict on its token was due",
		[EXCHANGE_EXPIRED_ON_TRIAL] = "a verdict on its token was due",
		[EXCHANGE_SHARED_ON_TRIAL] = "a verdict on its token was due",
	};
	const char *name = names[exchange->state];

	return name == NULL ? "nothing was due" : name;
}
