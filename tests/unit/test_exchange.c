/* The states of an exchange: every path through them, and every message that is not due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chronograf/exchange.h"

#define FIRST "7d9f2c1e-5b3a-4c6d-8e9f-0a1b2c3d4e5f"
#define SECOND "3a8e1d5c-9b27-4f60-a1c4-5e7d2f9b8036"
#define THIRD "0b1f6a2d-1111-4222-8333-444455556666"

enum { START = 1000000 };

static struct exchange exchange;
static struct exchange_rules rules;
static int64_t now;

static void begin(bool check, bool watch)
{
	exchange_end(&exchange);
	rules = (struct exchange_rules){.check = check, .watch = watch};
	now = START;
	exchange_begin(&exchange, now);
}

static int end(void **state)
{
	(void)state;
	exchange_end(&exchange);
	return 0;
}

static enum exchange_due take_with(enum exchange_event event, const char *nonce, const char *token)
{
	const struct exchange_news news = {
		.event = event,
		.nonce = nonce,
		.valid_for = 600,
		.token = token == NULL ? NULL : strdup(token),
		.now = now,
	};

	return exchange_take(&exchange, &rules, &news);
}

/* An event; a verdict is about the nonce that was tried. */
static enum exchange_due take(enum exchange_event event)
{
	const char *token = event == EVENT_SIGNED ? "c2ln" : NULL;
	char nonce[sizeof exchange.nonce];

	memcpy(nonce, exchange.state == EXCHANGE_OUTDATED ? FIRST : exchange.nonce, sizeof nonce);
	return take_with(event, event == EVENT_NONCE ? FIRST : nonce, token);
}

static enum exchange_due take_nonce(const char *nonce)
{
	return take_with(EVENT_NONCE, nonce, NULL);
}

static void assert_state(enum exchange_state state, bool has_token)
{
	assert_int_equal(exchange.state, state);
	assert_int_equal(exchange_token(&exchange) != NULL, has_token);
}

/* The events that lead to each state, without and with --watch. */

static void go_to_trial(void)
{
	assert_int_equal(take_nonce(FIRST), DUE_SIGNATURE);
	assert_int_equal(take(EVENT_SIGNED), DUE_TRIAL);
	assert_int_equal(take(EVENT_TRIED), DUE_NOTHING);
}

/* A nonce that lives for `seconds`, answered `age` milliseconds ago. */
static enum exchange_due take_life(const char *nonce, int64_t seconds, int64_t age)
{
	const struct exchange_news news = {
		.event = EVENT_NONCE,
		.nonce = nonce,
		.valid_for = seconds,
		.age = age,
		.now = now,
	};

	return exchange_take(&exchange, &rules, &news);
}

static void begin_with_min_life(bool check)
{
	begin(check, false);
	rules.min_life = 5;
}

/* These are of watched servers only. */
static bool is_expired(enum exchange_state state)
{
	return state == EXCHANGE_EXPIRED || state == EXCHANGE_EXPIRED_UNTRIED ||
	       state == EXCHANGE_EXPIRED_ON_TRIAL;
}

/* As near to the state as the nonce, and a token for it, lead. */
static void go_near(enum exchange_state state)
{
	switch (state) {
	case EXCHANGE_ASKED:
	case EXCHANGE_ASKED_NEXT:
		break;
	case EXCHANGE_FAILED:
		take(EVENT_NO_NONCE);
		break;
	case EXCHANGE_TO_SIGN:
		take_nonce(FIRST);
		break;
	case EXCHANGE_TO_TRY:
	case EXCHANGE_EXPIRED_UNTRIED:
		take_nonce(FIRST);
		take(EVENT_SIGNED);
		break;
	case EXCHANGE_SHARED:
		take_nonce(FIRST);
		take(EVENT_NOT_ALONE);
		break;
	default:
		go_to_trial();
		break;
	}
}

static void go_on_from_trial(enum exchange_state state)
{
	if (state == EXCHANGE_GOOD || state == EXCHANGE_EXPIRED)
		take(EVENT_ACCEPTED);
	else if (state == EXCHANGE_UNCLEAR)
		take(EVENT_NO_VERDICT);
	else if (state == EXCHANGE_OUTDATED)
		take_nonce(SECOND);
	else if (state == EXCHANGE_SHARED_ON_TRIAL)
		take(EVENT_NOT_ALONE);
	else if (state == EXCHANGE_ASKED_AGAIN || state == EXCHANGE_REFUSED ||
		 state == EXCHANGE_SHARED_ASKED)
		take(EVENT_NOT_ACCEPTED);
	if (state == EXCHANGE_SHARED_ASKED)
		take(EVENT_NOT_ALONE);
	if (state == EXCHANGE_REFUSED)
		take_nonce(FIRST);
	if (is_expired(state))
		take(EVENT_TIME_OVER);
}

static void go_to(enum exchange_state state, bool watch)
{
	begin(true, watch);
	/* A watched server never reaches it. */
	if (state == EXCHANGE_ASKED_NEXT && !watch) {
		rules.min_life = 5;
		take_life(THIRD, 6, 0);
		return;
	}
	go_near(state);
	go_on_from_trial(state);
	if (state != EXCHANGE_ASKED_NEXT)
		assert_int_equal(exchange.state, state);
}

