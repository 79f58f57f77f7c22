/*
 * The loop of --watch: answers of the network process, signals, and times at which tokens end or a
 * lost key is tried again. The file is written when nothing else is waiting, or once a second.
 */
#include "cli/watch.h"

#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/notify.h"
#include "cli/out_file.h"
#include "cli/refusal.h"
#include "cli/report.h"
#include "cli/supervisor.h"
#include "cli/watched_key.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

enum {
	/* Date and Expires are whole seconds: a nonce can live one longer than they say. */
	GRACE_MS = 1000,
	/* Where the server does not say how long: Chronograf's --nonce-expiration by default. */
	UNKNOWN_LIFE_MS = 600000,
	WRITE_EVERY_MS = 1000,
};

/* What is known of a token from --check; without that option every one is fit. */
typedef enum { FIT, ON_TRIAL, REFUSED, UNCLEAR } token_trial;

typedef enum { NOTHING, TRIAL, SIGNATURE } server_want;

struct watched_server {
	char nonce[CHRONOSIGN_NONCE_LENGTH + 1]; /* the newest; empty: none yet */
	char *token; /* made for it; NULL: not yet, or its time is over */
	token_trial trial;
	chronosign_verdict verdict;
	server_want want;
	int64_t valid_until; /* in milliseconds */
	bool life_known;
	bool answered; /* at least once */
	bool failing;
	uint8_t refusals; /* in a row */
};

struct watch {
	const struct watch_order *order;
	struct watched_key key;
	struct watched_server *servers;
	int signals;
	int64_t expiry; /* no token ends before */
	int64_t written_at;
	size_t unanswered; /* servers that have not answered for the first time */
	size_t in_file;    /* tokens */
	size_t wanting;    /* servers that want something */
	size_t next;       /* of them, the first to be looked at */
	bool dirty;        /* the file is to be written */
	bool unwritable;   /* the last try has failed */
	bool ready;
	bool ended;
	int status;
};

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void end(struct watch *watch, int status)
{
	watch->ended = true;
	watch->status = status;
}

static const char *url_of(const struct watch *watch, size_t server)
{
	return watch->order->servers->urls[server];
}

/* ---- The file ---- */

static bool is_fit(const struct watched_server *server)
{
	return server->token != NULL && server->trial == FIT;
}

static bool write_token(const struct watch *watch, size_t index, FILE *stream,
			chronosign_error **error)
{
	const struct watched_server *server = &watch->servers[index];
	int64_t left = (server->valid_until - GRACE_MS - milliseconds()) / 1000;
	const struct issued_token token = {
		.url = url_of(watch, index),
		.token = server->token,
		.key = chronosign_key_name(watch->order->key),
		.valid_for = !server->life_known ? -1
			     : left > 0          ? left
						 : 0,
		.verdict = server->verdict,
	};
	CLEANUP(cleanup_text)
	char *line = token_line(&token, watch->order->form, watch->order->servers->listed, error);

	return line != NULL && fprintf(stream, "%s\n", line) >= 0;
}

static bool write_tokens(struct watch *watch, FILE *stream, chronosign_error **error)
{
	for (size_t i = 0; i < watch->order->servers->count; i++)
		if (is_fit(&watch->servers[i]) && !write_token(watch, i, stream, error))
			return false;
	return true;
}

static size_t count_fit(const struct watch *watch)
{
	size_t fit = 0;

	for (size_t i = 0; i < watch->order->servers->count; i++)
		fit += is_fit(&watch->servers[i]);
	return fit;
}

static bool replace_file(struct watch *watch, chronosign_error **error)
{
	struct out_file file;

	if (!out_file_begin(watch->order->options->out_file, &file, error))
		return false;
	if (write_tokens(watch, file.stream, error))
		return out_file_commit(&file, error);
	out_file_abandon(&file);
	return false;
}

static void tell_state(struct watch *watch)
{
	size_t count = watch->order->servers->count;

	notify("STATUS=valid tokens for %zu of %zu servers%s", watch->in_file, count,
	       watch->key.signer == NULL ? "; the key is lost" : "");
	if (watch->ready || watch->unanswered > 0 || watch->in_file == 0)
		return;
	watch->ready = true;
	notify("READY=1");
}

