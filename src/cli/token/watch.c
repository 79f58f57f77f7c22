/*
 * The loop of --watch: it waits for answers of the network program, for signals, and for the times
 * at which tokens end or a lost key is tried again. It writes the file when nothing else is
 * waiting, and now and then in between. watched_servers.c interprets the answers, watched_file.c
 * writes the file.
 */
#include "cli/token/watch.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/interrupts.h"
#include "cli/key.h"
#include "cli/out_file.h"
#include "cli/report.h"
#include "cli/supervisor.h"
#include "cli/token/notify.h"
#include "cli/token/watchdog.h"
#include "cli/token/watched_file.h"
#include "cli/token/watched_key.h"
#include "cli/token/watched_network.h"
#include "cli/token/watched_servers.h"
#include "cli/waiting.h"
#include "key/files.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

/* For so long it reads what the network program says before it does what is due. */
enum { HEAR_MS = 100 };

struct watch {
	const struct token_order *order;
	struct watched_key key;
	struct watched_network network;
	struct watched_servers servers;
	struct watched_file file;
	struct watchdog watchdog;
	int signals;
	int alarm;            /* for the next step */
	int64_t waited_until; /* it last waited, by milliseconds_awake() */
	int64_t busy;         /* for so long it had not waited then, in milliseconds */
	bool ready;
	struct waiting before; /* what the loop waits for until then */
	bool ended;
	int status;
};

static void end(struct watch *watch, int status)
{
	watch->ended = true;
	watch->status = status;
}

static void tell_state(struct watch *watch)
{
	size_t count = watch->order->servers->count;

	notify("STATUS=valid tokens for %zu of %zu servers%s", watch->file.tokens, count,
	       watch->key.signer == NULL ? "; the key is lost" : "");
	if (watch->ready || watch->servers.exchanges.unheard > 0 || watch->file.tokens == 0)
		return;
	watch->ready = true;
	waiting_end(&watch->before);
	notify("READY=1");
}

static void write_file(struct watch *watch)
{
	watch->servers.changed = !watched_file_write(&watch->file, &watch->servers, milliseconds());
	tell_state(watch);
}

/* ---- Signing ---- */

/*
 * While the key is in use, signals end the command at once, as before the loop: a FIFO, a module or
 * a PIN pad may take long. The supervisor removes the file.
 */
static void hear_signals(bool heard)
{
	sigset_t signals;
	sigset_t changed;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	/* An ignored signal would be lost. This way it is handled later, if a process sent it. */
	if (!interrupts_ignored(SIGINT))
		sigaddset(&signals, SIGINT);
	if (heard)
		interrupts_unblock(&signals);
	else
		interrupts_block(&signals, &changed);
}

static void lose_key(struct watch *watch, const struct chronosign_error *error)
{
	bool first = watch->key.failures == 0;
	bool hopeful = watched_key_lose(&watch->key, milliseconds());

	if (first || !hopeful)
		report_failure(error);
	if (!hopeful) {
		report_error("the PIN is not tried again automatically");
		end(watch, EXIT_KEY);
	}
	tell_state(watch);
}

static void sign(struct watch *watch, size_t index)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	const char *nonce = watch->servers.exchanges.exchanges[index].nonce;

	hear_signals(true);
	char *token = key_sign(watch->key.signer, nonce, &error);
	hear_signals(false);
	if (token == NULL) {
		watched_servers_unsigned(&watch->servers, index, milliseconds());
		lose_key(watch, error);
		return;
	}
	if (watch->key.failures > 0)
		report_note("the key is back");
	watch->key.failures = 0;
	watched_servers_signed(&watch->servers, index, token, milliseconds());
}

/* What is due, and for which server; nothing while the key is lost. *when is set to the time of the
 * next step. */
static enum exchange_due find_due(struct watch *watch, bool may_try, size_t *index, int64_t *when)
{
	int64_t now = milliseconds();

	*when = INT64_MAX;
	/* First, so that the file learns of it: the list drops what has ended, too. */
	watched_servers_expire(&watch->servers, now);
	if (watch->key.signer == NULL)
		return DUE_NOTHING;
	return exchange_list_next(&watch->servers.exchanges, now,
				  may_try && network_is_running(watch->order->network), index,
				  when);
}

/* Does one due step. There may be thousands, so answers and signals are handled after each: sending
 * without reading would block for ever. */
static void serve_next(struct watch *watch, bool has_room)
{
	size_t index;
	int64_t when;
	enum exchange_due due = find_due(watch, has_room, &index, &when);

	if (due == DUE_SIGNATURE)
		sign(watch, index);
	else if (due == DUE_TRIAL)
		watched_servers_try(&watch->servers, index, milliseconds());
}

/* A program that does not take a long job would block the sender. */
static void restart_network(struct watch *watch)
{
	hear_signals(true);
	bool restarted = watched_network_restart(&watch->network, milliseconds());
	hear_signals(false);
	if (!restarted)
		return;
	watched_servers_restart(&watch->servers, milliseconds());
	/* Of what the one before was asked, nothing is due. */
	watched_servers_asked(&watch->servers);
}

