/* The times of many servers in one array: small enough to be searched, and searched only when
 * something is due. */
#include "network/program/schedule.h"

#include <stdlib.h>

bool schedule_init(struct schedule *schedule, size_t count, unsigned ceiling_seconds)
{
	*schedule = (struct schedule){
		.count = count,
		.due = calloc(count, sizeof *schedule->due),
		.failures = calloc(count, sizeof *schedule->failures),
		.ceiling_ms = (int64_t)ceiling_seconds * 1000,
	};
	return schedule->due != NULL && schedule->failures != NULL;
}

void schedule_release(struct schedule *schedule)
{
	free(schedule->due);
	free(schedule->failures);
}

static void find_earliest(struct schedule *schedule)
{
	schedule->earliest = INT64_MAX;
	for (size_t i = 0; i < schedule->count; i++)
		if (schedule->due[i] < schedule->earliest)
			schedule->earliest = schedule->due[i];
}

bool schedule_take(struct schedule *schedule, int64_t now, size_t *server)
{
	if (schedule->earliest > now)
		return false;
	/* On from where the last was found: none waits for ever, and the first round is in order. */
	for (size_t i = 0; i < schedule->count; i++) {
		size_t candidate = (schedule->next + i) % schedule->count;
		if (schedule->due[candidate] > now)
			continue;
		schedule->due[candidate] = INT64_MAX;
		schedule->next = candidate + 1;
		*server = candidate;
		return true;
	}
	find_earliest(schedule);
	return false;
}

int64_t schedule_wait(const struct schedule *schedule, int64_t now)
{
	if (schedule->earliest == INT64_MAX)
		return INT64_MAX;
	return schedule->earliest > now ? schedule->earliest - now : 0;
}

static void set_due(struct schedule *schedule, size_t server, int64_t due)
{
	schedule->due[server] = due;
	if (due < schedule->earliest)
		schedule->earliest = due;
}

static int64_t least(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

/* From (100 - `spread`) % of the time to the whole. No secret hangs on this chance. */
static int64_t spread_out(int64_t milliseconds, long spread)
{
	return milliseconds - milliseconds * (random() % (spread + 1)) / 100;
}

void schedule_answered(struct schedule *schedule, size_t server, int64_t valid_for, int64_t now)
{
	int64_t pause = schedule->ceiling_ms;

	schedule->failures[server] = 0;
	if (schedule->ceiling_ms == 0)
		return;
	if (valid_for >= 0 && valid_for < INT64_MAX / 1000)
		pause = least(pause, valid_for * 1000 / 2);
	if (pause < SCHEDULE_FLOOR_MS)
		pause = SCHEDULE_FLOOR_MS;
	set_due(schedule, server, now + spread_out(pause, 10));
}

void schedule_failed(struct schedule *schedule, size_t server, int64_t now)
{
	uint8_t failures = schedule->failures[server];

	if (schedule->ceiling_ms == 0)
		return;
	if (failures < 16)
		schedule->failures[server]++;
	set_due(schedule, server,
		now + spread_out(
			      least(schedule->ceiling_ms, (int64_t)SCHEDULE_FLOOR_MS << failures),
			      50));
}

void schedule_hurry(struct schedule *schedule, size_t server, int64_t now)
{
	schedule->failures[server] = 0;
	set_due(schedule, server, now);
}