/* No file says better than an old one that there is no valid token. */
static void remove_file(struct watch *watch)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;
	const char *path = watch->order->options->out_file;

	if (!out_file_remove(path, &error))
		report_failure(error);
	else if (watch->in_file > 0)
		report_warning("no valid token is left: '%s' is removed", path);
	watch->in_file = 0;
}

static void write_file(struct watch *watch)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;
	size_t fit = count_fit(watch);

	watch->written_at = milliseconds();
	watch->dirty = fit > 0 && !replace_file(watch, &error);
	if (watch->dirty && !watch->unwritable)
		report_failure(error);
	watch->unwritable = watch->dirty;
	if (fit == 0 || watch->dirty)
		remove_file(watch);
	else
		watch->in_file = fit;
	tell_state(watch);
}

/* ---- Signing ---- */

static void drop_token(struct watch *watch, struct watched_server *server)
{
	watch->dirty = watch->dirty || is_fit(server);
	free(TAKE(server->token));
}

static void want(struct watch *watch, struct watched_server *server, server_want what)
{
	watch->wanting += (what != NOTHING) - (server->want != NOTHING);
	server->want = what;
}

static void lose_key(struct watch *watch, const chronosign_error *error)
{
	bool first = watch->key.failures == 0;
	bool hopeful = watched_key_lose(&watch->key, milliseconds());

	if (first || !hopeful)
		report_failure(error);
	if (!hopeful) {
		report_error("the PIN is not tried again by itself");
		end(watch, EXIT_KEY);
	}
	tell_state(watch);
}

static void tell_recovery(struct watch *watch, size_t index)
{
	CLEANUP(cleanup_text) char *shown = chronosign_url_shown(url_of(watch, index));

	if (watch->servers[index].failing)
		report_error("the server %s is well again", shown == NULL ? "" : shown);
	watch->servers[index].failing = false;
}

static void set_fit(struct watch *watch, size_t index, chronosign_verdict verdict)
{
	struct watched_server *server = &watch->servers[index];

	server->verdict = verdict;
	server->trial = FIT;
	server->refusals = 0;
	watch->dirty = true;
	tell_recovery(watch, index);
}

static void start_trial(struct watch *watch, size_t index)
{
	struct watched_server *server = &watch->servers[index];
	CLEANUP(cleanup_error) chronosign_error *error = NULL;

	server->trial = ON_TRIAL;
	if (!chronosign_fetch_check(watch->order->fetch, index, server->nonce, server->token,
				    &error))
		end(watch, report_failure(error));
}

static void sign(struct watch *watch, size_t index)
{
	struct watched_server *server = &watch->servers[index];
	CLEANUP(cleanup_error) chronosign_error *error = NULL;
	CLEANUP(cleanup_text)
	char *token = chronosign_token_make(watch->key.signer, server->nonce, &error);

	if (token == NULL) {
		drop_token(watch, server);
		want(watch, server, SIGNATURE);
		lose_key(watch, error);
		return;
	}
	if (watch->key.failures > 0)
		report_error("the key is back");
	watch->key.failures = 0;
	/* Signatures are deterministic: the same again needs no new trial. */
	if (server->token != NULL && strcmp(server->token, token) == 0)
		return;
	drop_token(watch, server);
	server->token = TAKE(token);
	if (watch->order->options->check)
		start_trial(watch, index);
	else
		set_fit(watch, index, CHRONOSIGN_VERDICT_NONE);
}

/*
 * Gives one server what it wants. One at a time, with answers and signals heard in between: they
 * may be thousands, and whoever only asked and never listened would wait for ever.
 */
static void serve_next(struct watch *watch)
{
	size_t count = watch->order->servers->count;

	while (watch->servers[watch->next % count].want == NOTHING)
		watch->next++;
	size_t index = watch->next++ % count;
	struct watched_server *server = &watch->servers[index];
	server_want wanted = server->want;
	want(watch, server, NOTHING);
	if (server->valid_until <= milliseconds())
		return;
	if (wanted == SIGNATURE)
		sign(watch, index);
	else if (server->token != NULL)
		start_trial(watch, index);
}

