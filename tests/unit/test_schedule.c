/* When servers are asked: once, or again ahead of the nonce's end, and later each time they fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "network/program/schedule.h"

static struct schedule schedule;

static void start(size_t count, unsigned ceiling_seconds)
{
	assert_true(schedule_init(&schedule, count, ceiling_seconds));
}

static size_t taken(int64_t now)
{
	size_t server;

	return schedule_take(&schedule, now, &server) ? server : SIZE_MAX;
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
	schedule_answered(&schedule, 1, 600, 5);
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
		{40, 18000, 20000}, {600, 54000, 60000}, {-1, 54000, 60000},        {3, 1350, 1500},
		{1, 900, 1000},     {0, 900, 1000},      {INT64_MAX, 54000, 60000},
	};

	(void)state;
	start(1, 60);
	assert_int_equal(taken(0), 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		schedule_answered(&schedule, 0, rows[i].valid_for, 7000);
		assert_between(schedule.due[0] - 7000, rows[i].low, rows[i].high);
		assert_int_equal(taken(schedule.due[0] - 1), SIZE_MAX);
		assert_int_equal(taken(schedule.due[0]), 0);
	}
	schedule_release(&schedule);
}

static void a_server_that_fails_is_asked_later_each_time_within_bounds(void **state)
{
	(void)state;
	start(1, 60);
	for (unsigned failures = 0; failures < 300; failures++) {
		int64_t longest = failures < 6 ? (int64_t)1000 << failures : 60000;
		assert_int_equal(taken(schedule.due[0]), 0);
		schedule_failed(&schedule, 0, 100);
		assert_between(schedule.due[0] - 100, longest / 2, longest);
	}
	assert_int_equal(taken(schedule.due[0]), 0);
	schedule_answered(&schedule, 0, -1, 100);
	assert_int_equal(taken(schedule.due[0]), 0);
	schedule_failed(&schedule, 0, 100);
	assert_between(schedule.due[0] - 100, 500, 1000);
	schedule_release(&schedule);
}

static void chance_keeps_many_from_coming_at_once(void **state)
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

static void none_is_forgotten_for_another(void **state)
{
	unsigned asked[5] = {0};

	(void)state;
	start(5, 1);
	for (int64_t now = 0; now < 20000; now += 100)
		for (size_t server; (server = taken(now)) != SIZE_MAX; asked[server]++)
			schedule_answered(&schedule, server, -1, now);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_asked_once_and_in_order),
		cmocka_unit_test(a_watched_server_is_asked_at_half_of_the_nonces_life),
		cmocka_unit_test(a_server_that_fails_is_asked_later_each_time_within_bounds),
		cmocka_unit_test(chance_keeps_many_from_coming_at_once),
		cmocka_unit_test(none_is_forgotten_for_another),
		cmocka_unit_test(one_can_be_asked_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
