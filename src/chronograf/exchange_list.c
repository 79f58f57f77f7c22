/* Counts what the exchanges are about, and finds nonces that two servers have given out. */
#include "chronograf/exchange_list.h"

#include <stdlib.h>
#include <string.h>

bool exchange_list_begin(struct exchange_list *list, size_t count, struct exchange_rules rules,
			 int64_t now)
{
	*list = (struct exchange_list){
		.rules = rules,
		.exchanges = calloc(count, sizeof *list->exchanges),
		.count = count,
		.unheard = count,
		.open = count,
	};
	if (list->exchanges == NULL || !given_nonces_begin(&list->given, count))
		return false;
	for (size_t i = 0; i < count; i++)
		exchange_begin(&list->exchanges[i], now);
	return true;
}

void exchange_list_end(struct exchange_list *list)
{
	for (size_t i = 0; list->exchanges != NULL && i < list->count; i++)
		exchange_end(&list->exchanges[i]);
	free(list->exchanges);
	given_nonces_end(&list->given);
	*list = (struct exchange_list){0};
}

bool exchange_list_is_heard(const struct exchange_list *list)
{
	return list->count == 1 || list->unheard == 0;
}

/* ---- Taking news ---- */

static void count(struct exchange_list *list, const struct exchange *exchange, size_t one)
{
	list->open += exchange_is_over(exchange) ? 0 : one;
	list->to_sign += exchange->state == EXCHANGE_TO_SIGN ? one : 0;
	list->to_try += exchange->state == EXCHANGE_TO_TRY ? one : 0;
	list->to_come += exchange->state == EXCHANGE_ASKED_NEXT ? one : 0;
}

/* exchange_take, which also updates the counts and what each has given out. */
static enum exchange_due take(struct exchange_list *list, size_t server,
			      const struct exchange_news *news)
{
	struct exchange *exchange = &list->exchanges[server];
	int64_t former_until = exchange->valid_until;
	char before[sizeof exchange->nonce];

	memcpy(before, exchange->nonce, sizeof before);
	count(list, exchange, (size_t)-1);
	enum exchange_due due = exchange_take(exchange, &list->rules, news);
	count(list, exchange, 1);
	if (strcmp(before, exchange->nonce) != 0)
		given_nonces_replace(&list->given, server, exchange->nonce, former_until);
	return due;
}

/* ---- Equal nonces ---- */

static bool is_shared(const struct exchange *exchange)
{
	return exchange->state >= EXCHANGE_SHARED && exchange->state <= EXCHANGE_SHARED_ASKED;
}

/* Both have given out the nonce. Returns the other server if that was not known yet; else
 * `server`. */
static size_t join(struct exchange_list *list, size_t server, size_t other, int64_t now)
{
	const struct exchange_news not_alone = {.event = EVENT_NOT_ALONE, .now = now};
	struct exchange *one = &list->exchanges[server];
	struct exchange *two = &list->exchanges[other];

	one->twin = (uint32_t)other;
	one->moved_on = false;
	if (list->rules.watch && strcmp(one->nonce, two->nonce) != 0)
		return server;
	two->twin = (uint32_t)server;
	two->moved_on = false;
	return take(list, other, &not_alone) == DUE_SHARED ? other : server;
}

/* A server that shared a nonce is trusted again once both have given out other ones. The other one may have shared another
 * nonce with a third since, and then waits for that one. */
static enum exchange_due part(struct exchange_list *list, size_t server, int64_t now)
{
	const struct exchange_news alone = {.event = EVENT_ALONE, .now = now};
	const struct exchange *exchange = &list->exchanges[server];
	const struct exchange *other = &list->exchanges[exchange->twin];

	if (is_shared(other) && !other->moved_on)
		return DUE_SHARED;
	if (other->state == EXCHANGE_SHARED && other->twin == server)
		take(list, exchange->twin, &alone);
	return take(list, server, &alone);
}