static void open_key(struct watch *watch)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;

	if (watched_key_open(&watch->key, &error))
		tell_state(watch);
	else
		lose_key(watch, error);
}

static void expire_tokens(struct watch *watch)
{
	int64_t now = milliseconds();

	if (now < watch->expiry)
		return;
	watch->expiry = INT64_MAX;
	for (size_t i = 0; i < watch->order->servers->count; i++) {
		struct watched_server *server = &watch->servers[i];

		if (server->token != NULL && server->valid_until <= now)
			drop_token(watch, server);
		else if (server->token != NULL && server->valid_until < watch->expiry)
			watch->expiry = server->valid_until;
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

static void tell_refusal(struct watch *watch, size_t index)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;

	refusal_set(&error, url_of(watch, index), watch->servers[index].refusals > 1);
	take_failure(&watch->servers[index], error);
}

static void take_nonce(struct watch *watch, const chronosign_answer *answer)
{
	struct watched_server *server = &watch->servers[answer->server];
	bool same = strcmp(server->nonce, answer->nonce) == 0;
	int64_t life =
		answer->valid_for < 0 ? UNKNOWN_LIFE_MS : answer->valid_for * 1000 + GRACE_MS;

	server->valid_until = milliseconds() + life;
	server->life_known = answer->valid_for >= 0;
	if (server->valid_until < watch->expiry)
		watch->expiry = server->valid_until;
	memcpy(server->nonce, answer->nonce, sizeof server->nonce);
	if (!same)
		drop_token(watch, server);
	if (server->token == NULL)
		want(watch, server, SIGNATURE);
	else if (server->trial == UNCLEAR)
		want(watch, server, TRIAL);
	else if (server->trial == REFUSED)
		tell_refusal(watch, answer->server);
	else if (server->trial == FIT)
		tell_recovery(watch, answer->server);
}

static void take_refusal(struct watch *watch, size_t index)
{
	struct watched_server *server = &watch->servers[index];
	CLEANUP(cleanup_error) chronosign_error *error = NULL;

	server->trial = REFUSED;
	if (server->refusals < 2)
		server->refusals++;
	if (server->refusals == 2)
		tell_refusal(watch, index);
	else if (!chronosign_fetch_again(watch->order->fetch, index, &error))
		end(watch, report_failure(error));
}

static void take_verdict(struct watch *watch, const chronosign_answer *answer)
{
	struct watched_server *server = &watch->servers[answer->server];

	/* Of a token that has been replaced meanwhile. */
	if (server->token == NULL || strcmp(server->nonce, answer->nonce) != 0)
		return;
	if (answer->error != NULL) {
		server->trial = UNCLEAR;
		take_failure(server, answer->error);
		return;
	}
	if (answer->verdict == CHRONOSIGN_VERDICT_REFUSED) {
		take_refusal(watch, answer->server);
		return;
	}
	if (answer->verdict == CHRONOSIGN_VERDICT_EVERYONE)
		warn_of_everyone(url_of(watch, answer->server));
	set_fit(watch, answer->server, answer->verdict);
}

static void take_answer(struct watch *watch)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;
	chronosign_answer answer;

	if (!chronosign_fetch_next(watch->order->fetch, &answer, &error)) {
		end(watch, error == NULL ? EXIT_OTHER : report_failure(error));
		return;
	}
	struct watched_server *server = &watch->servers[answer.server];
	if (watch->order->options->verbose && answer.trace[0] != '\0')
		report_detail("%s", answer.trace);
	if (answer.about == CHRONOSIGN_ANSWER_CHECK)
		take_verdict(watch, &answer);
	else if (answer.error != NULL)
		take_failure(server, answer.error);
	else
		take_nonce(watch, &answer);
	chronosign_answer_clear(&answer);
	if (server->answered)
		return;
	server->answered = true;
	if (--watch->unanswered == 0)
		tell_state(watch);
}

/* ---- Signals ---- */