static void without_a_trial_a_signature_is_enough(void **state)
{
	(void)state;
	begin(false, false);
	assert_state(EXCHANGE_ASKED, false);
	assert_int_equal(take_nonce(FIRST), DUE_SIGNATURE);
	assert_state(EXCHANGE_TO_SIGN, false);
	assert_int_equal(take(EVENT_SIGNED), DUE_GOOD);
	assert_state(EXCHANGE_GOOD, true);
	assert_int_equal(exchange_seconds_left(&exchange, now + 100500), 499);
	assert_true(exchange_is_over(&exchange));
}

static void a_token_on_trial_may_be_used_once_it_is_accepted(void **state)
{
	(void)state;
	begin(true, false);
	go_to_trial();
	assert_state(EXCHANGE_ON_TRIAL, false);
	assert_int_equal(take(EVENT_ACCEPTED), DUE_GOOD);
	assert_state(EXCHANGE_GOOD, true);
	assert_int_equal(exchange.verdict, VERDICT_ACCEPTED);
	begin(true, false);
	go_to_trial();
	assert_int_equal(take(EVENT_EVERYONE), DUE_GOOD);
	assert_int_equal(exchange.verdict, VERDICT_EVERYONE);
}

static void a_refusal_is_followed_by_one_more_attempt(void **state)
{
	(void)state;
	begin(true, false);
	go_to_trial();
	assert_int_equal(take(EVENT_NOT_ACCEPTED), DUE_QUESTION);
	assert_state(EXCHANGE_ASKED_AGAIN, false);
	assert_int_equal(take_nonce(SECOND), DUE_SIGNATURE);
	assert_int_equal(take(EVENT_SIGNED), DUE_TRIAL);
	assert_int_equal(take(EVENT_TRIED), DUE_NOTHING);
	assert_int_equal(take(EVENT_NOT_ACCEPTED), DUE_REFUSED);
	assert_state(EXCHANGE_REFUSED, false);
	assert_int_equal(exchange.refusals, 2);
	assert_int_equal(take_nonce(THIRD), DUE_MISBEHAVIOUR);
}

static void a_refused_nonce_is_not_signed_again(void **state)
{
	(void)state;
	go_to(EXCHANGE_ASKED_AGAIN, false);
	assert_int_equal(take_nonce(FIRST), DUE_REFUSED);
	assert_state(EXCHANGE_REFUSED, false);
	assert_int_equal(exchange.refusals, 1);
}

/* More of them than a small counter holds. */
static void a_watched_server_may_refuse_any_number_of_tokens(void **state)
{
	char nonce[] = SECOND;

	(void)state;
	go_to(EXCHANGE_ASKED_AGAIN, true);
	for (unsigned i = 0; i < 600; i++) {
		now += EXCHANGE_PACE_MS;
		snprintf(nonce, sizeof nonce, "%08x%s", i, SECOND + strlen("3a8e1d5c"));
		assert_int_equal(take_nonce(nonce), DUE_SIGNATURE);
		assert_int_equal(take(EVENT_SIGNED), DUE_TRIAL);
		assert_int_equal(take(EVENT_TRIED), DUE_NOTHING);
		assert_int_equal(take(EVENT_NOT_ACCEPTED), DUE_REFUSED);
		assert_int_equal(exchange.refusals, 2);
	}
}

