/* The times of all servers are in one array. It is small enough to search, and is searched only
 * when something is due. */
#include "network/program/schedule.h"

#include <stdlib.h>
#include <string.h>

static bool start_rhythms(struct schedule *schedule)
{
	schedule->rhythms = calloc(schedule->count, sizeof *schedule->rhythms);
	for (size_t i = 0; schedule->rhythms != NULL && i < schedule->count; i++)
		rhythm_init(&schedule->rhythms[i]);
	return schedule->rhythms != NULL;
}

bool schedule_init(struct schedule *schedule, size_t count, unsigned ceiling_seconds)
{
	*schedule = (struct schedule){
		.count = count,
		.due = calloc(count, sizeof *schedule->due),
		.ordinary = calloc(count, sizeof *schedule->ordinary),
		.failed_at = calloc(count, sizeof *schedule->failed_at),
		.failures = calloc(count, sizeof *schedule->failures),
		.ceiling_ms = (int64_t)ceiling_seconds * 1000,
	};
	if (schedule->due == NULL || schedule->ordinary == NULL || schedule->failed_at == NULL ||
	    schedule->failures == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		schedule->failed_at[i] = INT64_MAX;
	return ceiling_seconds == 0 || start_rhythms(schedule);
}

void schedule_release(struct schedule *schedule)
{
	free(schedule->due);
	free(schedule->ordinary);
	free(schedule->failed_at);
	free(schedule->failures);
	free(schedule->rhythms);
	free(schedule->awaits);
}

static void find_earliest(struct schedule *schedule)
{
	schedule->earliest = INT64_MAX;
	for (size_t i = 0; i < schedule->count; i++)
		if (schedule->due[i] < schedule->earliest)
			schedule->earliest = schedule->due[i];
}

static void take(struct schedule *schedule, size_t server, int64_t now, struct schedule_turn *turn)
{
	*turn = (struct schedule_turn){
		.server = server,
		.asked = now,
		.look = schedule->due[server] < schedule->ordinary[server],
	};
	schedule->due[server] = INT64_MAX;
	if (!turn->look)
		schedule->ordinary[server] = INT64_MAX;
	schedule->next = server + 1;
}

bool schedule_take(struct schedule *schedule, int64_t now, struct schedule_turn *turn)
{
	if (schedule->earliest > now)
		return false;
	/* Starts where the last search ended, so that no server waits for ever and the first round
	 * is in order. */
	for (size_t i = 0; i < schedule->count; i++) {
		size_t candidate = (schedule->next + i) % schedule->count;
		if (schedule->due[candidate] > now)
			continue;
		take(schedule, candidate, now, turn);
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

/* Between (100 - `spread`) % of the time and all of it. Nothing secret depends on this random
 * number. */
static int64_t spread_out(int64_t milliseconds, long spread)
{
	return milliseconds - milliseconds * (random() % (spread + 1)) / 100;
}

static void clear_failures(struct schedule *schedule, size_t server)
{
	schedule->failed_at[server] = INT64_MAX;
	schedule->failures[server] = 0;
}

static int64_t ordinary_pause(const struct schedule *schedule, size_t server, int64_t valid_for)
{
	int64_t pause = schedule->ceiling_ms;

	if (!rhythm_is_learned(&schedule->rhythms[server]) && valid_for >= 0 &&
	    valid_for < INT64_MAX / 1000)
		pause = least(pause, valid_for * 1000 / 2);
	return spread_out(pause < SCHEDULE_FLOOR_MS ? SCHEDULE_FLOOR_MS : pause, 10);
}

/*
 * True if this is still the nonce that is to be replaced, and there is time for another question.
 */
static bool awaits_on(struct schedule *schedule, size_t server, const char *nonce, int64_t now)
{
	struct schedule_await *await = schedule->awaits == NULL ? NULL : &schedule->awaits[server];

	if (await == NULL || await->until == 0)
		return false;
	if (now < await->until && memcmp(await->nonce, nonce, UUID_LENGTH) == 0) {
		set_due(schedule, server, least(now + SCHEDULE_AWAIT_STEP_MS, await->until));
		return true;
	}
	await->until = 0;
	return false;
}

bool schedule_answered(struct schedule *schedule, const struct schedule_turn *turn,
		       const struct schedule_answer *answer, int64_t now)
{
	size_t server = turn->server;

	clear_failures(schedule, server);
	if (schedule->ceiling_ms == 0)
		return !awaits_on(schedule, server, answer->nonce, now);
	struct rhythm *rhythm = &schedule->rhythms[server];
	/* A look that took so long is the ordinary question, too, or the key process would hear nothing for both. */
	bool ordinary = !turn->look || now >= schedule->ordinary[server];
	bool replaced = rhythm_take(rhythm, &(struct rhythm_answer){
						    .nonce = answer->nonce,
						    .valid_for = answer->valid_for,
						    .asked = turn->asked,
						    .now = now,
						    .look = turn->look,
					    });
	if (replaced || ordinary)
		schedule->ordinary[server] =
			now + ordinary_pause(schedule, server, answer->valid_for);
	/* Two servers may take turns behind one URL: then every answer has a new nonce. */
	int64_t soonest = replaced ? now + SCHEDULE_FLOOR_MS : turn->asked + RHYTHM_LOOK_MS;
	int64_t due = least(schedule->ordinary[server], rhythm_look(rhythm, turn->asked));
	/* The random spread may have made the ordinary pause a little shorter than the floor. */
	if (!replaced || due < schedule->ordinary[server])
		due = due > soonest ? due : soonest;
	set_due(schedule, server, due);
	return replaced || ordinary;
}

void schedule_failed(struct schedule *schedule, size_t server, int64_t now)
{
	bool first = schedule->failed_at[server] == INT64_MAX;
	int64_t pause = SCHEDULE_FLOOR_MS;

	if (schedule->awaits != NULL)
		schedule->awaits[server].until = 0;
	if (schedule->ceiling_ms == 0)
		return;
	if (first)
		schedule->failed_at[server] = now;
	if (now - schedule->failed_at[server] >= SCHEDULE_FAILING_MS) {
		pause = least(schedule->ceiling_ms,
			      (int64_t)SCHEDULE_FLOOR_MS << schedule->failures[server]);
		if (schedule->failures[server] < 16)
			schedule->failures[server]++;
	}
	schedule->ordinary[server] =
		now + spread_out(pause, first || schedule->failures[server] > 0 ? 50 : 10);
	set_due(schedule, server, schedule->ordinary[server]);
}

void schedule_hurry(struct schedule *schedule, size_t server, int64_t now)
{
	clear_failures(schedule, server);
	schedule->ordinary[server] = now;
	set_due(schedule, server, now);
}

bool schedule_await(struct schedule *schedule, size_t server, const char *nonce, int64_t until)
{
	if (schedule->awaits == NULL)
		schedule->awaits = calloc(schedule->count, sizeof *schedule->awaits);
	if (schedule->awaits == NULL)
		return false;
	schedule->awaits[server].until = until;
	memcpy(schedule->awaits[server].nonce, nonce, UUID_LENGTH);
	schedule->ordinary[server] = until - SCHEDULE_AWAIT_MS;
	set_due(schedule, server, schedule->ordinary[server]);
	return true;
}