/* The key may be another one: everything is signed again, and what there is stays so long. */
static void reload(struct watch *watch)
{
	if (watch->ready)
		notify_reloading();
	open_key(watch);
	for (size_t i = 0; i < watch->order->servers->count; i++)
		if (watch->servers[i].nonce[0] != '\0')
			want(watch, &watch->servers[i], SIGNATURE);
	if (watch->ready)
		notify("READY=1");
}

static void take_signal(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	/* The kernel itself sends it when the terminal is gone. */
	if (info.ssi_signo == SIGHUP && info.ssi_code != SI_KERNEL)
		reload(watch);
	else
		end(watch, EXIT_DONE);
}

static bool hold_signals(struct watch *watch, chronosign_error **error)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	watch->signals = signalfd(-1, &signals, SFD_CLOEXEC);
	return watch->signals >= 0 ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot watch for signals: %s",
				    strerror(errno));
}

/* ---- The loop ---- */

static bool can_serve(const struct watch *watch)
{
	return watch->wanting > 0 && watch->key.signer != NULL;
}

static int time_to_wait(const struct watch *watch)
{
	int64_t now = milliseconds();
	int64_t then = watch->expiry;

	if (can_serve(watch))
		return watch->order->options->check ? WRITE_EVERY_MS : 0;
	if (watch->dirty)
		return watch->unwritable ? WRITE_EVERY_MS : 0;
	if (watch->key.signer == NULL && watch->key.retry_at < then)
		then = watch->key.retry_at;
	if (then <= now)
		return 0;
	return then - now < 60000 ? (int)(then - now) : 60000;
}

static bool is_time_to_write(const struct watch *watch, bool idle)
{
	return watch->dirty && (idle || milliseconds() - watch->written_at >= WRITE_EVERY_MS);
}

static void step(struct watch *watch)
{
	/* With --check a signature is followed by a request, which needs room. */
	bool needs_room = can_serve(watch) && watch->order->options->check;
	struct pollfd events[] = {
		{.fd = watch->signals, .events = POLLIN},
		{.fd = chronosign_fetch_descriptor(watch->order->fetch),
		 .events = needs_room ? POLLIN | POLLOUT : POLLIN},
	};
	bool idle = poll(events, 2, time_to_wait(watch)) == 0 && !can_serve(watch);

	if ((events[0].revents & POLLIN) != 0)
		take_signal(watch);
	if ((events[1].revents & ~POLLOUT) != 0 && !watch->ended)
		take_answer(watch);
	if (can_serve(watch) && !watch->ended &&
	    (!needs_room || (events[1].revents & POLLOUT) != 0))
		serve_next(watch);
	expire_tokens(watch);
	if (watch->key.signer == NULL && milliseconds() >= watch->key.retry_at && !watch->ended)
		open_key(watch);
	if (is_time_to_write(watch, idle))
		write_file(watch);
}

static bool start(struct watch *watch, chronosign_error **error)
{
	const struct watch_order *order = watch->order;

	if (!out_file_check(order->options->out_file, error) || !hold_signals(watch, error) ||
	    !watched_key_prepare(&watch->key, order->key, order->options, error) ||
	    !watched_key_open(&watch->key, error))
		return false;
	/* What stands there is of an earlier time. */
	if (!out_file_remove(order->options->out_file, error))
		return false;
	supervisor_keep_file(order->options->supervisor);
	return true;
}

int watch_servers(const struct watch_order *order)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;
	size_t count = order->servers->count;
	struct watch watch = {
		.order = order,
		.servers = calloc(count, sizeof *watch.servers),
		.signals = -1,
		.expiry = INT64_MAX,
		.unanswered = count,
	};

	if (watch.servers == NULL)
		chronosign_error_set(&error, CHRONOSIGN_ERROR_OTHER, "out of memory");
	if (error != NULL || !start(&watch, &error))
		watch.status = report_failure(error);
	else
		while (!watch.ended)
			step(&watch);
	notify("STOPPING=1");
	watched_key_release(&watch.key);
	for (size_t i = 0; watch.servers != NULL && i < count; i++)
		free(watch.servers[i].token);
	free(watch.servers);
	cleanup_descriptor(&watch.signals);
	return watch.status;
}