static void what_fails_ends_the_exchange(void **state)
{
	static const struct {
		enum exchange_state at;
		enum exchange_event event;
		enum exchange_state next;
	} rows[] = {
		{EXCHANGE_ASKED, EVENT_NO_NONCE, EXCHANGE_FAILED},
		{EXCHANGE_TO_SIGN, EVENT_NOT_SIGNED, EXCHANGE_FAILED},
		{EXCHANGE_ON_TRIAL, EVENT_NO_VERDICT, EXCHANGE_UNCLEAR},
		{EXCHANGE_ASKED_AGAIN, EVENT_NO_NONCE, EXCHANGE_FAILED},
		{EXCHANGE_ASKED_NEXT, EVENT_NO_NONCE, EXCHANGE_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		go_to(rows[i].at, false);
		assert_int_equal(take(rows[i].event), DUE_FAILED);
		assert_state(rows[i].next, false);
		assert_true(exchange_is_over(&exchange));
	}
}

/* ---- A nonce that ends soon ---- */

static void a_nonce_that_may_end_sooner_is_not_signed_before_the_next_was_awaited(void **state)
{
	static const struct {
		int64_t seconds, age;
		enum exchange_due due;
	} rows[] = {
		{7, 0, DUE_SIGNATURE},       {6, 0, DUE_NEXT},         {0, 0, DUE_NEXT},
		{7, 999, DUE_SIGNATURE},     {7, 1000, DUE_NEXT},      {600, 593999, DUE_SIGNATURE},
		{600, 594000, DUE_NEXT},     {600, 6000000, DUE_NEXT}, {-1, 0, DUE_SIGNATURE},
		{-1, 900000, DUE_SIGNATURE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin_with_min_life(false);
		assert_int_equal(take_life(FIRST, rows[i].seconds, rows[i].age), rows[i].due);
		begin(false, false);
		assert_int_equal(take_life(FIRST, rows[i].seconds, rows[i].age), DUE_SIGNATURE);
	}
}

static void the_next_nonce_is_awaited_for_as_long_as_the_first_may_live(void **state)
{
	static const int64_t rows[][3] = {
		{6, 0, 7000}, {3, 0, 4000}, {3, 500, 3500}, {0, 0, 1000}, {3, 90000, 1000}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin_with_min_life(false);
		assert_int_equal(take_life(FIRST, rows[i][0], rows[i][1]), DUE_NEXT);
		assert_true(exchange_wait(&exchange, now) == rows[i][2]);
	}
}

static void the_next_nonce_is_signed_however_short_it_lives(void **state)
{
	static const struct {
		const char *nonce;
		int64_t seconds;
		bool brief;
	} rows[] = {{SECOND, 600, false}, {SECOND, 3, true}, {FIRST, 1, true}, {FIRST, 600, false}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin_with_min_life(false);
		assert_int_equal(take_life(FIRST, 3, 0), DUE_NEXT);
		assert_state(EXCHANGE_ASKED_NEXT, false);
		assert_false(exchange_is_over(&exchange));
		assert_int_equal(take_life(rows[i].nonce, rows[i].seconds, 0), DUE_SIGNATURE);
		assert_string_equal(exchange.nonce, rows[i].nonce);
		assert_int_equal(exchange.brief, rows[i].brief);
		assert_int_equal(take(EVENT_SIGNED), DUE_GOOD);
	}
}

static void there_is_one_wait_and_two_signatures_at_most(void **state)
{
	(void)state;
	begin_with_min_life(true);
	assert_int_equal(take_life(FIRST, 3, 0), DUE_NEXT);
	assert_int_equal(take_life(SECOND, 600, 0), DUE_SIGNATURE);
	take(EVENT_SIGNED);
	take(EVENT_TRIED);
	assert_int_equal(take(EVENT_NOT_ACCEPTED), DUE_QUESTION);
	assert_int_equal(take_life(THIRD, 3, 0), DUE_SIGNATURE);
	take(EVENT_SIGNED);
	take(EVENT_TRIED);
	assert_int_equal(take(EVENT_NOT_ACCEPTED), DUE_REFUSED);

	begin_with_min_life(true);
	assert_int_equal(take_life(FIRST, 600, 0), DUE_SIGNATURE);
	take(EVENT_SIGNED);
	take(EVENT_TRIED);
	take(EVENT_NOT_ACCEPTED);
	assert_int_equal(take_life(SECOND, 3, 0), DUE_NEXT);
	assert_int_equal(take_life(THIRD, 600, 0), DUE_SIGNATURE);
	assert_int_equal(take(EVENT_SIGNED), DUE_TRIAL);
}

static void a_nonce_given_out_twice_gets_no_token_after_a_wait(void **state)
{
	(void)state;
	go_to(EXCHANGE_ASKED_NEXT, false);
	assert_int_equal(take(EVENT_NOT_ALONE), DUE_NOTHING);
	assert_state(EXCHANGE_SHARED_ASKED, false);
	assert_int_equal(take_nonce(SECOND), DUE_SHARED);
}

static void a_refused_nonce_is_not_signed_again_by_way_of_a_brief_one(void **state)
{
	(void)state;
	begin_with_min_life(true);
	go_to_trial();
	assert_int_equal(take(EVENT_NOT_ACCEPTED), DUE_QUESTION);
	assert_int_equal(take_life(SECOND, 3, 0), DUE_NEXT);
	assert_int_equal(take_life(FIRST, 600, 0), DUE_REFUSED);
	assert_state(EXCHANGE_REFUSED, false);
}

static void a_lower_bound_of_a_life_is_reported_as_one_and_ends_nothing(void **state)
{
	const struct exchange_news news = {.event = EVENT_NONCE,
					   .nonce = FIRST,
					   .valid_for = 7,
					   .at_least = true,
					   .now = START};

	(void)state;
	begin(false, true);
	assert_int_equal(exchange_take(&exchange, &rules, &news), DUE_SIGNATURE);
	assert_true(exchange.at_least);
	assert_int_equal(exchange_seconds_left(&exchange, now + 2000), 5);
	assert_true(exchange.valid_until == now + EXCHANGE_UNKNOWN_LIFE_MS);
}

static void a_life_is_counted_from_the_answer(void **state)
{
	(void)state;
	begin(false, false);
	take_life(FIRST, 600, 200000);
	assert_int_equal(exchange_seconds_left(&exchange, now), 400);
}

/* ---- What is not due ---- */

static const enum exchange_event messages[] = {EVENT_NONCE,    EVENT_NO_NONCE,
					       EVENT_ACCEPTED, EVENT_NOT_ACCEPTED,
					       EVENT_EVERYONE, EVENT_NO_VERDICT};

/* The messages that are due in a state, as bits in that order. */
enum { QUESTION = 1 | 2, TRIAL = 4 | 8 | 16 | 32 };

static void try_messages(enum exchange_state at, bool watch, unsigned due)
{
	for (unsigned i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		go_to(at, watch);
		struct exchange before = exchange;
		bool taken = take(messages[i]) != DUE_MISBEHAVIOUR;

		if (taken != ((due >> i & 1) != 0))
			fail_msg("state %d, message %u: %s", at, i, taken ? "taken" : "refused");
		if (!taken)
			assert_memory_equal(&exchange, &before, sizeof before);
	}
}

static void a_message_that_is_not_due_is_misbehaviour_and_changes_nothing(void **state)
{
	static const unsigned due[EXCHANGE_STATES] = {
		[EXCHANGE_ASKED] = QUESTION,        [EXCHANGE_ON_TRIAL] = TRIAL,
		[EXCHANGE_ASKED_AGAIN] = QUESTION,  [EXCHANGE_SHARED_ON_TRIAL] = TRIAL,
		[EXCHANGE_SHARED_ASKED] = QUESTION, [EXCHANGE_ASKED_NEXT] = QUESTION,
	};

	(void)state;
	for (enum exchange_state at = 0; at < EXCHANGE_STATES; at++)
		if (at != EXCHANGE_OUTDATED && !is_expired(at))
			try_messages(at, false, due[at]);
}

static void a_watched_server_may_be_heard_at_any_time_but_is_judged_on_trial_alone(void **state)
{
	(void)state;
	for (enum exchange_state at = 0; at < EXCHANGE_STATES; at++)
		try_messages(at, true,
			     at == EXCHANGE_ON_TRIAL || at == EXCHANGE_OUTDATED ||
					     at == EXCHANGE_EXPIRED_ON_TRIAL ||
					     at == EXCHANGE_SHARED_ON_TRIAL
				     ? QUESTION | TRIAL
				     : QUESTION);
}

static void a_verdict_on_another_nonce_is_misbehaviour(void **state)
{
	(void)state;
	go_to(EXCHANGE_ON_TRIAL, false);
	assert_int_equal(take_with(EVENT_ACCEPTED, SECOND, NULL), DUE_MISBEHAVIOUR);
	go_to(EXCHANGE_ON_TRIAL, true);
	assert_int_equal(take_with(EVENT_NOT_ACCEPTED, SECOND, NULL), DUE_MISBEHAVIOUR);
}

static void a_signature_that_is_not_due_is_thrown_away(void **state)
{
	(void)state;
	for (enum exchange_state at = 0; at < EXCHANGE_STATES; at++) {
		if (at == EXCHANGE_TO_SIGN)
			continue;
		go_to(at, true);
		struct exchange before = exchange;
		assert_int_equal(take(EVENT_SIGNED), DUE_MISBEHAVIOUR);
		assert_memory_equal(&exchange, &before, sizeof before);
	}
}

static void no_life_is_too_long_or_too_short(void **state)
{
	static const int64_t lives[][2] = {{INT64_MAX, EXCHANGE_LONGEST_LIFE},
					   {EXCHANGE_LONGEST_LIFE + 1, EXCHANGE_LONGEST_LIFE},
					   {600, 600},
					   {0, 0},
					   {-1, -1},
					   {INT64_MIN, -1}};

	(void)state;
	for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
		begin(false, false);
		const struct exchange_news news = {
			.event = EVENT_NONCE, .nonce = FIRST, .valid_for = lives[i][0], .now = now};
		exchange_take(&exchange, &rules, &news);
		assert_true(exchange_seconds_left(&exchange, now) == lives[i][1]);
		assert_true(exchange.valid_until > now);
	}
	assert_int_equal(exchange_seconds_left(&exchange, INT64_MAX / 2), -1);
}

/* ---- A watched server ---- */

static void each_new_nonce_is_signed_and_the_same_one_is_not(void **state)
{
	(void)state;
	go_to(EXCHANGE_GOOD, true);
	assert_int_equal(take_nonce(FIRST), DUE_GOOD);
	assert_state(EXCHANGE_GOOD, true);
	assert_int_equal(take_nonce(SECOND), DUE_SIGNATURE);
	assert_state(EXCHANGE_TO_SIGN, false);
}

static void signatures_come_no_faster_than_one_a_second_on_the_whole(void **state)
{
	int64_t first;

	(void)state;
	begin(false, true);
	take_nonce(FIRST);
	take(EVENT_SIGNED);
	first = now;
	for (int64_t i = 1; i <= 20; i++) {
		assert_true(exchange.sign_from >= first + i * EXCHANGE_PACE_MS - EXCHANGE_SLACK_MS);
		now = exchange.sign_from;
		take_nonce(i % 2 == 0 ? FIRST : SECOND);
		take(EVENT_SIGNED);
	}
	now += 60000;
	take_nonce(THIRD);
	take(EVENT_SIGNED);
	assert_int_equal(exchange.sign_from, now + EXCHANGE_PACE_MS - EXCHANGE_SLACK_MS);
}

static void a_flood_of_nonces_is_misbehaviour(void **state)
{
	(void)state;
	begin(false, true);
	for (unsigned i = 0; i <= EXCHANGE_NONCES_TO_SPARE; i++)
		assert_int_equal(take_nonce(i % 2 == 0 ? FIRST : SECOND), DUE_SIGNATURE);
	assert_int_equal(take_nonce(SECOND), DUE_MISBEHAVIOUR);
	now += EXCHANGE_NONCE_EVERY_MS;
	assert_int_equal(take_nonce(SECOND), DUE_SIGNATURE);
	assert_int_equal(take_nonce(SECOND), DUE_NOTHING);
}

static void nonces_that_have_waited_are_no_flood(void **state)
{
	(void)state;
	begin(false, true);
	now += 60000;
	for (unsigned i = 0; i < 60000 / 900; i++)
		assert_int_equal(take_nonce(i % 2 == 0 ? FIRST : SECOND), DUE_SIGNATURE);
}

static void a_refusal_makes_room_for_one_more_nonce(void **state)
{
	(void)state;
	go_to(EXCHANGE_ON_TRIAL, true);
	int64_t before = exchange.nonce_from;
	assert_int_equal(take(EVENT_NOT_ACCEPTED), DUE_QUESTION);
	assert_true(exchange.nonce_from == before - EXCHANGE_NONCE_EVERY_MS);
}

static void a_new_key_signs_the_nonce_at_hand_once_more_at_once(void **state)
{
	(void)state;
	go_to(EXCHANGE_GOOD, true);
	assert_int_equal(take(EVENT_KEY_OPENED), DUE_SIGNATURE);
	assert_state(EXCHANGE_TO_SIGN, true);
	assert_true(exchange.sign_from <= now);
	assert_int_equal(take(EVENT_SIGNED), DUE_GOOD);
	assert_state(EXCHANGE_GOOD, true);
	assert_int_equal(exchange.verdict, VERDICT_ACCEPTED);
	take(EVENT_KEY_OPENED);
	assert_int_equal(take_with(EVENT_SIGNED, NULL, "b3RoZXI="), DUE_TRIAL);
	assert_state(EXCHANGE_TO_TRY, false);
}

static void a_late_verdict_on_another_nonce_is_misbehaviour(void **state)
{
	static const enum exchange_event verdicts[] = {EVENT_ACCEPTED, EVENT_NOT_ACCEPTED,
						       EVENT_EVERYONE, EVENT_NO_VERDICT};

	(void)state;
	for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
		go_to(EXCHANGE_OUTDATED, true);
		assert_int_equal(take_with(verdicts[i], SECOND, NULL), DUE_MISBEHAVIOUR);
		assert_int_equal(take_with(verdicts[i], FIRST, NULL),
				 verdicts[i] == EVENT_NO_VERDICT ? DUE_FAILED : DUE_LATE);
		assert_state(EXCHANGE_TO_SIGN, false);
		go_to(EXCHANGE_SHARED_ON_TRIAL, false);
		assert_int_equal(take_with(verdicts[i], SECOND, NULL), DUE_MISBEHAVIOUR);
		assert_int_equal(take_with(verdicts[i], FIRST, NULL), DUE_SHARED);
	}
}

