/* When to restart the network program. */
#include "cli/token/watched_network.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/report.h"

enum {
	RESTART_FIRST_MS = 1000,
	RESTART_LONGEST_MS = 60000,
};

void watched_network_begin(struct watched_network *watched, struct network *network, int64_t now)
{
	*watched = (struct watched_network){
		.network = network,
		.started_at = now,
		.restart_at = INT64_MAX,
		.silent_at = now + network_patience(network),
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
	watched->silent_at = INT64_MAX;
	if (watched->failures < 10)
		watched->failures++;
}

static bool is_down(const struct watched_network *watched)
{
	return watched->silent_at == INT64_MAX;
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
	if (!is_down(watched))
		renew_after(watched, now, RESTART_FIRST_MS);
}

void watched_network_files_replaced(struct watched_network *watched, int64_t now)
{
	int64_t minutes = (now - watched->started_at) / RESTART_LONGEST_MS;

	if (is_down(watched) || watched->restart_at != INT64_MAX)
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
		watched->silent_at = now + network_patience(watched->network);
		return true;
	}
	watched_network_lose(watched, now, error);
	return false;
}

void watched_network_answered(struct watched_network *watched, int64_t now)
{
	watched->silent_at = now + network_patience(watched->network);
	if (watched->failures > 0 && now - watched->started_at >= RESTART_LONGEST_MS) {
		report_note("the network program runs again");
		watched->failures = 0;
		watched->told = false;
	}
}

void watched_network_check(struct watched_network *watched, int64_t now)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	if (now < watched->silent_at)
		return;
	network_give_up(watched->network, &error);
	watched_network_lose(watched, now, error);
}