/* It has given out a nonce of its own. That it shared one is over at once, or when its trial is. */
static enum exchange_due move_on(struct exchange_list *list, size_t server, bool is_new,
				 enum exchange_due due, int64_t now)
{
	struct exchange *exchange = &list->exchanges[server];

	if (!list->rules.watch || !is_shared(exchange))
		return due;
	exchange->moved_on = exchange->moved_on || is_new;
	return exchange->moved_on && exchange->state == EXCHANGE_SHARED ? part(list, server, now)
									: due;
}

/* ---- News ---- */

static bool is_answer(enum exchange_event event)
{
	return event <= EVENT_NO_VERDICT;
}

static void note_answer(struct exchange_list *list, struct exchange *exchange)
{
	list->unheard -= !exchange->heard;
	exchange->heard = true;
}

enum exchange_due exchange_list_take(struct exchange_list *list, size_t server,
				     const struct exchange_news *news, size_t *twin)
{
	struct exchange *exchange = &list->exchanges[server];
	bool is_new = news->event == EVENT_NONCE && strcmp(news->nonce, exchange->nonce) != 0;
	uint32_t other = is_new ? given_nonces_find(&list->given, news->nonce, server, news->now)
				: GIVEN_BY_NONE;
	struct exchange_news refined = *news;

	*twin = server;
	refined.of_other = other != GIVEN_BY_NONE;
	enum exchange_due due = take(list, server, &refined);
	if (due == DUE_MISBEHAVIOUR)
		return due;
	/* Who waits for the next nonce of a server may find that another has given it out. */
	if (is_answer(news->event) && due != DUE_NEXT)
		note_answer(list, exchange);
	if (other == GIVEN_BY_NONE)
		return move_on(list, server, is_new, due, news->now);
	*twin = join(list, server, other, news->now);
	return due;
}

void exchange_list_take_all(struct exchange_list *list, const struct exchange_news *news)
{
	for (size_t i = 0; i < list->count; i++)
		take(list, i, news);
}

/* ---- What is due ---- */

/* The time from which the exchange's next step may be done; INT64_MAX: there is none. */
static int64_t due_from(const struct exchange_list *list, const struct exchange *exchange,
			bool can_try)
{
	bool is_trial = exchange->state == EXCHANGE_TO_TRY && can_try;

	if (exchange->state != EXCHANGE_TO_SIGN && !is_trial)
		return INT64_MAX;
	if (!list->rules.watch)
		return INT64_MIN;
	return is_trial ? exchange->try_from : exchange->sign_from;
}

/* A watched server's nonce may end before its turn comes. */
static bool is_in_time(struct exchange_list *list, size_t server, int64_t now)
{
	const struct exchange_news time_over = {.event = EVENT_TIME_OVER, .now = now};

	if (!list->rules.watch || list->exchanges[server].valid_until > now)
		return true;
	take(list, server, &time_over);
	return false;
}

enum exchange_due exchange_list_next(struct exchange_list *list, int64_t now, bool may_try,
				     size_t *server, int64_t *when)
{
	bool can_try = may_try && list->to_try > 0 && exchange_list_is_heard(list);

	*when = INT64_MAX;
	if (list->to_sign == 0 && !can_try)
		return DUE_NOTHING;
	for (size_t i = 0; i < list->count; i++) {
		size_t candidate = (list->next + i) % list->count;
		const struct exchange *exchange = &list->exchanges[candidate];
		int64_t from = due_from(list, exchange, can_try);

		if (from != INT64_MAX && from <= now && is_in_time(list, candidate, now)) {
			list->next = candidate + 1;
			*server = candidate;
			return exchange->state == EXCHANGE_TO_SIGN ? DUE_SIGNATURE : DUE_TRIAL;
		}
		if (from > now && from < *when)
			*when = from;
	}
	return DUE_NOTHING;
}

size_t exchange_list_twin(const struct exchange_list *list, size_t server)
{
	return list->exchanges[server].twin;
}