static void a_key_that_is_lost_leaves_no_token(void **state)
{
	(void)state;
	go_to(EXCHANGE_GOOD, true);
	take(EVENT_KEY_OPENED);
	assert_int_equal(take(EVENT_KEY_LOST), DUE_NOTHING);
	assert_state(EXCHANGE_TO_SIGN, false);
}

static void a_verdict_that_comes_too_late_is_waited_for_and_means_nothing(void **state)
{
	static const enum exchange_event reasons[] = {EVENT_NONCE, EVENT_KEY_OPENED};

	(void)state;
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		go_to(EXCHANGE_ON_TRIAL, true);
		assert_int_equal(take_with(reasons[i], SECOND, NULL), DUE_NOTHING);
		assert_state(EXCHANGE_OUTDATED, false);
		assert_int_equal(take_with(EVENT_ACCEPTED, FIRST, NULL), DUE_LATE);
		assert_state(EXCHANGE_TO_SIGN, false);
		assert_int_equal(exchange.verdict, VERDICT_NONE);
	}
}

/* ---- A watched server's nonce whose time is over ---- */

static void a_nonce_that_ended_before_it_was_signed_is_forgotten(void **state)
{
	(void)state;
	go_to(EXCHANGE_TO_SIGN, true);
	assert_int_equal(take(EVENT_TIME_OVER), DUE_NOTHING);
	assert_state(EXCHANGE_ASKED, false);
	assert_string_equal(exchange.nonce, "");
	assert_int_equal(take_nonce(FIRST), DUE_SIGNATURE);
}

