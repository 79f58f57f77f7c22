/* A list of exchanges: what is due for which server, and a nonce that two entries give out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "chronograf/exchange_list.h"

enum { COUNT = 4 };

static struct exchange_list list;
static int64_t now;

static void begin(bool check, bool watch, size_t count)
{
	now = 1000000;
	assert_true(exchange_list_begin(
		&list, count, (struct exchange_rules){.check = check, .watch = watch}, now));
}

static int end(void **state)
{
	(void)state;
	exchange_list_end(&list);
	return 0;
}

static enum exchange_due take(size_t server, enum exchange_event event, const char *nonce,
			      size_t *twin)
{
	const struct exchange_news news = {
		.event = event,
		.nonce = nonce == NULL ? list.exchanges[server].nonce : nonce,
		.valid_for = 600,
		.token = event == EVENT_SIGNED ? strdup("c2ln") : NULL,
		.now = now,
	};
	char copy[sizeof list.exchanges[server].nonce];
	struct exchange_news copied = news;

	snprintf(copy, sizeof copy, "%s", news.nonce);
	copied.nonce = copy;
	return exchange_list_take(&list, server, &copied, twin);
}

static enum exchange_due happens(size_t server, enum exchange_event event)
{
	size_t twin;

	return take(server, event, NULL, &twin);
}

static const char *nonce_of(unsigned number)
{
	static char nonce[37];

	snprintf(nonce, sizeof nonce, "%08x-5b3a-4c6d-8e9f-0a1b2c3d4e5f", number);
	return nonce;
}

static enum exchange_due give(size_t server, unsigned nonce, size_t *twin)
{
	return take(server, EVENT_NONCE, nonce_of(nonce), twin);
}

static void give_alone(size_t server, unsigned nonce)
{
	size_t twin;

	assert_int_equal(give(server, nonce, &twin), DUE_SIGNATURE);
	assert_int_equal(twin, server);
}

static enum exchange_due next(size_t *server)
{
	int64_t when;

	return exchange_list_next(&list, now, true, server, &when);
}

static void signatures_are_due_in_turn(void **state)
{
	size_t server;

	(void)state;
	begin(false, false, COUNT);
	assert_int_equal(next(&server), DUE_NOTHING);
	for (size_t i = 0; i < COUNT; i++)
		give_alone(i, (unsigned)i);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(next(&server), DUE_SIGNATURE);
		assert_int_equal(server, i);
		assert_int_equal(happens(server, EVENT_SIGNED), DUE_GOOD);
	}
	assert_int_equal(next(&server), DUE_NOTHING);
	assert_int_equal(list.open, 0);
}

static void no_token_is_tried_before_the_last_server_is_heard(void **state)
{
	size_t server;

	(void)state;
	begin(true, false, 3);
	give_alone(0, 0);
	give_alone(1, 1);
	assert_int_equal(happens(0, EVENT_SIGNED), DUE_TRIAL);
	assert_int_equal(happens(1, EVENT_SIGNED), DUE_TRIAL);
	assert_int_equal(next(&server), DUE_NOTHING);
	assert_false(exchange_list_is_heard(&list));
	assert_int_equal(happens(2, EVENT_NO_NONCE), DUE_FAILED);
	assert_true(exchange_list_is_heard(&list));
	assert_int_equal(next(&server), DUE_TRIAL);
}

static void a_server_whose_next_nonce_is_awaited_is_not_heard_yet(void **state)
{
	size_t server, twin;

	(void)state;
	begin(true, false, 2);
	list.rules.min_life = 600;
	assert_int_equal(give(0, 0, &twin), DUE_NEXT);
	list.rules.min_life = 5;
	/* The other server has got it first, and hands it out as its own. */
	give_alone(1, 1);
	assert_int_equal(happens(1, EVENT_SIGNED), DUE_TRIAL);
	assert_int_equal(next(&server), DUE_NOTHING);
	assert_int_equal(give(0, 1, &twin), DUE_SHARED);
	assert_int_equal(twin, 1);
	assert_int_equal(next(&server), DUE_NOTHING);
	assert_true(exchange_list_is_heard(&list));
	assert_int_equal(list.open, 0);
}

static void one_server_waits_for_no_other(void **state)
{
	size_t server;

	(void)state;
	begin(true, false, 1);
	give_alone(0, 0);
	assert_int_equal(happens(0, EVENT_SIGNED), DUE_TRIAL);
	assert_int_equal(next(&server), DUE_TRIAL);
}

