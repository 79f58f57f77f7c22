/* Turns the network program's answers and the signer's tokens into events of the exchanges, and
 * reports on them: a failing server once, and once more when it works again. */
#include "cli/token/watched_servers.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/refusal.h"
#include "cli/report.h"

bool watched_servers_begin(struct watched_servers *servers, const struct token_order *order,
			   struct watched_network *network, struct chronosign_error **error)
{
	const struct exchange_rules rules = {.check = order->options->check, .watch = true};
	size_t count = order->servers->count;

	*servers = (struct watched_servers){
		.order = order,
		.network = network,
		.told = calloc(count, sizeof *servers->told),
		.asked = calloc(count, sizeof *servers->asked),
		.expiry = INT64_MAX,
	};
	for (size_t i = 0; servers->told != NULL && i < count; i++)
		servers->told[i].failing = DUE_NOTHING;
	return (exchange_list_begin(&servers->exchanges, count, rules, order->started_at) &&
		servers->told != NULL && servers->asked != NULL) ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "out of memory");
}

void watched_servers_release(struct watched_servers *servers)
{
	exchange_list_end(&servers->exchanges);
	free(TAKE(servers->told));
	free(TAKE(servers->asked));
}

static const char *url_of(const struct watched_servers *servers, size_t server)
{
	return servers->order->servers->urls[server];
}

static struct exchange *exchange_of(const struct watched_servers *servers, size_t server)
{
	return &servers->exchanges.exchanges[server];
}

bool watched_servers_fit(const struct watched_servers *servers, size_t index, int64_t now,
			 struct issued_token *token)
{
	const struct exchange *exchange = exchange_of(servers, index);

	if (exchange_token(exchange) == NULL || !exchange_list_is_heard(&servers->exchanges))
		return false;
	*token = (struct issued_token){
		.url = url_of(servers, index),
		.token = exchange_token(exchange),
		.valid_for = exchange_seconds_left(exchange, now),
		.at_least = exchange->at_least,
		.verdict = (enum verdict)exchange->verdict,
	};
	return true;
}

int64_t watched_servers_end(const struct watched_servers *servers, int64_t now)
{
	struct issued_token token;
	int64_t end = now;

	for (size_t i = 0; i < servers->exchanges.count; i++)
		if (watched_servers_fit(servers, i, now, &token) &&
		    exchange_of(servers, i)->valid_until > end)
			end = exchange_of(servers, i)->valid_until;
	return end == now ? INT64_MAX : end;
}

/* ---- Reports ---- */

/* A failure is told once, and so is another kind of it: a server that was down may refuse the token now. */
static void tell_failure(struct watched_servers *servers, size_t index, enum exchange_due due,
			 const struct chronosign_error *error)
{
	struct server_told *told = &servers->told[index];

	if (told->failing == due || !told_is_due(&told->told, milliseconds()))
		return;
	report_failure(error);
	told->failing = due;
}

static void tell_recovery(struct watched_servers *servers, size_t index)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(url_of(servers, index));

	if (servers->told[index].failing != DUE_NOTHING)
		report_note("the server %s answers again", shown == NULL ? "" : shown);
	servers->told[index].failing = DUE_NOTHING;
	servers->told[index].late = false;
}

/* A server may let everyone in by turns, too. */
static void tell_everyone(struct watched_servers *servers, size_t index, bool everyone)
{
	struct server_told *told = &servers->told[index];

	if (everyone && !told->everyone && told_is_due(&told->told, milliseconds()))
		warn_of_everyone(url_of(servers, index));
	told->everyone = everyone;
}

/* `error`: why it failed. */
static void tell(struct watched_servers *servers, size_t index, enum exchange_due due,
		 const struct chronosign_error *error)
{
	size_t twin = exchange_list_twin(&servers->exchanges, index);
	CLEANUP(cleanup_error) struct chronosign_error *refusal = NULL;

	if (due == DUE_GOOD)
		tell_recovery(servers, index);
	else if (due == DUE_REFUSED)
		refusal_set(&refusal, url_of(servers, index), exchange_of(servers, index));
	else if (due == DUE_SHARED)
		shared_nonce_set(&refusal, url_of(servers, index), url_of(servers, twin));
	else if (due == DUE_LATE && servers->told[index].late)
		late_set(&refusal, url_of(servers, index));
	servers->told[index].late = servers->told[index].late || due == DUE_LATE;
	if (refusal != NULL || due == DUE_FAILED)
		tell_failure(servers, index, due, refusal == NULL ? error : refusal);
}

/* ---- Events ---- */

static enum exchange_due take(struct watched_servers *servers, size_t index,
			      const struct exchange_news *news, size_t *twin)
{
	bool heard = exchange_list_is_heard(&servers->exchanges);
	bool fit = exchange_token(exchange_of(servers, index)) != NULL;
	enum exchange_due due = exchange_list_take(&servers->exchanges, index, news, twin);
	const struct exchange *exchange = exchange_of(servers, index);
	bool is_fit = exchange_token(exchange) != NULL;

	servers->changed = servers->changed || is_fit != fit || *twin != index ||
			   (is_fit && news->event == EVENT_SIGNED) ||
			   heard != exchange_list_is_heard(&servers->exchanges);
	/* Its end counts from its signature on: watched_servers_expire looks only at tokens. */
	if (exchange->token != NULL && exchange->valid_until < servers->expiry)
		servers->expiry = exchange->valid_until;
	return due;
}

static void ask_again(struct watched_servers *servers, size_t index, int64_t now)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	if (!network_ask_again(servers->network->network, index, &error))
		watched_network_lose(servers->network, now, error);
}