static void
a_token_whose_time_is_over_is_kept_for_the_same_nonce_and_fit_again_with_it(void **state)
{
	(void)state;
	for (int check = 0; check <= 1; check++) {
		begin(check != 0, true);
		take_nonce(FIRST);
		take(EVENT_SIGNED);
		if (check != 0) {
			take(EVENT_TRIED);
			take(EVENT_ACCEPTED);
		}
		for (int i = 0; i < 3; i++) {
			assert_int_equal(take(EVENT_TIME_OVER), DUE_NOTHING);
			assert_state(EXCHANGE_EXPIRED, false);
			assert_int_equal(take_life(FIRST, 300, 0), DUE_GOOD);
			assert_state(EXCHANGE_GOOD, true);
			assert_string_equal(exchange_token(&exchange), "c2ln");
			assert_int_equal(exchange_seconds_left(&exchange, now), 300);
			assert_int_equal(exchange.verdict,
					 check != 0 ? VERDICT_ACCEPTED : VERDICT_NONE);
		}
	}
}

static void a_nonce_that_comes_again_without_life_changes_nothing(void **state)
{
	static const int64_t lives[][2] = {{0, 0}, {0, 400}, {5, 5000}, {5, 90000}};

	(void)state;
	for (enum exchange_state at = 0; at < EXCHANGE_STATES; at++)
		for (size_t i = 0; is_expired(at) && i < sizeof lives / sizeof lives[0]; i++) {
			go_to(at, true);
			assert_int_equal(take_life(FIRST, lives[i][0], lives[i][1]), DUE_NOTHING);
			assert_state(at, false);
			assert_int_equal(take(EVENT_TIME_OVER), DUE_NOTHING);
			assert_state(at, false);
		}
}

