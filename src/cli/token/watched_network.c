/* When to restart the network program. */
#include "cli/token/watched_network.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/report.h"

enum {
	RESTART_FIRST_MS = 1000,
	RESTART_LONGEST_MS = 60000,
	/* Once something is due, time is counted in such steps: a stop in one of them costs no more. */
	LOOK_MS = 1000,
};

void watched_network_begin(struct watched_network *watched, struct network *network, int64_t now)
{
	*watched = (struct watched_network){
		.network = network,
		.started_at = now,
		.restart_at = INT64_MAX,
		.proof = RESTART_LONGEST_MS,
	};
}

/* The first time at once, then after a longer pause each time. */
static int64_t pause_after(unsigned failures)
{
	int64_t pause = failures == 0 ? 0 : (int64_t)RESTART_FIRST_MS << (failures - 1);

	return pause < RESTART_LONGEST_MS ? pause : RESTART_LONGEST_MS;
}

void watched_network_lose(struct watched_network *watched, int64_t now,
			  const struct chronosign_error *reason)
{
	int64_t restart_at = now + pause_after(watched->failures);

	watched->misbehaved = error_is_of_misbehaviour(reason);
	if (watched->misbehaved)
		report_error("%s", chronosign_error_message(reason));
	else if (!watched->told)
		report_error("%s\nIt is restarted.", chronosign_error_message(reason));
	watched->told = true;
	/* No failure puts off a restart that is due before. */
	if (restart_at < watched->restart_at)
		watched->restart_at = restart_at;
	watched->down = true;
	if (watched->failures < 10)
		watched->failures++;
}

/* `pause`: between two starts, at least. */
static void renew_after(struct watched_network *watched, int64_t now, int64_t pause)
{
	int64_t earliest = watched->started_at + pause;

	watched->restart_at = now < earliest ? earliest : now;
}

/* Does not wait for the end of a longer pause, because the operator wants it. */
void watched_network_renew(struct watched_network *watched, int64_t now)
{
	if (!watched->down)
		renew_after(watched, now, RESTART_FIRST_MS);
}

void watched_network_files_replaced(struct watched_network *watched, int64_t now)
{
	int64_t minutes = (now - watched->started_at) / RESTART_LONGEST_MS;

	if (watched->down || watched->restart_at != INT64_MAX)
		return;
	watched->renewals -= minutes < watched->renewals ? (unsigned)minutes : watched->renewals;
	int64_t pause = pause_after(watched->renewals);
	renew_after(watched, now, pause < RESTART_FIRST_MS ? RESTART_FIRST_MS : pause);
	if (watched->renewals < 10)
		watched->renewals++;
}

bool watched_network_is_due(const struct watched_network *watched, int64_t now)
{
	return now >= watched->restart_at;
}

bool watched_network_restart(struct watched_network *watched, int64_t now)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	watched->restart_at = INT64_MAX;
	watched->started_at = now;
	if (network_restart(watched->network, &error)) {
		watched->down = false;
		watched->heard = watched->waited;
		watched->look = watched->waited;
		return true;
	}
	watched_network_lose(watched, now, error);
	return false;
}

void watched_network_answered(struct watched_network *watched, int64_t now)
{
	watched->heard = watched->waited;
	if (watched->failures > 0 && now - watched->started_at >= watched->proof) {
		report_note("the network program runs again");
		watched->failures = 0;
		watched->told = false;
		watched->proof = RESTART_LONGEST_MS;
	}
}

/* ---- Silence ---- */

void watched_network_waited(struct watched_network *watched, int64_t milliseconds,
			    int64_t asked_for)
{
	watched->waited += milliseconds < asked_for ? milliseconds : asked_for;
}

void watched_network_was_free(struct watched_network *watched, int64_t milliseconds)
{
	watched_network_waited(watched, milliseconds, LOOK_MS);
}

int64_t watched_network_time_to_look(const struct watched_network *watched)
{
	if (watched->down || watched->restart_at != INT64_MAX)
		return INT64_MAX;
	return watched->look > watched->waited ? watched->look - watched->waited : 0;
}

void watched_network_expect(struct watched_network *watched, int64_t due)
{
	int64_t soonest = watched->waited + LOOK_MS;

	if (due < soonest)
		due = soonest;
	if (due < watched->look)
		watched->look = due;
}

bool watched_network_check(struct watched_network *watched, int64_t now)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	bool running = network_is_running(watched->network);
	int64_t silence = watched->waited - watched->heard;

	if (watched_network_time_to_look(watched) > 0)
		return false;
	if (silence >= network_patience(watched->network)) {
		network_give_up(watched->network, &error);
		watched_network_lose(watched, now, error);
		return false;
	}
	watched->look = INT64_MAX;
	watched_network_expect(watched,
			       watched->heard + (running ? network_pause(watched->network) : 0));
	return running;
}

void watched_network_give_up(struct watched_network *watched, int64_t now,
			     const struct chronosign_error *reason)
{
	CLEANUP(cleanup_error) struct chronosign_error *silent = NULL;

	network_give_up(watched->network, &silent);
	/* It may speak of others for as long again. */
	watched->proof = RESTART_LONGEST_MS + network_pause(watched->network) +
			 network_answer_time(watched->network);
	watched_network_lose(watched, now, error_is_of_misbehaviour(silent) ? silent : reason);
}