static void one_nonce_from_two_entries_is_refused_for_both(void **state)
{
	size_t twin;
	size_t server;

	(void)state;
	begin(false, false, COUNT);
	give_alone(0, 7);
	assert_int_equal(happens(0, EVENT_SIGNED), DUE_GOOD);
	give_alone(1, 8);
	assert_int_equal(give(2, 7, &twin), DUE_SHARED);
	assert_int_equal(twin, 0);
	assert_null(exchange_token(&list.exchanges[0]));
	assert_int_equal(exchange_list_twin(&list, 0), 2);
	assert_int_equal(exchange_list_twin(&list, 2), 0);
	assert_int_equal(give(3, 7, &twin), DUE_SHARED);
	assert_int_equal(twin, 3);
	assert_int_equal(next(&server), DUE_SIGNATURE);
	assert_int_equal(server, 1);
	assert_int_equal(happens(1, EVENT_SIGNED), DUE_GOOD);
	assert_int_equal(list.open, 0);
}

static void a_nonce_that_comes_after_a_refusal_is_compared_too(void **state)
{
	size_t twin;

	(void)state;
	begin(true, false, 2);
	for (size_t i = 0; i < 2; i++) {
		give_alone(i, (unsigned)i);
		happens(i, EVENT_SIGNED);
		happens(i, EVENT_TRIED);
	}
	assert_int_equal(happens(0, EVENT_NOT_ACCEPTED), DUE_QUESTION);
	assert_int_equal(give(0, 1, &twin), DUE_SHARED);
	assert_int_equal(twin, 0);
	assert_int_equal(list.open, 1);
	assert_int_equal(happens(1, EVENT_ACCEPTED), DUE_SHARED);
	assert_int_equal(list.open, 0);
}

static void a_watched_pair_is_trusted_when_both_have_other_nonces(void **state)
{
	size_t twin;

	(void)state;
	begin(false, true, 2);
	give_alone(0, 1);
	happens(0, EVENT_SIGNED);
	assert_int_equal(give(1, 1, &twin), DUE_SHARED);
	assert_int_equal(twin, 0);
	now += 10000;
	assert_int_equal(give(0, 2, &twin), DUE_SHARED);
	assert_int_equal(give(1, 2, &twin), DUE_SHARED);
	now += 10000;
	assert_int_equal(give(0, 3, &twin), DUE_SHARED);
	assert_int_equal(list.exchanges[1].state, EXCHANGE_SHARED);
	assert_int_equal(give(1, 4, &twin), DUE_SIGNATURE);
	assert_int_equal(list.exchanges[0].state, EXCHANGE_TO_SIGN);
	assert_int_equal(list.to_sign, 2);
}

static void a_third_server_does_not_speak_for_a_pair(void **state)
{
	size_t twin;

	(void)state;
	begin(false, true, 4);
	give_alone(0, 1);
	assert_int_equal(give(1, 1, &twin), DUE_SHARED);
	assert_int_equal(give(2, 1, &twin), DUE_SHARED);
	now += 10000;
	assert_int_equal(give(0, 2, &twin), DUE_SHARED);
	assert_int_equal(give(2, 3, &twin), DUE_SIGNATURE);
	happens(0, EVENT_SIGNED);
	assert_int_equal(give(3, 2, &twin), DUE_SHARED);
	now += 10000;
	assert_int_equal(give(0, 4, &twin), DUE_SHARED);
	assert_int_equal(give(1, 5, &twin), DUE_SIGNATURE);
	assert_int_equal(list.exchanges[0].state, EXCHANGE_SHARED);
	assert_int_equal(give(3, 6, &twin), DUE_SIGNATURE);
	assert_int_equal(list.exchanges[0].state, EXCHANGE_TO_SIGN);
}

static void a_watched_server_that_moves_on_during_its_trial_is_trusted_after_it(void **state)
{
	size_t twin;

	(void)state;
	begin(true, true, 2);
	give_alone(0, 1);
	give_alone(1, 2);
	happens(0, EVENT_SIGNED);
	happens(0, EVENT_TRIED);
	assert_int_equal(give(1, 1, &twin), DUE_SHARED);
	now += 1000;
	/* As long as the nonce that both gave out is at hand for one, the other has to wait. */
	assert_int_equal(give(1, 3, &twin), DUE_SHARED);
	assert_int_equal(give(0, 4, &twin), DUE_NOTHING);
	assert_int_equal(list.exchanges[0].state, EXCHANGE_SHARED_ON_TRIAL);
	assert_int_equal(take(0, EVENT_ACCEPTED, nonce_of(1), &twin), DUE_SIGNATURE);
	assert_int_equal(list.exchanges[1].state, EXCHANGE_TO_SIGN);
	assert_int_equal(list.to_sign, 2);
}

/* ---- Nonces that were replaced ---- */