/* By a proxy that sets Expires to the time of its answer. */
static void a_nonce_that_is_handed_out_after_its_end_has_no_known_end(void **state)
{
	(void)state;
	begin(false, true);
	assert_int_equal(take_life(FIRST, 0, 0), DUE_SIGNATURE);
	assert_int_equal(take(EVENT_SIGNED), DUE_GOOD);
	now += 900;
	assert_int_equal(take_life(FIRST, 0, 0), DUE_GOOD);
	assert_int_equal(exchange.valid_until, START + EXCHANGE_GRACE_MS);
	now = START + EXCHANGE_GRACE_MS;
	assert_int_equal(take(EVENT_TIME_OVER), DUE_NOTHING);
	assert_int_equal(take_life(FIRST, 0, 1), DUE_NOTHING);
	assert_state(EXCHANGE_EXPIRED, false);
	assert_int_equal(take_life(FIRST, 0, 0), DUE_GOOD);
	assert_state(EXCHANGE_GOOD, true);
	assert_int_equal(exchange_seconds_left(&exchange, now), -1);
	assert_int_equal(exchange.valid_until, now + EXCHANGE_UNKNOWN_LIFE_MS);
	now += 10;
	assert_int_equal(take_life(FIRST, 0, 0), DUE_GOOD);
	assert_int_equal(exchange.valid_until, now + EXCHANGE_UNKNOWN_LIFE_MS);
	/* The next ones need no proof, until one has a life. */
	now += EXCHANGE_PACE_MS;
	assert_int_equal(take_life(SECOND, 0, 0), DUE_SIGNATURE);
	assert_int_equal(exchange_seconds_left(&exchange, now), -1);
	now += EXCHANGE_PACE_MS;
	assert_int_equal(take_life(THIRD, 1, 0), DUE_SIGNATURE);
	now += EXCHANGE_PACE_MS;
	assert_int_equal(take_life(FIRST, 0, 0), DUE_SIGNATURE);
	assert_int_equal(exchange_seconds_left(&exchange, now), 0);
}

static void a_wait_for_the_next_nonce_may_show_that_its_end_is_not_known(void **state)
{
	(void)state;
	begin_with_min_life(false);
	assert_int_equal(take_life(FIRST, 0, 0), DUE_NEXT);
	now += exchange_wait(&exchange, now);
	assert_int_equal(take_life(FIRST, 0, 0), DUE_SIGNATURE);
	assert_int_equal(exchange_seconds_left(&exchange, now), -1);
	assert_false(exchange.brief);
}

static void a_nonce_in_its_time_may_come_again_with_its_last_second(void **state)
{
	(void)state;
	for (enum exchange_state at = 0; at < EXCHANGE_STATES; at++) {
		go_to(at, true);
		assert_int_not_equal(take_life(FIRST, 0, 0), DUE_MISBEHAVIOUR);
	}
	go_to(EXCHANGE_GOOD, true);
	assert_int_equal(take_life(FIRST, 0, 0), DUE_GOOD);
	assert_state(EXCHANGE_GOOD, true);
	assert_true(exchange.valid_until == now + EXCHANGE_GRACE_MS);
}

static void a_life_that_is_unknown_or_a_lower_bound_is_life(void **state)
{
	const struct exchange_news at_least = {
		.event = EVENT_NONCE, .nonce = FIRST, .at_least = true, .now = START};

	(void)state;
	go_to(EXCHANGE_EXPIRED, true);
	assert_int_equal(exchange_take(&exchange, &rules, &at_least), DUE_GOOD);
	assert_true(exchange.valid_until == now + EXCHANGE_UNKNOWN_LIFE_MS);
	go_to(EXCHANGE_EXPIRED, true);
	assert_int_equal(take_life(FIRST, -1, 0), DUE_GOOD);
	assert_state(EXCHANGE_GOOD, true);
	go_to(EXCHANGE_EXPIRED, true);
	assert_int_equal(take_life(FIRST, 5, 4999), DUE_GOOD);
}

static void a_token_that_was_not_tried_in_time_is_tried_if_the_nonce_lives_again(void **state)
{
	static const enum exchange_state from[] = {EXCHANGE_TO_TRY, EXCHANGE_UNCLEAR};

	(void)state;
	for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
		go_to(from[i], true);
		assert_int_equal(take(EVENT_TIME_OVER), DUE_NOTHING);
		assert_state(EXCHANGE_EXPIRED_UNTRIED, false);
		assert_int_equal(take_nonce(FIRST), DUE_TRIAL);
		assert_state(EXCHANGE_TO_TRY, false);
		assert_string_equal(exchange.token, "c2ln");
	}
}