static void open_key(struct watch *watch)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	hear_signals(true);
	bool opened = watched_key_open(&watch->key, &error);
	hear_signals(false);
	if (opened)
		tell_state(watch);
	else
		lose_key(watch, error);
}

/* ---- Answers and signals ---- */

static void take_answer(struct watch *watch, const struct network_answer *answer)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	size_t unheard = watch->servers.exchanges.unheard;

	if (watch->order->options->verbose && answer->trace[0] != '\0')
		report_trace(answer->trace);
	if (!watched_servers_take(&watch->servers, answer, milliseconds(), &error))
		end(watch, report_failure(error));
	if (unheard > 0 && watch->servers.exchanges.unheard == 0)
		tell_state(watch);
}

static void listen_to_network(struct watch *watch)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct network_answer answer;

	if (!network_next(watch->order->network, &answer, &error)) {
		if (network_has_died(watch->order->network))
			watched_network_lose(&watch->network, milliseconds(), error);
		else
			end(watch, error == NULL ? EXIT_OTHER : report_failure(error));
		return;
	}
	/* The time-out is for the whole start. */
	if (network_is_running(watch->order->network))
		watched_network_answered(&watch->network, milliseconds());
	if (answer.about == NETWORK_ANSWER_STARTED)
		watched_servers_asked(&watch->servers);
	else if (answer.about == NETWORK_ANSWER_FILES_REPLACED)
		watched_network_files_replaced(&watch->network, milliseconds());
	else if (answer.about == NETWORK_ANSWER_NONCE || answer.about == NETWORK_ANSWER_CHECK)
		take_answer(watch, &answer);
	network_answer_clear(&answer);
}

/* The key may have changed: everything is signed again, and old tokens stay until then. The
 * network program's inputs may have changed, too. */
static void reload(struct watch *watch)
{
	if (watch->ready)
		notify_reloading();
	open_key(watch);
	watched_servers_renew(&watch->servers, milliseconds());
	watched_network_renew(&watch->network, milliseconds());
	if (watch->ready)
		notify("READY=1");
}

static void take_signal(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	/* Sent by the kernel for the terminal; ignored under nohup and in the background. */
	int code = interrupts_code(&info);
	if (code == SI_KERNEL && interrupts_ignored((int)info.ssi_signo))
		return;
	if (info.ssi_signo == SIGHUP && code != SI_KERNEL)
		reload(watch);
	else
		end(watch, EXIT_DONE);
}

static bool hold_signals(struct watch *watch, struct chronosign_error **error)
{
	sigset_t signals;
	sigset_t changed;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	interrupts_block(&signals, &changed);
	watch->signals = signalfd(-1, &signals, SFD_CLOEXEC);
	return watch->signals >= 0 ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot watch for signals: %s",
				    strerror(errno));
}

/* ---- The loop ---- */