static void a_watched_server_gets_no_token_for_what_another_gave_out_before(void **state)
{
	size_t server, twin;

	(void)state;
	begin(false, true, 2);
	give_alone(0, 1);
	give_alone(0, 2);
	assert_int_equal(give(1, 1, &twin), DUE_SHARED);
	assert_int_equal(twin, 1);
	assert_int_equal(exchange_list_twin(&list, 1), 0);
	/* The other has a nonce of its own by now, and gets its token. */
	assert_int_equal(next(&server), DUE_SIGNATURE);
	assert_int_equal(server, 0);
	assert_int_equal(happens(0, EVENT_SIGNED), DUE_GOOD);
	assert_int_equal(next(&server), DUE_NOTHING);
	assert_int_equal(give(1, 3, &twin), DUE_SIGNATURE);
	assert_int_equal(list.exchanges[0].state, EXCHANGE_GOOD);
}

static void what_four_replicas_gave_out_is_compared(void **state)
{
	size_t twin;

	(void)state;
	begin(false, true, 2);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned replica = 1; replica <= 4; replica++) {
			now += 1000;
			assert_int_equal(give(0, replica, &twin), DUE_SIGNATURE);
		}
	for (unsigned replica = 1; replica <= 4; replica++) {
		now += 1000;
		assert_int_equal(give(1, replica, &twin), DUE_SHARED);
	}
}

static void of_many_nonces_the_last_ones_are_compared(void **state)
{
	size_t twin;

	(void)state;
	begin(false, true, 2);
	for (unsigned nonce = 1; nonce <= 9; nonce++) {
		now += 1000;
		assert_int_equal(give(0, nonce, &twin), DUE_SIGNATURE);
	}
	now += 1000;
	assert_int_equal(give(1, 8, &twin), DUE_SHARED);
	now += 1000;
	assert_int_equal(give(1, 1, &twin), DUE_SIGNATURE);
}

static void a_nonce_that_lives_shorter_than_older_ones_is_compared(void **state)
{
	struct exchange_news brief = {.event = EVENT_NONCE, .valid_for = 30};
	size_t twin;

	(void)state;
	begin(false, true, 2);
	for (unsigned nonce = 1; nonce <= 3; nonce++) {
		now += 1000;
		assert_int_equal(give(0, nonce, &twin), DUE_SIGNATURE);
	}
	now += 1000;
	brief.now = now;
	brief.nonce = nonce_of(4);
	assert_int_equal(exchange_list_take(&list, 0, &brief, &twin), DUE_SIGNATURE);
	now += 1000;
	assert_int_equal(give(0, 5, &twin), DUE_SIGNATURE);
	assert_int_equal(give(1, 4, &twin), DUE_SHARED);
}

static void a_nonce_that_has_ended_is_of_no_use_to_another(void **state)
{
	size_t twin;

	(void)state;
	begin(false, true, 2);
	give_alone(0, 1);
	happens(0, EVENT_SIGNED);
	give_alone(0, 2);
	now += 600999;
	assert_int_equal(give(1, 1, &twin), DUE_SHARED);
	now += 1;
	assert_int_equal(give(1, 3, &twin), DUE_SIGNATURE);
	assert_int_equal(give(1, 1, &twin), DUE_SIGNATURE);
}

static void a_signature_waits_for_its_time_and_says_when_that_is(void **state)
{
	size_t server;
	int64_t when;

	(void)state;
	begin(false, true, 2);
	give_alone(0, 1);
	happens(0, EVENT_SIGNED);
	give_alone(0, 2);
	assert_int_equal(exchange_list_next(&list, now, true, &server, &when), DUE_NOTHING);
	assert_int_equal(when, list.exchanges[0].sign_from);
	now = when;
	assert_int_equal(exchange_list_next(&list, now, true, &server, &when), DUE_SIGNATURE);
}

static void trials_come_no_faster_than_one_a_second_on_the_whole(void **state)
{
	size_t server;
	int64_t when;

	(void)state;
	begin(true, true, 1);
	give_alone(0, 1);
	happens(0, EVENT_SIGNED);
	for (unsigned trials = 0; trials < 2; trials++) {
		assert_int_equal(next(&server), DUE_TRIAL);
		happens(0, EVENT_TRIED);
		assert_int_equal(happens(0, EVENT_NO_VERDICT), DUE_FAILED);
		assert_int_equal(happens(0, EVENT_NONCE), DUE_TRIAL);
		now += EXCHANGE_SLACK_MS;
	}
	assert_int_equal(exchange_list_next(&list, now, true, &server, &when), DUE_NOTHING);
	assert_int_equal(when, list.exchanges[0].try_from);
	now = when;
	assert_int_equal(next(&server), DUE_TRIAL);
}

