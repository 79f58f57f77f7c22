/* A server's way from a nonce to a token that is fit: what each wants next, what its answers mean, and
 * when its time is over. */
#include "cli/watched_servers.h"

#include "base/cleanup.h"
#include "cli/refusal.h"
#include "cli/report.h"

#include <string.h>

enum {
	/* Date and Expires are whole seconds: a nonce can live one longer than they say. */
	GRACE_MS = 1000,
	/* Where the server does not say how long: Chronograf's --nonce-expiration by default. */
	UNKNOWN_LIFE_MS = 600000,
};

/* What is known of a token from --check; without that option every one is fit. */
typedef enum { FIT, ON_TRIAL, REFUSED, UNCLEAR } token_trial;

struct watched_server {
	char nonce[UUID_LENGTH + 1]; /* the newest; empty: none yet */
	char *token;                 /* made for it; NULL: not yet, or its time is over */
	token_trial trial;
	enum verdict verdict;
	server_want want;
	int64_t valid_until; /* in milliseconds */
	bool life_known;
	bool answered; /* at least once */
	bool failing;
	uint8_t refusals; /* in a row */
};

bool watched_servers_begin(struct watched_servers *servers, const struct watch_order *order,
			   chronosign_error **error)
{
	size_t count = order->servers->count;

	*servers = (struct watched_servers){
		.order = order,
		.list = calloc(count, sizeof *servers->list),
		.expiry = INT64_MAX,
		.unanswered = count,
	};
	return servers->list != NULL ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "out of memory");
}

void watched_servers_release(struct watched_servers *servers)
{
	for (size_t i = 0; servers->list != NULL && i < servers->order->servers->count; i++)
		free(servers->list[i].token);
	free(TAKE(servers->list));
}

static const char *url_of(const struct watched_servers *servers, size_t server)
{
	return servers->order->servers->urls[server];
}

static bool is_fit(const struct watched_server *server)
{
	return server->token != NULL && server->trial == FIT;
}

bool watched_servers_fit(const struct watched_servers *servers, size_t index, int64_t now,
			 struct issued_token *token)
{
	const struct watched_server *server = &servers->list[index];
	int64_t left = (server->valid_until - GRACE_MS - now) / 1000;

	if (!is_fit(server))
		return false;
	*token = (struct issued_token){
		.url = url_of(servers, index),
		.token = server->token,
		.valid_for = !server->life_known ? -1
			     : left > 0          ? left
						 : 0,
		.verdict = server->verdict,
	};
	return true;
}

/* ---- What a server wants ---- */

static void drop_token(struct watched_servers *servers, struct watched_server *server)
{
	servers->changed = servers->changed || is_fit(server);
	free(TAKE(server->token));
}

static void want(struct watched_servers *servers, struct watched_server *server, server_want what)
{
	servers->wanting += (what != WANTS_NOTHING) - (server->want != WANTS_NOTHING);
	server->want = what;
}

server_want watched_servers_next(struct watched_servers *servers, int64_t now, size_t *index)
{
	size_t count = servers->order->servers->count;

	while (servers->list[servers->next % count].want == WANTS_NOTHING)
		servers->next++;
	*index = servers->next++ % count;
	struct watched_server *server = &servers->list[*index];
	server_want wanted = server->want;
	want(servers, server, WANTS_NOTHING);
	if (server->valid_until <= now || (wanted == WANTS_TRIAL && server->token == NULL))
		return WANTS_NOTHING;
	return wanted;
}

void watched_servers_renew(struct watched_servers *servers)
{
	for (size_t i = 0; i < servers->order->servers->count; i++)
		if (servers->list[i].nonce[0] != '\0')
			want(servers, &servers->list[i], WANTS_SIGNATURE);
}

const char *watched_servers_nonce(const struct watched_servers *servers, size_t index)
{
	return servers->list[index].nonce;
}

/* ---- Tokens ---- */

static void tell_recovery(struct watched_servers *servers, size_t index)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(url_of(servers, index));

	if (servers->list[index].failing)
		report_error("the server %s is well again", shown == NULL ? "" : shown);
	servers->list[index].failing = false;
}

static void set_fit(struct watched_servers *servers, size_t index, enum verdict verdict)
{
	struct watched_server *server = &servers->list[index];

	server->verdict = verdict;
	server->trial = FIT;
	server->refusals = 0;
	servers->changed = true;
	tell_recovery(servers, index);
}