static void a_verdict_after_the_end_of_the_time_holds_for_the_token_that_is_kept(void **state)
{
	static const struct {
		enum exchange_event verdict;
		enum exchange_due due;
		enum exchange_state next;
		enum exchange_due again;
	} rows[] = {
		{EVENT_ACCEPTED, DUE_LATE, EXCHANGE_EXPIRED, DUE_GOOD},
		{EVENT_EVERYONE, DUE_LATE, EXCHANGE_EXPIRED, DUE_GOOD},
		{EVENT_NO_VERDICT, DUE_FAILED, EXCHANGE_EXPIRED_UNTRIED, DUE_TRIAL},
		{EVENT_NOT_ACCEPTED, DUE_LATE, EXCHANGE_REFUSED, DUE_REFUSED},
		{EVENT_RESTARTED, DUE_NOTHING, EXCHANGE_EXPIRED_UNTRIED, DUE_TRIAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		go_to(EXCHANGE_EXPIRED_ON_TRIAL, true);
		assert_int_equal(take(rows[i].verdict), rows[i].due);
		assert_state(rows[i].next, false);
		assert_int_equal(exchange.token == NULL, rows[i].next == EXCHANGE_REFUSED);
		assert_int_equal(exchange.refusals, 0);
		assert_int_equal(take_nonce(FIRST), rows[i].again);
	}
	go_to(EXCHANGE_EXPIRED_ON_TRIAL, true);
	assert_int_equal(take_with(EVENT_ACCEPTED, SECOND, NULL), DUE_MISBEHAVIOUR);
	assert_int_equal(take_nonce(FIRST), DUE_NOTHING);
	assert_state(EXCHANGE_ON_TRIAL, false);
	assert_int_equal(take(EVENT_ACCEPTED), DUE_GOOD);
	assert_state(EXCHANGE_GOOD, true);
}

static void a_refused_nonce_stays_refused_when_its_time_is_over(void **state)
{
	static const enum exchange_state from[] = {EXCHANGE_ASKED_AGAIN, EXCHANGE_REFUSED};

	(void)state;
	for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
		go_to(from[i], true);
		assert_int_equal(take(EVENT_TIME_OVER), DUE_NOTHING);
		assert_int_equal(take_nonce(FIRST), DUE_REFUSED);
		assert_state(EXCHANGE_REFUSED, false);
	}
	go_to(EXCHANGE_ASKED_AGAIN, true);
	assert_int_equal(take(EVENT_NO_NONCE), DUE_FAILED);
	assert_int_equal(take(EVENT_TIME_OVER), DUE_NOTHING);
	assert_int_equal(take_nonce(FIRST), DUE_REFUSED);
}

static void another_nonce_takes_the_place_of_one_whose_time_is_over(void **state)
{
	(void)state;
	for (enum exchange_state at = 0; at < EXCHANGE_STATES; at++) {
		if (!is_expired(at))
			continue;
		bool on_trial = at == EXCHANGE_EXPIRED_ON_TRIAL;
		go_to(at, true);
		assert_int_equal(take(EVENT_NO_NONCE), DUE_FAILED);
		assert_state(at, false);
		assert_int_equal(take_nonce(SECOND), on_trial ? DUE_NOTHING : DUE_SIGNATURE);
		assert_state(on_trial ? EXCHANGE_OUTDATED : EXCHANGE_TO_SIGN, false);
		assert_string_equal(exchange.nonce, SECOND);
		assert_null(exchange.token);
		go_to(at, true);
		assert_int_equal(take(EVENT_NOT_ALONE), on_trial ? DUE_NOTHING : DUE_SHARED);
		assert_state(on_trial ? EXCHANGE_SHARED_ON_TRIAL : EXCHANGE_SHARED, false);
		assert_null(exchange.token);
	}
	go_to(EXCHANGE_EXPIRED, true);
	assert_int_equal(take(EVENT_RESTARTED), DUE_NOTHING);
	assert_state(EXCHANGE_EXPIRED, false);
	go_to(EXCHANGE_EXPIRED_UNTRIED, true);
	assert_int_equal(take(EVENT_RESTARTED), DUE_NOTHING);
	assert_state(EXCHANGE_EXPIRED_UNTRIED, false);
}

static void a_new_key_signs_a_nonce_whose_time_is_over_once_more_if_it_comes_again(void **state)
{
	(void)state;
	for (enum exchange_state at = 0; at < EXCHANGE_STATES; at++) {
		if (!is_expired(at))
			continue;
		go_to(at, true);
		assert_int_equal(take(EVENT_KEY_OPENED), DUE_NOTHING);
		assert_null(exchange.token);
		if (at == EXCHANGE_EXPIRED_ON_TRIAL) {
			assert_state(EXCHANGE_OUTDATED, false);
			assert_int_equal(take(EVENT_ACCEPTED), DUE_LATE);
			assert_state(EXCHANGE_TO_SIGN, false);
		} else {
			assert_state(EXCHANGE_ASKED, false);
			assert_int_equal(take_nonce(FIRST), DUE_SIGNATURE);
		}
	}
}

static void a_trial_that_failed_is_made_again_with_the_same_token(void **state)
{
	(void)state;
	go_to(EXCHANGE_UNCLEAR, true);
	assert_int_equal(take_nonce(FIRST), DUE_TRIAL);
	assert_state(EXCHANGE_TO_TRY, false);
	assert_non_null(exchange.token);
}

static void a_restarted_network_program_tries_open_trials_again(void **state)
{
	(void)state;
	go_to(EXCHANGE_ON_TRIAL, true);
	assert_int_equal(take(EVENT_RESTARTED), DUE_TRIAL);
	assert_state(EXCHANGE_TO_TRY, false);
	go_to(EXCHANGE_OUTDATED, true);
	assert_int_equal(take(EVENT_RESTARTED), DUE_SIGNATURE);
	go_to(EXCHANGE_GOOD, true);
	assert_int_equal(take(EVENT_RESTARTED), DUE_NOTHING);
	assert_state(EXCHANGE_GOOD, true);
}

