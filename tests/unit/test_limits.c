/* What the key process lets a watching network program say, against the most that an honest one may have to say: servers
 * answer at once, with whatever makes it speak most, and each question comes as soon as it may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "network/limits.h"
#include "network/program/schedule.h"

/* In place of libc's: the shortest pauses that the random spread may make, of 50 % and of 10 %. */
long random(void)
{
	return 51 * 11 - 1;
}

/* What a server may answer to a question. */
enum answer { SAME_NONCE, NEW_NONCE, FAILURE, ANSWERS };

struct server {
	unsigned nonce;
	bool refused; /* a token was refused, and nothing new has come since but what was asked for then */
};

struct watch {
	struct schedule schedule;
	struct limits limits;
	int64_t valid_for;
	struct server server;
	uint64_t messages;
};

static void say(struct watch *watch, int64_t now)
{
	watch->messages++;
	if (!limits_take_message(&watch->limits, now))
		fail_msg("message %llu after %lld ms is one too many",
			 (unsigned long long)watch->messages, (long long)now);
}

/* The verdict on the token comes at once. A new nonce's is refused if that leads to one more question. */
static void try_token(struct watch *watch, enum answer answer, bool may_refuse, int64_t now)
{
	say(watch, now);
	if (answer != NEW_NONCE)
		return;
	watch->server.refused = may_refuse && !watch->server.refused;
	if (watch->server.refused)
		schedule_hurry(&watch->schedule, 0, now);
}

static void take_answer(struct watch *watch, const struct schedule_turn *turn, enum answer answer,
			int64_t now)
{
	char nonce[40];

	if (answer == FAILURE) {
		schedule_failed(&watch->schedule, 0, now);
		say(watch, now);
		return;
	}
	watch->server.nonce += answer == NEW_NONCE;
	snprintf(nonce, sizeof nonce, "%08x-0000-4000-8000-000000000000", watch->server.nonce);
	if (!schedule_answered(&watch->schedule, turn,
			       &(struct schedule_answer){nonce, watch->valid_for}, now))
		return;
	say(watch, now);
	try_token(watch, answer, true, now);
}

/* Answers in turn for ten minutes. Returns the messages a second. */
static double watch_for_long(const unsigned *answers, size_t count, int64_t valid_for,
			     unsigned poll_seconds)
{
	static const int64_t end = 600000;
	struct watch watch = {.valid_for = valid_for};
	int64_t now = 0;

	limits_init(&watch.limits, 30, poll_seconds, 1, 0);
	assert_true(schedule_init(&watch.schedule, 1, poll_seconds));
	for (size_t i = 0; now < end; i++) {
		struct schedule_turn turn;
		while (!schedule_take(&watch.schedule, now, &turn))
			now += schedule_wait(&watch.schedule, now);
		take_answer(&watch, &turn, (enum answer)answers[i % count], now);
	}
	schedule_release(&watch.schedule);
	return (double)watch.messages * 1000 / (double)now;
}

#define LONGEST 6

/* The `which`th of all rows of so many answers. */
static void choose(unsigned *answers, size_t length, size_t which, unsigned kinds)
{
	for (size_t i = 0; i < length; i++, which /= kinds)
		answers[i] = (unsigned)(which % kinds);
}

static void no_server_makes_an_honest_program_say_too_much(void **state)
{
	static const int64_t lives[] = {-1, 0, 1, 2, 3, 600};
	double most = 0;

	(void)state;
	for (size_t length = 1, all = ANSWERS; length <= LONGEST; length++, all *= ANSWERS)
		for (size_t which = 0; which < all * 6; which++) {
			unsigned answers[LONGEST];
			choose(answers, length, which / 6, ANSWERS);
			double rate = watch_for_long(answers, length, lives[which % 6],
						     which / 6 % 2 == 0 ? 1 : 60);
			if (rate > most)
				most = rate;
		}
	print_message("at most %.2f messages a second\n", most);
	/* Otherwise the servers above are too tame. */
	assert_true(most > 5);
}

static bool takes_one_each(int64_t pause)
{
	struct limits limits;

	limits_init(&limits, 30, 60, 1, 0);
	for (int64_t now = 0; now < 3600000; now += pause)
		if (!limits_take_message(&limits, now))
			return false;
	return true;
}

static void the_limit_is_a_rate_of_which_no_rest_is_lost(void **state)
{
	(void)state;
	assert_true(takes_one_each(84));
	assert_false(takes_one_each(82));
}

/* ---- Silence ---- */

#define TIMEOUT 30

/* An answer comes at once, or when the time is nearly out. Returns the longest silence. */
static int64_t watch_slow(const unsigned *answers, size_t count, unsigned poll_seconds)
{
	struct schedule schedule;
	struct schedule_turn turn;
	int64_t now = 0, said = 0, longest = 0;
	char nonce[40];

	assert_true(schedule_init(&schedule, 1, poll_seconds));
	for (size_t i = 0, number = 0; now < 3600000; i++) {
		while (!schedule_take(&schedule, now, &turn))
			now += schedule_wait(&schedule, now);
		/* A nonce for each of the first questions: a rhythm to be learned. */
		number += i < 5 || (answers[i % count] & 1) != 0;
		now += i >= 5 && (answers[i % count] & 2) != 0 ? TIMEOUT * 1000 : 0;
		snprintf(nonce, sizeof nonce, "%08zx-0000-4000-8000-000000000000", number);
		if (!schedule_answered(&schedule, &turn, &(struct schedule_answer){nonce, -1}, now))
			continue;
		longest = now - said > longest ? now - said : longest;
		said = now;
	}
	schedule_release(&schedule);
	return longest;
}

static void no_server_makes_an_honest_program_too_silent(void **state)
{
	(void)state;
	for (unsigned poll = 1; poll <= 60; poll += 59) {
		struct limits limits;
		limits_init(&limits, TIMEOUT, poll, 1, 0);
		for (size_t length = 1, all = 4; length <= LONGEST; length++, all *= 4)
			for (size_t which = 0; which < all; which++) {
				unsigned answers[LONGEST];
				choose(answers, length, which, 4);
				int64_t silence = watch_slow(answers, length, poll);
				if (silence >= limits_silence_seconds(&limits) * 1000)
					fail_msg("silent for %lld ms", (long long)silence);
			}
	}
}

static void the_longest_timeout_of_many_servers_is_no_short_silence(void **state)
{
	struct limits limits;

	(void)state;
	limits_init(&limits, 858993450, 60, 256, 0);
	assert_true(limits_silence_seconds(&limits) == INT64_C(5) * 858993450 + 70);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_server_makes_an_honest_program_say_too_much),
		cmocka_unit_test(the_limit_is_a_rate_of_which_no_rest_is_lost),
		cmocka_unit_test(no_server_makes_an_honest_program_too_silent),
		cmocka_unit_test(the_longest_timeout_of_many_servers_is_no_short_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