bool watched_servers_try(struct watched_servers *servers, size_t index, chronosign_error **error)
{
	struct watched_server *server = &servers->list[index];

	server->trial = ON_TRIAL;
	return network_try_token(servers->order->fetch, index, server->nonce, server->token, error);
}

bool watched_servers_signed(struct watched_servers *servers, size_t index, char *token,
			    chronosign_error **error)
{
	struct watched_server *server = &servers->list[index];

	/* Signatures are deterministic: the same again needs no new trial. */
	if (server->token != NULL && strcmp(server->token, token) == 0) {
		free(token);
		return true;
	}
	drop_token(servers, server);
	server->token = token;
	if (servers->order->options->check)
		return watched_servers_try(servers, index, error);
	set_fit(servers, index, VERDICT_NONE);
	return true;
}

void watched_servers_unsigned(struct watched_servers *servers, size_t index)
{
	struct watched_server *server = &servers->list[index];

	drop_token(servers, server);
	want(servers, server, WANTS_SIGNATURE);
}

void watched_servers_expire(struct watched_servers *servers, int64_t now)
{
	if (now < servers->expiry)
		return;
	servers->expiry = INT64_MAX;
	for (size_t i = 0; i < servers->order->servers->count; i++) {
		struct watched_server *server = &servers->list[i];

		if (server->token != NULL && server->valid_until <= now)
			drop_token(servers, server);
		else if (server->token != NULL && server->valid_until < servers->expiry)
			servers->expiry = server->valid_until;
	}
}

/* ---- Answers ---- */

/* A server that fails is told of once, and again when that is over. */
static void take_failure(struct watched_server *server, const chronosign_error *error)
{
	if (!server->failing)
		report_failure(error);
	server->failing = true;
}

static void tell_refusal(struct watched_servers *servers, size_t index)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;

	refusal_set(&error, url_of(servers, index), servers->list[index].refusals > 1);
	take_failure(&servers->list[index], error);
}

static void take_nonce(struct watched_servers *servers, const struct network_answer *answer,
		       int64_t now)
{
	struct watched_server *server = &servers->list[answer->server];
	bool same = strcmp(server->nonce, answer->nonce) == 0;
	int64_t life =
		answer->valid_for < 0 ? UNKNOWN_LIFE_MS : answer->valid_for * 1000 + GRACE_MS;

	server->valid_until = now + life;
	server->life_known = answer->valid_for >= 0;
	if (server->valid_until < servers->expiry)
		servers->expiry = server->valid_until;
	memcpy(server->nonce, answer->nonce, sizeof server->nonce);
	if (!same)
		drop_token(servers, server);
	if (server->token == NULL)
		want(servers, server, WANTS_SIGNATURE);
	else if (server->trial == UNCLEAR)
		want(servers, server, WANTS_TRIAL);
	else if (server->trial == REFUSED)
		tell_refusal(servers, answer->server);
	else if (server->trial == FIT)
		tell_recovery(servers, answer->server);
}

static bool take_refusal(struct watched_servers *servers, size_t index, chronosign_error **error)
{
	struct watched_server *server = &servers->list[index];

	server->trial = REFUSED;
	if (server->refusals < 2)
		server->refusals++;
	if (server->refusals < 2)
		return network_ask_again(servers->order->fetch, index, error);
	tell_refusal(servers, index);
	return true;
}

static bool take_verdict(struct watched_servers *servers, const struct network_answer *answer,
			 chronosign_error **error)
{
	struct watched_server *server = &servers->list[answer->server];

	/* Of a token that has been replaced meanwhile. */
	if (server->token == NULL || strcmp(server->nonce, answer->nonce) != 0)
		return true;
	if (answer->error != NULL) {
		server->trial = UNCLEAR;
		take_failure(server, answer->error);
		return true;
	}
	if (answer->verdict == VERDICT_REFUSED)
		return take_refusal(servers, answer->server, error);
	if (answer->verdict == VERDICT_EVERYONE)
		warn_of_everyone(url_of(servers, answer->server));
	set_fit(servers, answer->server, answer->verdict);
	return true;
}

bool watched_servers_take(struct watched_servers *servers, const struct network_answer *answer,
			  int64_t now, chronosign_error **error)
{
	struct watched_server *server = &servers->list[answer->server];

	servers->unanswered -= !server->answered;
	server->answered = true;
	if (answer->about == NETWORK_ANSWER_CHECK)
		return take_verdict(servers, answer, error);
	if (answer->error != NULL)
		take_failure(server, answer->error);
	else
		take_nonce(servers, answer, now);
	return true;
}
