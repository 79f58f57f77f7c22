/*
 * When servers are asked: once, or again before the nonce ends, with longer pauses after failures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "network/network.h"
#include "network/program/schedule.h"

static struct schedule schedule;

static void start(size_t count, unsigned ceiling_seconds)
{
	assert_true(schedule_init(&schedule, count, ceiling_seconds));
}

#define OLD "11111111-1111-4111-8111-111111111111"

static struct schedule_turn turn;

static size_t taken(int64_t now)
{
	return schedule_take(&schedule, now, &turn) ? turn.server : SIZE_MAX;
}

/* The server's answer to an ordinary question. */
static void answered(size_t server, int64_t valid_for, int64_t now)
{
	const struct schedule_turn ordinary = {.server = server, .asked = now};
	const struct schedule_answer answer = {.nonce = OLD, .valid_for = valid_for};

	assert_true(schedule_answered(&schedule, &ordinary, &answer, now));
}

static void assert_between(int64_t value, int64_t low, int64_t high)
{
	if (value < low || value > high)
		fail_msg("%lld is not between %lld and %lld", (long long)value, (long long)low,
			 (long long)high);
}

static void each_is_asked_once_and_in_order(void **state)
{
	(void)state;
	start(3, 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(taken(0), i);
	answered(1, 600, 5);
	schedule_failed(&schedule, 2, 5);
	assert_int_equal(taken(INT64_MAX - 1), SIZE_MAX);
	assert_true(schedule_wait(&schedule, 5) == INT64_MAX);
	schedule_release(&schedule);
}

static void a_watched_server_is_asked_at_half_of_the_nonces_life(void **state)
{
	static const struct {
		int64_t valid_for, low, high;
	} rows[] = {
		{40, 18000, 20000}, {600, 54000, 60000}, {-1, 54000, 60000},
		{3, 1350, 1500},    {1, 900, 1000},      {INT64_MAX, 54000, 60000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		start(1, 60);
		assert_int_equal(taken(0), 0);
		answered(0, rows[i].valid_for, 7000);
		assert_between(schedule.due[0] - 7000, rows[i].low, rows[i].high);
		assert_int_equal(taken(schedule.due[0] - 1), SIZE_MAX);
		assert_int_equal(taken(schedule.due[0]), 0);
		assert_false(turn.look);
		schedule_release(&schedule);
	}
}

static void
a_server_that_fails_is_asked_each_second_for_two_minutes_then_later_each_time(void **state)
{
	int64_t now = 100;

	(void)state;
	start(1, 60);
	while (now - 100 < 120000) {
		assert_int_equal(taken(now), 0);
		schedule_failed(&schedule, 0, now);
		assert_between(schedule.due[0] - now, 500, 1000);
		now = schedule.due[0];
	}
	for (unsigned failures = 0; failures < 300; failures++) {
		int64_t longest = failures < 6 ? (int64_t)1000 << failures : 60000;
		assert_int_equal(taken(now), 0);
		schedule_failed(&schedule, 0, now);
		assert_between(schedule.due[0] - now, longest / 2, longest);
		now = schedule.due[0];
	}
	assert_int_equal(taken(now), 0);
	answered(0, -1, now);
	now = schedule.due[0];
	assert_int_equal(taken(now), 0);
	schedule_failed(&schedule, 0, now);
	assert_between(schedule.due[0] - now, 500, 1000);
	schedule_release(&schedule);
}

/* True if the answer is worth a message. */
static bool same_again(const char *nonce, int64_t now)
{
	const struct schedule_turn again = {.server = 0, .asked = now};

	return schedule_answered(&schedule, &again, &(struct schedule_answer){.nonce = nonce}, now);
}

static void assert_nothing_is_due(int64_t now)
{
	assert_int_equal(taken(now), SIZE_MAX);
	assert_true(schedule_wait(&schedule, now) == INT64_MAX);
}

static void a_next_nonce_is_awaited_exactly_until_the_last_moment(void **state)
{
	unsigned questions = 0;
	int64_t now;

	(void)state;
	start(2, 0);
	taken(0);
	answered(0, 6, 100);
	assert_true(schedule_await(&schedule, 0, OLD, 7100));
	assert_int_equal(taken(100), 1);
	assert_int_equal(taken(5099), SIZE_MAX);
	assert_true(schedule_wait(&schedule, 100) == 5000);
	for (now = 5100; now < 7100; now = schedule.due[0]) {
		assert_int_equal(taken(now), 0);
		assert_false(same_again(OLD, now + 3));
		questions++;
	}
	assert_int_equal(now, 7100);
	assert_between(questions, 9, 10);
	assert_int_equal(taken(now), 0);
	assert_true(same_again(OLD, now + 3));
	assert_nothing_is_due(now + 3);
	schedule_release(&schedule);
}

static void an_awaited_nonce_ends_the_wait_and_so_does_a_failure(void **state)
{
	static const char other[] = "22222222-2222-4222-8222-222222222222";

	(void)state;
	start(1, 0);
	taken(0);
	answered(0, 0, 0);
	/* The nonce may end at any moment. */
	assert_true(schedule_await(&schedule, 0, OLD, 1000));
	assert_int_equal(taken(0), 0);
	assert_false(same_again(OLD, 1));
	assert_int_equal(taken(201), 0);
	assert_true(same_again(other, 202));
	assert_nothing_is_due(202);
	assert_true(schedule_await(&schedule, 0, OLD, 1000));
	assert_int_equal(taken(300), 0);
	schedule_failed(&schedule, 0, 301);
	assert_nothing_is_due(301);
	assert_true(same_again(OLD, 302));
	schedule_release(&schedule);
}

static void random_spread_keeps_servers_apart(void **state)
{
	int64_t low = INT64_MAX;
	int64_t high = 0;

	(void)state;
	start(200, 60);
	for (size_t i = 0; i < 200; i++) {
		assert_int_equal(taken(0), i);
		schedule_failed(&schedule, i, 0);
		low = schedule.due[i] < low ? schedule.due[i] : low;
		high = schedule.due[i] > high ? schedule.due[i] : high;
	}
	assert_true(high - low > 300);
	assert_int_equal(taken(0), SIZE_MAX);
	assert_int_equal(schedule_wait(&schedule, 0), low);
	schedule_release(&schedule);
}

static void no_server_starves_another(void **state)
{
	unsigned asked[5] = {0};

	(void)state;
	start(5, 1);
	for (int64_t now = 0; now < 20000; now += 100)
		for (size_t server; (server = taken(now)) != SIZE_MAX; asked[server]++)
			answered(server, -1, now);
	for (size_t i = 0; i < 5; i++)
		assert_between(asked[i], 19, 23);
	schedule_release(&schedule);
}

static void one_can_be_asked_at_once(void **state)
{
	(void)state;
	start(2, 0);
	assert_int_equal(taken(0), 0);
	assert_int_equal(taken(0), 1);
	assert_int_equal(taken(1), SIZE_MAX);
	schedule_hurry(&schedule, 1, 2);
	assert_int_equal(schedule_wait(&schedule, 2), 0);
	assert_int_equal(taken(2), 1);
	assert_int_equal(taken(2), SIZE_MAX);
	schedule_release(&schedule);
}

/* ---- Around a replacement ---- */

/* A server that answers after a round trip, replaces its nonce at start + k * period, and tells the
 * remaining life in whole seconds, or not at all. */
struct ticker {
	int64_t start, period, round_trip;
	bool tells;
};

static void write_nonce(char nonce[static 37], int64_t number)
{
	snprintf(nonce, 37, "%08x-0000-4000-8000-%012x", (unsigned)(number & 0xffffffff), 0);
}

/* Its clock's seconds do not begin when ours do. */
static int64_t whole_second(int64_t time)
{
	return (time + 370) / 1000;
}

struct found {
	int64_t gap; /* from the replacement to the answer that showed it */
	unsigned looks;
	unsigned asked; /* other questions */
	unsigned told;  /* questions that brought the same nonce */
};

/* Asks as the schedule says until the nonce is a new one. No question comes too soon. */
static struct found find_next(const struct ticker *ticker, int64_t *now)
{
	struct found found = {0};
	static int64_t asked_before;

	for (;;) {
		int64_t wait = schedule_wait(&schedule, *now);
		assert_true(wait < INT64_MAX);
		*now += wait;
		while (taken(*now) == SIZE_MAX)
			*now += schedule_wait(&schedule, *now);
		assert_true(*now <= asked_before || *now - asked_before >= RHYTHM_LOOK_MS);
		asked_before = *now;
		found.looks += turn.look;
		found.asked += !turn.look;
		int64_t there = *now + ticker->round_trip / 2;
		int64_t number = (there - ticker->start) / ticker->period;
		int64_t end = ticker->start + (number + 1) * ticker->period;
		char nonce[37];
		write_nonce(nonce, number ^ ticker->start * 256);
		struct schedule_answer answer = {
			.nonce = nonce,
			.valid_for = ticker->tells ? whole_second(end) - whole_second(there) : -1,
		};
		bool replaced = memcmp(schedule.rhythms[0].nonce, nonce, UUID_LENGTH) != 0;
		*now += ticker->round_trip;
		bool is_due = *now >= schedule.ordinary[0];
		bool tell = schedule_answered(&schedule, &turn, &answer, *now);
		assert_true(tell == (replaced || !turn.look || is_due));
		if (replaced) {
			found.gap = *now - (end - ticker->period);
			return found;
		}
		found.told += tell;
	}
}

static void a_replacement_is_found_at_once_when_two_were_seen(void **state)
{
	static const int64_t periods[] = {6000, 30000, 90500, 600000, 3600000};
	static const int64_t round_trips[] = {0, 3, 30, 90};

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		const struct ticker ticker = {-1234, periods[i % 5], round_trips[i / 5], true};
		int64_t now = 0;
		start(1, 60);
		for (unsigned round = 0; round < 12; round++) {
			struct found found = find_next(&ticker, &now);
			assert_true(found.looks <= RHYTHM_LOOKS_MAX);
			if (round >= 3)
				assert_between(found.gap, 0, 150);
			if (round >= 6) {
				assert_between(found.gap, 0, 30 + 2 * ticker.round_trip);
				assert_true(found.looks <= 15);
			}
		}
		schedule_release(&schedule);
	}
}

/* At a server's default period, once the rhythm is known. */
static void a_week_of_watching_takes_at_most_100_questions_an_hour(void **state)
{
	enum { HOUR = 3600000, HOURS = 168 };
	const struct ticker ticker = {-1234, 600000, 3, true};
	unsigned questions = 0;
	int64_t now = 0;

	(void)state;
	start(1, NETWORK_POLL_SECONDS);
	while (now < HOUR)
		find_next(&ticker, &now);
	const int64_t begin = now;
	while (now < begin + (int64_t)HOURS * HOUR) {
		struct found found = find_next(&ticker, &now);
		assert_between(found.gap, 0, 150);
		questions += found.looks + found.asked;
	}
	assert_between(questions / HOURS, 60, 100);
	schedule_release(&schedule);
}

static void the_rhythm_of_a_server_without_expires_is_learned(void **state)
{
	const struct ticker ticker = {-1234, 60000, 3, false};
	int64_t now = 0;
	struct found found = {0};

	(void)state;
	start(1, 10);
	for (unsigned round = 0; round < 12; round++) {
		found = find_next(&ticker, &now);
		assert_true(found.looks <= RHYTHM_LOOKS_MAX);
	}
	assert_between(found.gap, 0, 40);
	schedule_release(&schedule);
}

static void
after_a_restart_the_ordinary_rhythm_finds_the_nonce_and_the_phase_is_learned_anew(void **state)
{
	struct ticker ticker = {-1234, 60000, 3, true};
	int64_t now = 0;

	(void)state;
	start(1, 10);
	for (unsigned round = 0; round < 6; round++)
		find_next(&ticker, &now);
	ticker.start = now + 25000;
	now = ticker.start; /* the earliest time of the next question */
	struct found found = find_next(&ticker, &now);
	assert_between(found.gap, 0, 10000);
	find_next(&ticker, &now);
	for (unsigned round = 0; round < 6; round++)
		assert_between(find_next(&ticker, &now).gap, 0, 150);
	schedule_release(&schedule);
}

static void looks_end_if_the_nonce_is_not_replaced_in_time(void **state)
{
	struct ticker ticker = {-1234, 6000, 3, true};
	unsigned looks = 0;
	int64_t now = 0;

	(void)state;
	start(1, 60);
	for (unsigned round = 0; round < 4; round++)
		find_next(&ticker, &now);
	for (int64_t until = now + 100000; now < until; now += schedule_wait(&schedule, now)) {
		if (taken(now) == SIZE_MAX)
			continue;
		looks += turn.look;
		char nonce[37];
		memcpy(nonce, schedule.rhythms[0].nonce, UUID_LENGTH);
		schedule_answered(&schedule, &turn,
				  &(struct schedule_answer){.nonce = nonce, .valid_for = 0}, now);
	}
	assert_between(looks, 1, RHYTHM_LOOKS_MAX);
	schedule_release(&schedule);
}

static void two_servers_behind_one_url_are_not_asked_more_often(void **state)
{
	int64_t now = 0, asked_before = -10000;

	(void)state;
	start(1, 60);
	for (unsigned round = 0; round < 200; round++) {
		char nonce[37];
		now += schedule_wait(&schedule, now);
		while (taken(now) == SIZE_MAX)
			now += schedule_wait(&schedule, now);
		assert_true(now - asked_before >= 900);
		asked_before = now;
		write_nonce(nonce, round % 2);
		assert_true(schedule_answered(
			&schedule, &turn,
			&(struct schedule_answer){.nonce = nonce, .valid_for = round % 7}, now));
	}
	schedule_release(&schedule);
}

static void a_requested_question_is_not_a_look(void **state)
{
	const struct ticker ticker = {-1234, 6000, 3, true};
	int64_t now = 0;

	(void)state;
	start(1, 60);
	for (unsigned round = 0; round < 4; round++)
		find_next(&ticker, &now);
	schedule_hurry(&schedule, 0, now);
	assert_int_equal(taken(now), 0);
	assert_false(turn.look);
	schedule_release(&schedule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_asked_once_and_in_order),
		cmocka_unit_test(a_watched_server_is_asked_at_half_of_the_nonces_life),
		cmocka_unit_test(
			a_server_that_fails_is_asked_each_second_for_two_minutes_then_later_each_time),
		cmocka_unit_test(a_next_nonce_is_awaited_exactly_until_the_last_moment),
		cmocka_unit_test(an_awaited_nonce_ends_the_wait_and_so_does_a_failure),
		cmocka_unit_test(random_spread_keeps_servers_apart),
		cmocka_unit_test(no_server_starves_another),
		cmocka_unit_test(one_can_be_asked_at_once),
		cmocka_unit_test(a_replacement_is_found_at_once_when_two_were_seen),
		cmocka_unit_test(a_week_of_watching_takes_at_most_100_questions_an_hour),
		cmocka_unit_test(the_rhythm_of_a_server_without_expires_is_learned),
		cmocka_unit_test(
			after_a_restart_the_ordinary_rhythm_finds_the_nonce_and_the_phase_is_learned_anew),
		cmocka_unit_test(looks_end_if_the_nonce_is_not_replaced_in_time),
		cmocka_unit_test(two_servers_behind_one_url_are_not_asked_more_often),
		cmocka_unit_test(a_requested_question_is_not_a_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