bool watched_servers_take(struct watched_servers *servers, const struct network_answer *answer,
			  int64_t now, struct chronosign_error **error)
{
	const struct exchange_news news = servers_news(answer, now);
	size_t twin;
	enum exchange_due due = take(servers, answer->server, &news, &twin);

	if (due == DUE_MISBEHAVIOUR) {
		misbehaviour_set(error, url_of(servers, answer->server),
				 exchange_of(servers, answer->server), news.event);
		return network_refuse(servers->network->network, error);
	}
	audit_answer(chronosign_key_name(servers->order->key), url_of(servers, answer->server),
		     answer);
	if (answer->about == NETWORK_ANSWER_NONCE)
		servers->asked[answer->server].nonce = servers->network->waited;
	if (due == DUE_QUESTION)
		ask_again(servers, answer->server, now);
	if ((due == DUE_GOOD || due == DUE_LATE) &&
	    (news.event == EVENT_EVERYONE || news.event == EVENT_ACCEPTED))
		tell_everyone(servers, answer->server, news.event == EVENT_EVERYONE);
	tell(servers, answer->server, due, answer->error);
	if (twin != answer->server)
		tell(servers, twin, DUE_SHARED, NULL);
	return true;
}

void watched_servers_signed(struct watched_servers *servers, size_t index, char *token, int64_t now)
{
	const struct exchange_news news = {.event = EVENT_SIGNED, .token = token, .now = now};
	const struct exchange *exchange = exchange_of(servers, index);
	size_t twin;
	enum exchange_due due = take(servers, index, &news, &twin);

	const struct audit_signature signature = {.key = chronosign_key_name(servers->order->key),
						  .server = url_of(servers, index),
						  .nonce = exchange->nonce,
						  .to_be_tried = due == DUE_TRIAL};
	audit_signed(&signature);
	tell(servers, index, due, NULL);
}

void watched_servers_unsigned(struct watched_servers *servers, size_t index, int64_t now)
{
	const struct exchange_news news = {.event = EVENT_KEY_LOST, .now = now};
	size_t twin;

	take(servers, index, &news, &twin);
}

void watched_servers_try(struct watched_servers *servers, size_t index, int64_t now)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	const struct exchange_news news = {.event = EVENT_TRIED, .now = now};
	const struct exchange *exchange = exchange_of(servers, index);
	size_t twin;

	take(servers, index, &news, &twin);
	servers->asked[index].trial = servers->network->waited;
	watched_network_expect(servers->network, servers->network->waited);
	if (!network_try_token(servers->network->network, index, exchange->nonce, exchange->token,
			       &error))
		watched_network_lose(servers->network, now, error);
}

void watched_servers_restart(struct watched_servers *servers, int64_t now)
{
	const struct exchange_news news = {.event = EVENT_RESTARTED, .now = now};

	exchange_list_take_all(&servers->exchanges, &news);
}

void watched_servers_asked(struct watched_servers *servers)
{
	for (size_t i = 0; i < servers->exchanges.count; i++)
		servers->asked[i].nonce = servers->network->waited;
}

/* Since when the network program has owed the verdict on its token, or else its nonce. */
static int64_t due_since(const struct watched_servers *servers, size_t index, bool *verdict)
{
	const struct server_asked *asked = &servers->asked[index];
	int64_t nonce = asked->nonce + network_pause(servers->network->network);

	*verdict = exchange_is_on_trial(exchange_of(servers, index)) && asked->trial < nonce;
	return *verdict ? asked->trial : nonce;
}

static void give_up(struct watched_servers *servers, size_t index, bool verdict, int64_t now)
{
	struct network *network = servers->network->network;
	int64_t time = network_answer_time(network) + (verdict ? 0 : network_pause(network));
	CLEANUP(cleanup_text) char *shown = url_without_user(url_of(servers, index));
	CLEANUP(cleanup_text)
	char *about = text_format(verdict ? "the token for %s" : "%s", shown == NULL ? "" : shown);
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;

	chronosign_error_set(&reason, CHRONOSIGN_ERROR_OTHER,
			     "the network program has said nothing of %s for %lld seconds, and was "
			     "ended\nDoes a name server hang, or a server attack it?",
			     about == NULL ? "a server" : about, (long long)time / 1000);
	watched_network_give_up(servers->network, now, reason);
}

void watched_servers_check(struct watched_servers *servers, int64_t now)
{
	struct watched_network *network = servers->network;

	if (!watched_network_check(network, now))
		return;
	for (size_t i = 0; i < servers->exchanges.count; i++) {
		bool verdict;
		int64_t since = due_since(servers, i, &verdict);

		if (network->waited - since >= network_answer_time(network->network)) {
			give_up(servers, i, verdict, now);
			return;
		}
		watched_network_expect(network, since);
	}
}

void watched_servers_renew(struct watched_servers *servers, int64_t now)
{
	const struct exchange_news news = {.event = EVENT_KEY_OPENED, .now = now};

	exchange_list_take_all(&servers->exchanges, &news);
	/* The verdicts on tokens of the old key mean nothing about how fast a server is. */
	for (size_t i = 0; i < servers->exchanges.count; i++)
		servers->told[i].late = false;
}

void watched_servers_expire(struct watched_servers *servers, int64_t now)
{
	const struct exchange_news news = {.event = EVENT_TIME_OVER, .now = now};

	if (now < servers->expiry)
		return;
	servers->expiry = INT64_MAX;
	for (size_t i = 0; i < servers->exchanges.count; i++) {
		const struct exchange *exchange = exchange_of(servers, i);
		size_t twin;

		if (exchange->token != NULL && exchange->valid_until <= now)
			take(servers, i, &news, &twin);
		else if (exchange->token != NULL && exchange->valid_until < servers->expiry)
			servers->expiry = exchange->valid_until;
	}
}