static int64_t earlier(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

/* `when`: the time of the next step for a server. */
static int64_t next_time(const struct watch *watch, enum exchange_due due, int64_t when,
			 int64_t now)
{
	int64_t then = earlier(earlier(watch->servers.expiry, watch->file.ends), when);

	if (due == DUE_SIGNATURE)
		return now;
	if (due == DUE_TRIAL || watch->file.unwritable)
		return now + WATCHED_FILE_EVERY_MS;
	if (watch->servers.changed)
		return now;
	int64_t look = watched_network_time_to_look(&watch->network);
	then = earlier(then, watch->network.restart_at);
	then = earlier(then, look == INT64_MAX ? look : now + look);
	return watch->key.signer == NULL ? earlier(then, watch->key.retry_at) : then;
}

/* Sets the alarm as well, which a sleep of the machine does not put off. */
static int time_to_wait(const struct watch *watch, enum exchange_due due, int64_t when)
{
	int64_t now = milliseconds();
	int64_t then = earlier(next_time(watch, due, when, now), watch->watchdog.next_at);

	if (then <= now)
		return 0;
	alarm_set(watch->alarm, then);
	return then - now < INT_MAX ? (int)(then - now) : INT_MAX;
}

/* Of the other events, how many have come. */
static int wait_for_events(struct watch *watch, struct pollfd events[static 3],
			   enum exchange_due due, int64_t when)
{
	int limit = time_to_wait(watch, due, when);
	int64_t before = milliseconds_awake();

	watch->busy = before - watch->waited_until;
	events[2] = (struct pollfd){.fd = watch->alarm, .events = POLLIN};
	int count = poll(events, 3, limit);
	watch->waited_until = milliseconds_awake();
	watched_network_waited(&watch->network, watch->waited_until - before, limit);
	if (count <= 0 || events[2].revents == 0)
		return count;
	alarm_set(watch->alarm, INT64_MAX);
	return count - 1;
}

static bool has_room(const struct watch *watch)
{
	return wait_until(0, network_descriptor(watch->order->network), POLLOUT);
}

static bool has_more_to_say(const struct watch *watch)
{
	return wait_until(0, network_descriptor(watch->order->network), POLLIN);
}

/* All of it, if it comes to an end: what waits for a slow key would hide which servers are not spoken of. Each may lead to a
 * question, for which there has to be room. True if there is more. */
static bool hear_out(struct watch *watch)
{
	int64_t until = milliseconds() + HEAR_MS;
	bool more;

	do {
		listen_to_network(watch);
		more = !watch->ended && has_more_to_say(watch);
	} while (more && milliseconds() < until && has_room(watch));
	return more;
}

/* When there is nothing more to read. */
static void look_for_silence(struct watch *watch)
{
	watched_network_was_free(&watch->network, watch->busy);
	if (watched_network_time_to_look(&watch->network) == 0)
		watched_servers_check(&watch->servers, milliseconds());
}

static bool is_time_to_write(const struct watch *watch, bool idle)
{
	return (watch->servers.changed || watch->file.unwritable) &&
	       (idle || watched_file_may_write(&watch->file, milliseconds()));
}

static void keep_file(struct watch *watch, bool idle)
{
	if (milliseconds() >= watch->file.ends && !watch->servers.changed)
		watch->servers.changed =
			!watched_file_lives_on(&watch->file, &watch->servers, milliseconds());
	if (!watch->servers.changed)
		watch->servers.changed = !watched_file_look(&watch->file, milliseconds());
	if (is_time_to_write(watch, idle))
		write_file(watch);
}

static void step(struct watch *watch)
{
	size_t index;
	int64_t when;
	enum exchange_due due = find_due(watch, true, &index, &when);
	struct pollfd events[3] = {
		{.fd = watch->signals, .events = POLLIN},
		{.fd = network_descriptor(watch->order->network),
		 .events = due == DUE_TRIAL ? POLLIN | POLLOUT : POLLIN},
	};
	int count = wait_for_events(watch, events, due, when);
	bool idle = count == 0 && due == DUE_NOTHING;

	if (count < 0 && errno != EINTR) {
		end(watch, EXIT_OTHER);
		report_error("cannot wait for servers and signals: %s", strerror(errno));
		return;
	}
	if ((events[0].revents & POLLIN) != 0)
		take_signal(watch);
	bool heard = (events[1].revents & ~POLLOUT) != 0;
	bool more = heard && !watch->ended && hear_out(watch);
	if (!more && !watch->ended)
		look_for_silence(watch);
	if (!watch->ended)
		serve_next(watch, (events[1].revents & POLLOUT) != 0 && has_room(watch));
	if (watch->key.signer == NULL && milliseconds() >= watch->key.retry_at && !watch->ended)
		open_key(watch);
	if (!watch->ended && watched_network_is_due(&watch->network, milliseconds()))
		restart_network(watch);
	if (!watch->ended)
		keep_file(watch, idle);
	watchdog_tell(&watch->watchdog, milliseconds());
}

/* The file must not be the one that the key or its PIN is read from. */
static bool spares_key(const struct out_file *file, const struct chronosign_key *key,
		       struct chronosign_error **error)
{
	struct stat status;

	return !out_file_look(file, &status) || !key_reads_file(key, &status) ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "'%s' holds the key or its PIN: --out-file would replace it; "
				    "name another file",
				    file->path);
}

bool watch_clear_file(const struct out_file *file, const struct chronosign_key *key,
		      struct chronosign_error **error)
{
	return spares_key(file, key, error) && out_file_remove_old(file, error);
}

static bool start(struct watch *watch, struct chronosign_error **error)
{
	const struct token_order *order = watch->order;

	/* Until the key is open, a signal ends the command at once: it may be waiting for a PIN or
	 * a FIFO. */
	if (!watched_key_prepare(&watch->key, order->key, order->options, error) ||
	    !watched_key_open(&watch->key, error) || !hold_signals(watch, error))
		return false;
	supervisor_keep_file(order->options->supervisor);
	watchdog_begin(&watch->watchdog, milliseconds());
	watch->before = servers_wait(order->servers, order->options);
	return true;
}

int watch_servers(const struct token_order *order)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct watch watch = {.order = order,
			      .file = {.order = order, .ends = INT64_MAX},
			      .signals = -1,
			      .alarm = alarm_new(),
			      .waited_until = milliseconds_awake()};

	watched_network_begin(&watch.network, order->network, order->started_at);
	if (!watched_servers_begin(&watch.servers, order, &watch.network, &error) ||
	    !start(&watch, &error))
		watch.status = report_failure(error);
	else
		while (!watch.ended) {
			step(&watch);
			if (watch.network.misbehaved)
				end(&watch, EXIT_OTHER);
		}
	waiting_end(&watch.before);
	watched_key_release(&watch.key);
	watched_servers_release(&watch.servers);
	cleanup_descriptor(&watch.alarm);
	cleanup_descriptor(&watch.signals);
	return watch.status;
}
