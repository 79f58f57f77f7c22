/* Counts what the exchanges are about, and finds equal nonces by a hash table of chains. */
#include "chronograf/exchange_list.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

bool exchange_list_begin(struct exchange_list *list, size_t count, struct exchange_rules rules,
			 int64_t now)
{
	*list = (struct exchange_list){
		.rules = rules,
		.exchanges = calloc(count, sizeof *list->exchanges),
		.heads = malloc(count * sizeof *list->heads),
		.count = count,
		.unheard = count,
		.open = count,
	};
	if (list->exchanges == NULL || list->heads == NULL || count >= NONE)
		return false;
	for (size_t i = 0; i < count; i++) {
		exchange_begin(&list->exchanges[i], now);
		list->heads[i] = NONE;
	}
	return true;
}

void exchange_list_end(struct exchange_list *list)
{
	for (size_t i = 0; list->exchanges != NULL && i < list->count; i++)
		exchange_end(&list->exchanges[i]);
	free(list->exchanges);
	free(list->heads);
	free(list->former);
	*list = (struct exchange_list){0};
}

bool exchange_list_is_heard(const struct exchange_list *list)
{
	return list->count == 1 || list->unheard == 0;
}

/* ---- Equal nonces ---- */

/* FNV-1a. An attacker who picks nonces with equal hashes only makes this run slow. */
static uint32_t *chain_of(const struct exchange_list *list, const char *nonce)
{
	uint32_t hash = 2166136261u;

	for (; *nonce != '\0'; nonce++)
		hash = (hash ^ (unsigned char)*nonce) * 16777619u;
	return &list->heads[hash % list->count];
}

static uint32_t find_nonce(const struct exchange_list *list, const char *nonce)
{
	uint32_t server = *chain_of(list, nonce);

	while (server != NONE && strcmp(list->exchanges[server].nonce, nonce) != 0)
		server = list->exchanges[server].next;
	return server;
}

/* A server may wait until another one has moved on, and give out what that has left behind. */
static uint32_t find_former(const struct exchange_list *list, const char *nonce, size_t server)
{
	for (size_t i = 0; i < list->former_count; i++)
		if (list->former[i].server != server && strcmp(list->former[i].nonce, nonce) == 0)
			return list->former[i].server;
	return NONE;
}

/* Without memory for it, the list remembers only the nonces at hand. */
static void remember(struct exchange_list *list, const char *nonce, size_t server)
{
	struct former_nonce *more =
		reallocarray(list->former, list->former_count + 1, sizeof *more);

	if (more == NULL)
		return;
	list->former = more;
	more[list->former_count] = (struct former_nonce){.server = (uint32_t)server};
	memcpy(more[list->former_count++].nonce, nonce, UUID_LENGTH);
}

static void chain(struct exchange_list *list, uint32_t server)
{
	struct exchange *exchange = &list->exchanges[server];
	uint32_t *head = chain_of(list, exchange->nonce);

	exchange->next = *head;
	*head = server;
}

static void unchain(struct exchange_list *list, uint32_t server)
{
	uint32_t *link = chain_of(list, list->exchanges[server].nonce);

	while (*link != server)
		link = &list->exchanges[*link].next;
	*link = list->exchanges[server].next;
}

/* ---- Taking news ---- */

static void count(struct exchange_list *list, const struct exchange *exchange, size_t one)
{
	list->open += exchange_is_over(exchange) ? 0 : one;
	list->to_sign += exchange->state == EXCHANGE_TO_SIGN ? one : 0;
	list->to_try += exchange->state == EXCHANGE_TO_TRY ? one : 0;
	list->to_come += exchange->state == EXCHANGE_ASKED_NEXT ? one : 0;
}

/* exchange_take, which also updates the counts and chains. */
static enum exchange_due take(struct exchange_list *list, size_t server,
			      const struct exchange_news *news)
{
	struct exchange *exchange = &list->exchanges[server];
	char before[sizeof exchange->nonce];

	memcpy(before, exchange->nonce, sizeof before);
	if (exchange->nonce[0] != '\0')
		unchain(list, (uint32_t)server);
	count(list, exchange, (size_t)-1);
	enum exchange_due due = exchange_take(exchange, &list->rules, news);
	count(list, exchange, 1);
	if (!list->rules.watch && before[0] != '\0' && strcmp(before, exchange->nonce) != 0)
		remember(list, before, server);
	if (exchange->nonce[0] != '\0')
		chain(list, (uint32_t)server);
	return due;
}

/* Both have given out the nonce. Returns the other server if that was not known yet; else
 * `server`. */
static size_t join(struct exchange_list *list, size_t server, size_t other, int64_t now)
{
	const struct exchange_news not_alone = {.event = EVENT_NOT_ALONE, .now = now};

	list->exchanges[server].twin = (uint32_t)other;
	list->exchanges[server].moved_on = false;
	list->exchanges[other].twin = (uint32_t)server;
	list->exchanges[other].moved_on = false;
	return take(list, other, &not_alone) == DUE_SHARED ? other : server;
}

/* A server that shared a nonce is trusted again once both have given out other ones. The other one may have shared another
 * nonce with a third since, and then waits for that one. */
static enum exchange_due part(struct exchange_list *list, size_t server, int64_t now)
{
	const struct exchange_news alone = {.event = EVENT_ALONE, .now = now};
	struct exchange *exchange = &list->exchanges[server];
	struct exchange *other = &list->exchanges[exchange->twin];

	exchange->moved_on = true;
	if (other->state == EXCHANGE_SHARED && !other->moved_on)
		return DUE_SHARED;
	if (other->state == EXCHANGE_SHARED && other->twin == server)
		take(list, exchange->twin, &alone);
	return take(list, server, &alone);
}

static bool is_answer(enum exchange_event event)
{
	return event <= EVENT_NO_VERDICT;
}

enum exchange_due exchange_list_take(struct exchange_list *list, size_t server,
				     const struct exchange_news *news, size_t *twin)
{
	struct exchange *exchange = &list->exchanges[server];
	struct exchange_news refined = *news;
	uint32_t other = NONE;

	*twin = server;
	if (news->event == EVENT_NONCE && strcmp(news->nonce, exchange->nonce) != 0)
		other = find_nonce(list, news->nonce);
	if (news->event == EVENT_NONCE && other == NONE)
		other = find_former(list, news->nonce, server);
	refined.of_other = other != NONE;
	bool is_new = other == NONE && news->event == EVENT_NONCE &&
		      strcmp(news->nonce, exchange->nonce) != 0;
	enum exchange_due due = take(list, server, &refined);
	if (due == DUE_MISBEHAVIOUR)
		return due;
	/* Who waits for the next nonce of a server may find that another has given it out. */
	bool heard = is_answer(news->event) && due != DUE_NEXT;
	list->unheard -= heard && !exchange->heard;
	exchange->heard = exchange->heard || heard;
	if (other != NONE)
		*twin = join(list, server, other, news->now);
	else if (is_new && exchange->state == EXCHANGE_SHARED && list->rules.watch)
		due = part(list, server, news->now);
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
	if (exchange->state == EXCHANGE_TO_SIGN)
		return list->rules.watch ? exchange->sign_from : INT64_MIN;
	if (exchange->state == EXCHANGE_TO_TRY && can_try)
		return INT64_MIN;
	return INT64_MAX;
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