static void a_signature_does_not_wait_behind_a_trial_that_cannot_be_sent(void **state)
{
	size_t server;
	int64_t when;

	(void)state;
	begin(true, true, 2);
	give_alone(0, 0);
	give_alone(1, 1);
	assert_int_equal(happens(0, EVENT_SIGNED), DUE_TRIAL);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(exchange_list_next(&list, now, false, &server, &when),
				 DUE_SIGNATURE);
		assert_int_equal(server, 1);
	}
	assert_int_equal(happens(1, EVENT_SIGNED), DUE_TRIAL);
	assert_int_equal(exchange_list_next(&list, now, false, &server, &when), DUE_NOTHING);
	assert_int_equal(next(&server), DUE_TRIAL);
}

static void a_nonce_that_has_ended_is_not_signed(void **state)
{
	size_t server;

	(void)state;
	begin(false, true, 2);
	give_alone(0, 1);
	give_alone(1, 2);
	now += 601000;
	assert_int_equal(next(&server), DUE_NOTHING);
	assert_int_equal(list.to_sign, 0);
	give_alone(1, 1);
}

static void a_nonce_that_was_signed_is_compared_after_its_time_too(void **state)
{
	size_t server, twin;

	(void)state;
	begin(false, true, 2);
	give_alone(0, 1);
	give_alone(1, 2);
	assert_int_equal(happens(0, EVENT_SIGNED), DUE_GOOD);
	assert_int_equal(happens(0, EVENT_TIME_OVER), DUE_NOTHING);
	assert_int_equal(give(1, 1, &twin), DUE_SHARED);
	assert_int_equal(twin, 0);
	assert_int_equal(exchange_list_twin(&list, 0), 1);
	assert_int_equal(give(0, 1, &twin), DUE_SHARED);
	assert_int_equal(next(&server), DUE_NOTHING);
	assert_null(exchange_token(&list.exchanges[0]));
	now += 1000;
	assert_int_equal(give(0, 3, &twin), DUE_SHARED);
	assert_int_equal(give(1, 4, &twin), DUE_SIGNATURE);
	assert_int_equal(list.to_sign, 2);
}

static void
a_token_whose_turn_to_be_tried_comes_too_late_is_tried_if_its_nonce_lives_again(void **state)
{
	size_t server, twin;

	(void)state;
	begin(true, true, 1);
	give_alone(0, 1);
	assert_int_equal(happens(0, EVENT_SIGNED), DUE_TRIAL);
	now += 601000;
	assert_int_equal(next(&server), DUE_NOTHING);
	assert_int_equal(list.to_try, 0);
	assert_int_equal(give(0, 1, &twin), DUE_TRIAL);
	assert_int_equal(next(&server), DUE_TRIAL);
}

static void ten_thousand_servers_are_no_matter(void **state)
{
	enum { MANY = 10000 };
	size_t server;
	size_t twin;

	(void)state;
	begin(false, false, MANY);
	for (unsigned i = 0; i < MANY - 1; i++) {
		give_alone(i, i);
		assert_int_equal(next(&server), DUE_SIGNATURE);
		assert_int_equal(happens(server, EVENT_SIGNED), DUE_GOOD);
	}
	assert_int_equal(give(MANY - 1, 4711, &twin), DUE_SHARED);
	assert_int_equal(twin, 4711);
	assert_int_equal(list.open, 0);
}

#define PROMISE(test) cmocka_unit_test_teardown(test, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(signatures_are_due_in_turn),
		PROMISE(no_token_is_tried_before_the_last_server_is_heard),
		PROMISE(a_server_whose_next_nonce_is_awaited_is_not_heard_yet),
		PROMISE(one_server_waits_for_no_other),
		PROMISE(one_nonce_from_two_entries_is_refused_for_both),
		PROMISE(a_nonce_that_comes_after_a_refusal_is_compared_too),
		PROMISE(a_watched_pair_is_trusted_when_both_have_other_nonces),
		PROMISE(a_third_server_does_not_speak_for_a_pair),
		PROMISE(a_watched_server_that_moves_on_during_its_trial_is_trusted_after_it),
		PROMISE(a_watched_server_gets_no_token_for_what_another_gave_out_before),
		PROMISE(what_four_replicas_gave_out_is_compared),
		PROMISE(of_many_nonces_the_last_ones_are_compared),
		PROMISE(a_nonce_that_lives_shorter_than_older_ones_is_compared),
		PROMISE(a_nonce_that_has_ended_is_of_no_use_to_another),
		PROMISE(a_signature_waits_for_its_time_and_says_when_that_is),
		PROMISE(trials_come_no_faster_than_one_a_second_on_the_whole),
		PROMISE(a_signature_does_not_wait_behind_a_trial_that_cannot_be_sent),
		PROMISE(a_nonce_that_has_ended_is_not_signed),
		PROMISE(a_nonce_that_was_signed_is_compared_after_its_time_too),
		PROMISE(a_token_whose_turn_to_be_tried_comes_too_late_is_tried_if_its_nonce_lives_again),
		PROMISE(ten_thousand_servers_are_no_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