static void a_nonce_of_another_entry_is_never_signed_and_costs_its_token(void **state)
{
	const struct exchange_news shared = {
		.event = EVENT_NONCE, .nonce = SECOND, .of_other = true, .now = START};

	(void)state;
	for (enum exchange_state at = 0; at < EXCHANGE_STATES; at++) {
		go_to(at, true);
		enum exchange_due due = exchange_take(&exchange, &rules, &shared);
		assert_true(at == EXCHANGE_OUTDATED || due == DUE_SHARED || due == DUE_NOTHING);
		assert_null(exchange_token(&exchange));
		assert_int_not_equal(due, DUE_SIGNATURE);
	}
	go_to(EXCHANGE_GOOD, true);
	assert_int_equal(take(EVENT_NOT_ALONE), DUE_SHARED);
	assert_state(EXCHANGE_SHARED, false);
	assert_null(exchange.token);
	go_to(EXCHANGE_SHARED_ON_TRIAL, false);
	assert_int_equal(take(EVENT_ACCEPTED), DUE_SHARED);
	assert_state(EXCHANGE_SHARED, false);
}

static void a_refused_nonce_that_another_gives_out_ends_what_was_asked_again(void **state)
{
	static const char *const nonces[] = {FIRST, SECOND};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		go_to(EXCHANGE_SHARED_ASKED, false);
		assert_int_equal(take_nonce(nonces[i]), DUE_SHARED);
		assert_state(EXCHANGE_SHARED, false);
	}
}

static void an_exchange_is_small(void **state)
{
	(void)state;
	assert_true(sizeof(struct exchange) < 100);
}

#define PROMISE(test) cmocka_unit_test_teardown(test, end)

static const struct CMUnitTest tests[] = {
	PROMISE(without_a_trial_a_signature_is_enough),
	PROMISE(a_token_on_trial_may_be_used_once_it_is_accepted),
	PROMISE(a_refusal_is_followed_by_one_more_attempt),
	PROMISE(a_refused_nonce_is_not_signed_again),
	PROMISE(a_watched_server_may_refuse_any_number_of_tokens),
	PROMISE(what_fails_ends_the_exchange),
	PROMISE(a_nonce_that_may_end_sooner_is_not_signed_before_the_next_was_awaited),
	PROMISE(the_next_nonce_is_awaited_for_as_long_as_the_first_may_live),
	PROMISE(the_next_nonce_is_signed_however_short_it_lives),
	PROMISE(there_is_one_wait_and_two_signatures_at_most),
	PROMISE(a_nonce_given_out_twice_gets_no_token_after_a_wait),
	PROMISE(a_refused_nonce_is_not_signed_again_by_way_of_a_brief_one),
	PROMISE(a_lower_bound_of_a_life_is_reported_as_one_and_ends_nothing),
	PROMISE(a_life_is_counted_from_the_answer),
	PROMISE(a_message_that_is_not_due_is_misbehaviour_and_changes_nothing),
	PROMISE(a_watched_server_may_be_heard_at_any_time_but_is_judged_on_trial_alone),
	PROMISE(a_verdict_on_another_nonce_is_misbehaviour),
	PROMISE(a_late_verdict_on_another_nonce_is_misbehaviour),
	PROMISE(a_signature_that_is_not_due_is_thrown_away),
	PROMISE(no_life_is_too_long_or_too_short),
	PROMISE(each_new_nonce_is_signed_and_the_same_one_is_not),
	PROMISE(signatures_come_no_faster_than_one_a_second_on_the_whole),
	PROMISE(a_flood_of_nonces_is_misbehaviour),
	PROMISE(nonces_that_have_waited_are_no_flood),
	PROMISE(a_refusal_makes_room_for_one_more_nonce),
	PROMISE(a_new_key_signs_the_nonce_at_hand_once_more_at_once),
	PROMISE(a_key_that_is_lost_leaves_no_token),
	PROMISE(a_verdict_that_comes_too_late_is_waited_for_and_means_nothing),
	PROMISE(a_nonce_that_ended_before_it_was_signed_is_forgotten),
	PROMISE(a_token_whose_time_is_over_is_kept_for_the_same_nonce_and_fit_again_with_it),
	PROMISE(a_nonce_that_comes_again_without_life_changes_nothing),
	PROMISE(a_nonce_in_its_time_may_come_again_with_its_last_second),
	PROMISE(a_nonce_that_is_handed_out_after_its_end_has_no_known_end),
	PROMISE(a_wait_for_the_next_nonce_may_show_that_its_end_is_not_known),
	PROMISE(a_life_that_is_unknown_or_a_lower_bound_is_life),
	PROMISE(a_token_that_was_not_tried_in_time_is_tried_if_the_nonce_lives_again),
	PROMISE(a_verdict_after_the_end_of_the_time_holds_for_the_token_that_is_kept),
	PROMISE(a_refused_nonce_stays_refused_when_its_time_is_over),
	PROMISE(another_nonce_takes_the_place_of_one_whose_time_is_over),
	PROMISE(a_new_key_signs_a_nonce_whose_time_is_over_once_more_if_it_comes_again),
	PROMISE(a_trial_that_failed_is_made_again_with_the_same_token),
	PROMISE(a_restarted_network_program_tries_open_trials_again),
	PROMISE(a_nonce_of_another_entry_is_never_signed_and_costs_its_token),
	PROMISE(a_refused_nonce_that_another_gives_out_ends_what_was_asked_again),
	PROMISE(an_exchange_is_small),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
