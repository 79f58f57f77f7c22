/* The messages between the processes: the receiver trusts nothing that it has not checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "network/message.h"

#define GOOD "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"
#define SERVERS 3
#define URL "http://host"

static struct network_message good(void)
{
	struct network_message message;

	message_init(&message, 1);
	message.http_status = 200;
	message_set_nonce(&message, GOOD, (struct nonce_life){.seconds = 600});
	message_set_trace(&message, "GET");
	return message;
}

static struct network_message failed(void)
{
	struct network_message message;

	message_init(&message, 1);
	message.http_status = 404;
	message_set_failure(&message, MESSAGE_SERVER_FAILED, "http://host: status 404\ntry again");
	return message;
}

static void assert_good(const struct network_message *message)
{
	struct chronosign_error *error = NULL;

	assert_true(message_check(message, sizeof *message, SERVERS, &error));
	assert_null(error);
}

static void assert_refused_in(const struct network_message *message, size_t length,
			      const char *reason)
{
	struct chronosign_error *error = NULL;

	assert_false(message_check(message, length, SERVERS, &error));
	assert_non_null(error);
	assert_int_equal(chronosign_error_get_kind(error), CHRONOSIGN_ERROR_OTHER);
	assert_non_null(strstr(chronosign_error_message(error), reason));
	chronosign_error_free(error);
}

static void assert_refused(const struct network_message *message, const char *reason)
{
	assert_refused_in(message, sizeof *message, reason);
}

static void a_nonce_and_a_failure_are_accepted(void **state)
{
	struct network_message message = good();

	(void)state;
	assert_good(&message);
	message.valid_for = -1;
	assert_good(&message);
	message = failed();
	assert_good(&message);
	message.outcome = MESSAGE_MACHINE_FAILED;
	message.http_status = 0;
	assert_good(&message);
}

static void a_short_or_long_message_is_refused(void **state)
{
	struct network_message message = good();

	(void)state;
	assert_refused_in(&message, 0, "length");
	assert_refused_in(&message, sizeof message - 1, "length");
	assert_refused_in(&message, sizeof message + 1, "length");
}

static void a_wrong_magic_or_version_is_refused(void **state)
{
	struct network_message message = good();

	(void)state;
	message.magic ^= 1;
	assert_refused(&message, "beginning");
	message = good();
	message.version++;
	assert_refused(&message, "version");
}

static void a_server_out_of_range_is_refused(void **state)
{
	struct network_message message = good();

	(void)state;
	message.server = SERVERS;
	assert_refused(&message, "not asked for");
	message.server = UINT64_MAX;
	assert_refused(&message, "not asked for");
}

static void an_unknown_outcome_is_refused(void **state)
{
	struct network_message message = good();

	(void)state;
	message.outcome = 0;
	assert_refused(&message, "outcome");
	message.outcome = UINT32_MAX;
	assert_refused(&message, "outcome");
}

static void a_text_that_is_no_nonce_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < UUID_LENGTH; i++) {
		struct network_message message = good();
		message.nonce[i] = 'X';
		assert_refused(&message, "nonce");
	}
	struct network_message empty = good();
	memset(empty.nonce, 0, sizeof empty.nonce);
	assert_refused(&empty, "nonce");
}

static void a_nonce_comes_with_status_200_only(void **state)
{
	struct network_message message = good();

	(void)state;
	message.http_status = 404;
	assert_refused(&message, "200");
	message.http_status = 1000;
	assert_refused(&message, "impossible HTTP status");
}

static void an_unknown_reach_is_refused(void **state)
{
	struct network_message message = good();

	(void)state;
	message.reached = REACHED_ANSWER;
	message.tls = 1;
	assert_good(&message);
	message.tls = 2;
	assert_refused(&message, "impossible way");
	message.tls = 0;
	message.reached = REACHED_ANSWER + 1;
	assert_refused(&message, "impossible way");
	message.reached = REACHED_TLS;
	assert_refused(&message, "without an answer");
}

static void a_life_below_unknown_is_refused(void **state)
{
	struct network_message message = good();

	(void)state;
	message.at_least = 2;
	assert_refused(&message, "life");
	message.at_least = 1;
	assert_good(&message);
	message.valid_for = -2;
	assert_refused(&message, "life");
	message.valid_for = INT64_MIN;
	assert_refused(&message, "life");
}

static void a_text_without_end_is_refused(void **state)
{
	struct network_message message = good();

	(void)state;
	memset(message.trace, 'x', sizeof message.trace);
	assert_refused(&message, "text without end");
	message = failed();
	memset(message.failure, 'x', sizeof message.failure);
	assert_refused(&message, "text without end");
}

static void a_message_says_one_thing(void **state)
{
	struct network_message message = good();

	(void)state;
	message_set_failure(&message, MESSAGE_NONCE, "and yet");
	assert_refused(&message, "both");
	message = failed();
	message.nonce[35] = '0';
	assert_refused(&message, "both");
	message = failed();
	message.failure[0] = '\0';
	assert_refused(&message, "without a reason");
}

static void a_failure_begins_with_a_url(void **state)
{
	static const char *const rows[] = {"the server accepts the token",
					   "warning: the token is for all", " http://h: x",
					   "http:", "the server accepts"};
	struct network_message message = failed();

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		snprintf(message.failure, sizeof message.failure, "%s", rows[i]);
		assert_refused(&message, "of no server");
	}
	strcpy(message.failure, "the server: out of memory");
	assert_good(&message);
}

static struct network_message checked(uint32_t outcome, uint32_t status)
{
	struct network_message message;

	message_init(&message, 1);
	message.http_status = status;
	message_set_check(&message, outcome, GOOD);
	return message;
}

static void a_verdict_is_accepted_if_its_status_agrees(void **state)
{
	static const struct {
		uint32_t outcome, status;
		enum verdict verdict;
	} rows[] = {
		{MESSAGE_ACCEPTED, 200, VERDICT_ACCEPTED},
		{MESSAGE_EVERYONE, 200, VERDICT_EVERYONE},
		{MESSAGE_REFUSED, 403, VERDICT_REFUSED},
		{MESSAGE_REFUSED, 401, VERDICT_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct network_message message = checked(rows[i].outcome, rows[i].status);
		struct network_answer answer;
		assert_good(&message);
		message_to_answer(&message, URL, &answer);
		assert_int_equal(answer.about, NETWORK_ANSWER_CHECK);
		assert_int_equal(answer.verdict, rows[i].verdict);
		assert_string_equal(answer.nonce, GOOD);
		assert_null(answer.error);
		message.http_status = rows[i].status == 200 ? 403 : 200;
		assert_refused(&message, "contradicts");
		message = checked(rows[i].outcome, rows[i].status);
		message.nonce[0] = 'X';
		assert_refused(&message, "nonce");
		message = checked(rows[i].outcome, rows[i].status);
		strcpy(message.failure, "and yet");
		assert_refused(&message, "both");
	}
}

static void a_failed_check_says_why_and_for_which_nonce(void **state)
{
	struct network_message message = checked(MESSAGE_CHECK_SERVER_FAILED, 500);
	struct network_answer answer;

	(void)state;
	assert_refused(&message, "without a reason");
	strcpy(message.failure, URL ": status 500");
	assert_good(&message);
	message_to_answer(&message, URL, &answer);
	assert_int_equal(answer.about, NETWORK_ANSWER_CHECK);
	assert_int_equal(answer.verdict, VERDICT_NONE);
	assert_int_equal(chronosign_error_get_kind(answer.error), CHRONOSIGN_ERROR_SERVER);
	network_answer_clear(&answer);
	memset(message.nonce, 0, sizeof message.nonce);
	assert_refused(&message, "nonce");
}

static void a_request_carries_a_token_and_nothing_else(void **state)
{
	static char longest[MESSAGE_TOKEN_SIZE + 1];
	struct network_request request;

	(void)state;
	assert_true(request_init(&request, REQUEST_CHECK, 1, GOOD, "c2ln+/=="));
	assert_true(request_check(&request, sizeof request, SERVERS));
	assert_string_equal(request.token, "c2ln+/==");
	assert_memory_equal(request.nonce, GOOD, sizeof request.nonce);
	assert_false(request_init(&request, REQUEST_CHECK, 1, GOOD, "c2ln\r\nX-Header: 1"));
	assert_false(request_init(&request, REQUEST_CHECK, 1, GOOD, ""));
	assert_false(request_init(&request, REQUEST_CHECK, 1, "nonce", "c2ln"));
	memset(longest, 'A', MESSAGE_TOKEN_SIZE);
	assert_false(request_init(&request, REQUEST_CHECK, 1, GOOD, longest));
	longest[2048 * 4 / 3 + 2] = '\0';
	assert_true(request_init(&request, REQUEST_CHECK, 1, GOOD, longest));
}

static void anything_but_a_request_is_refused(void **state)
{
	struct network_request request;

	(void)state;
	assert_true(request_init(&request, REQUEST_NONCE, 2, NULL, NULL));
	assert_true(request_check(&request, sizeof request, SERVERS));
	assert_false(request_check(&request, sizeof request - 1, SERVERS));
	assert_false(request_check(&request, sizeof request, 2));
	request.kind = 4;
	assert_false(request_check(&request, sizeof request, SERVERS));
	request.kind = REQUEST_NONCE;
	request.magic++;
	assert_false(request_check(&request, sizeof request, SERVERS));
}

static void a_next_nonce_is_awaited_for_a_day_at_most(void **state)
{
	struct network_request request;

	(void)state;
	assert_true(request_init_next(&request, 2, GOOD, 7000));
	assert_true(request_check(&request, sizeof request, SERVERS));
	assert_int_equal(request.wait_ms, 7000);
	assert_memory_equal(request.nonce, GOOD, sizeof request.nonce);
	request.token[0] = 'A';
	assert_false(request_check(&request, sizeof request, SERVERS));
	assert_true(request_init_next(&request, 2, GOOD, REQUEST_WAIT_MAX));
	request.wait_ms++;
	assert_false(request_check(&request, sizeof request, SERVERS));
	assert_false(request_init_next(&request, 2, GOOD, (int64_t)REQUEST_WAIT_MAX + 1));
	assert_false(request_init_next(&request, 2, GOOD, -1));
	assert_false(request_init_next(&request, 2, "nonce", 7000));
	assert_true(request_init(&request, REQUEST_NONCE, 2, NULL, NULL));
	request.wait_ms = 1;
	assert_false(request_check(&request, sizeof request, SERVERS));
	assert_true(request_init(&request, REQUEST_CHECK, 1, GOOD, "c2ln"));
	request.wait_ms = 1;
	assert_false(request_check(&request, sizeof request, SERVERS));
}

static void the_answer_has_the_nonce(void **state)
{
	struct network_message message = good();
	struct network_answer answer;

	(void)state;
	message_to_answer(&message, URL, &answer);
	assert_int_equal(answer.server, 1);
	assert_string_equal(answer.nonce, GOOD);
	assert_int_equal(answer.valid_for, 600);
	assert_int_equal(answer.about, NETWORK_ANSWER_NONCE);
	assert_null(answer.error);
	assert_string_equal(answer.trace, "GET");
	network_answer_clear(&answer);
}

static void the_answer_has_the_reason_and_its_kind(void **state)
{
	struct network_message message = failed();
	struct network_answer answer;

	(void)state;
	message_to_answer(&message, URL, &answer);
	assert_string_equal(answer.nonce, "");
	assert_int_equal(answer.valid_for, -1);
	assert_int_equal(chronosign_error_get_kind(answer.error), CHRONOSIGN_ERROR_SERVER);
	assert_string_equal(chronosign_error_message(answer.error),
			    "http://host: status 404\ntry again");
	network_answer_clear(&answer);
	message.outcome = MESSAGE_MACHINE_FAILED;
	message_to_answer(&message, URL, &answer);
	assert_int_equal(chronosign_error_get_kind(answer.error), CHRONOSIGN_ERROR_OTHER);
	network_answer_clear(&answer);
}

static void the_release_of_chronograf_is_bounded_and_printable(void **state)
{
	char endless[MESSAGE_RELEASE_SIZE * 2];
	struct network_message message = good();
	struct network_answer answer;

	(void)state;
	message_to_answer(&message, URL, &answer);
	assert_string_equal(answer.release, "");
	message_set_release(&message, "1.11.4\x1b[2J");
	assert_good(&message);
	message_to_answer(&message, URL, &answer);
	assert_string_equal(answer.release, "1.11.4\\x1b[2J");
	message_set_release(&message, "");
	message_to_answer(&message, URL, &answer);
	assert_string_equal(answer.release, "of unknown version");
	memset(endless, '\x1b', sizeof endless);
	endless[sizeof endless - 1] = '\0';
	message_set_release(&message, endless);
	assert_good(&message);
	message_to_answer(&message, URL, &answer);
	assert_true(strlen(answer.release) < sizeof answer.release);
	memset(message.release, 'x', sizeof message.release);
	assert_refused(&message, "without end");
}

static void texts_are_made_printable_by_the_receiver(void **state)
{
	struct network_message message = failed();
	struct network_answer answer;

	(void)state;
	strcpy(message.failure, URL ": a\033[2Jb\nc");
	strcpy(message.trace, "a\nb\x9b");
	message_to_answer(&message, URL, &answer);
	assert_string_equal(chronosign_error_message(answer.error), URL ": a\\x1b[2Jb\nc");
	assert_string_equal(answer.trace, "a\\x0ab\\x9b");
	network_answer_clear(&answer);
	/* No words are moved to where a line of the terminal begins. */
	strcpy(message.failure, URL ": a    \xc2\xa0\xe2\x80\x83 chronoctl: b\nc   d");
	strcpy(message.trace, "GET      chronoctl: b");
	strcpy(message.release, "1.11.4     chronoctl: b");
	message_to_answer(&message, URL, &answer);
	assert_string_equal(chronosign_error_message(answer.error), URL ": a chronoctl: b\nc d");
	assert_string_equal(answer.trace, "GET chronoctl: b");
	assert_string_equal(answer.release, "1.11.4 chronoctl: b");
	network_answer_clear(&answer);
	memset(message.trace, '\033', sizeof message.trace - 1);
	message_to_answer(&message, URL, &answer);
	assert_int_equal(strlen(answer.trace), sizeof answer.trace - 1);
	assert_non_null(strstr(answer.trace, "..."));
	network_answer_clear(&answer);
}

static void assert_said(const char *words, const char *url, const char *said)
{
	struct network_message message = failed();
	struct network_answer answer;

	strcpy(message.failure, words);
	assert_good(&message);
	message_to_answer(&message, url, &answer);
	assert_string_equal(chronosign_error_message(answer.error), said);
	network_answer_clear(&answer);
}

static void a_failure_that_does_not_name_its_server_is_quoted(void **state)
{
	static const char *const honest[] = {
		URL ": no answer",
		URL " (redirected to https://host/(a)): no answer",
	};
	static const char *const others[] = {
		URL " accepts the token",
		URL "er: no answer",
		URL " (redirected to http://host/) accepts: it",
		URL " (redirected to https://host/ as it is): no answer",
		URL " (redirected to http",
		URL,
		URL ":",
		"http://other: no answer",
		"HTTP://HOST: no answer",
		"the server: out of memory",
	};

	(void)state;
	for (size_t i = 0; i < sizeof honest / sizeof honest[0]; i++)
		assert_said(honest[i], URL, honest[i]);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		char quoted[256];
		snprintf(quoted, sizeof quoted, "chronoctl-network says: \"%s\"", others[i]);
		assert_said(others[i], URL, quoted);
	}
	/* As the program shows it: without user and password, and in one line. */
	assert_said("http://host/\\x1b: a", "http://user:pass@host/\033", "http://host/\\x1b: a");
}

static void a_text_too_long_is_cut_between_characters(void **state)
{
	static const char url[] = "http://h:";
	char text[3 * MESSAGE_FAILURE_SIZE + 1] = "";
	struct network_message message = failed();

	(void)state;
	for (size_t i = 0; i < MESSAGE_FAILURE_SIZE; i++)
		memcpy(text + 3 * i, "\xe2\x82\xac", 4);
	memcpy(text, url, strlen(url));
	message_set_failure(&message, MESSAGE_SERVER_FAILED, text);
	assert_good(&message);
	size_t length = strlen(message.failure);
	assert_string_equal(message.failure + length - 3, "...");
	assert_int_equal((length - 3) % 3, 0);
	assert_true(length >= MESSAGE_FAILURE_SIZE - 4);
	text[MESSAGE_FAILURE_SIZE - 1] = '\0';
	message_set_failure(&message, MESSAGE_SERVER_FAILED, text);
	assert_string_equal(message.failure, text);
}

static void a_text_that_looks_like_ours_is_refused(void **state)
{
	struct network_message message = failed();

	(void)state;
	strcpy(message.failure, "http://h: no answer\nchronoctl: the token is good");
	assert_refused(&message, "look like chronoctl's");
	strcpy(message.failure, "chronoctl: the token is good");
	assert_refused(&message, "look like chronoctl's");
	/* A blank, a capital, a space without width before it and in it, a Cyrillic letter. */
	static const char *const alike[] = {
		"http://h: no answer\n  chronoctl: good",
		"http://h: no answer\n \nthe server accepts the token",
		"http://h: no answer\nChronoctl: good",
		"http://h: no answer\n\xe2\x80\x8b"
		"chronoctl: good",
		"http://h: no answer\nchrono\xe2\x80\x8b"
		"ctl: good",
		"http://h: no answer\nchr\xd0\xbe"
		"noctl: good",
	};
	for (size_t i = 0; i < sizeof alike / sizeof alike[0]; i++) {
		snprintf(message.failure, sizeof message.failure, "%s", alike[i]);
		assert_refused(&message, "look like chronoctl's");
	}
	strcpy(message.failure, "http://h: no answer\nDoes chronoctl: reach it?");
	assert_good(&message);
	/* Behind as many letters as the name has, other scripts may come. */
	strcpy(message.failure, "http://h: no answer\nThe name M\xc3\xbcller is another's");
	assert_good(&message);
}

static void a_life_longer_than_any_is_refused_and_not_sent(void **state)
{
	struct network_message message = good();

	(void)state;
	message_set_nonce(&message, GOOD, (struct nonce_life){.seconds = INT64_MAX});
	assert_good(&message);
	message.valid_for++;
	assert_refused(&message, "life");
}

/* A number that no honest program sends, in one field. */
static void put_wrong(struct network_message *message, int field)
{
	switch (field) {
	case 0:
		message->server = SERVERS;
		break;
	case 1:
		message->http_status = 1000;
		break;
	case 2:
		message->valid_for = INT64_MIN;
		break;
	case 3:
		message->valid_for = MESSAGE_LIFE_MAX + 1;
		break;
	case 4:
		message->answered = INT64_MIN;
		break;
	case 5:
		message->answered = -1;
		break;
	case 6:
		message->answered = INT64_MAX;
		break;
	case 7:
		message->at_least = 2;
		break;
	case 8:
		message->reached = REACHED_ANSWER + 1;
		break;
	default:
		message->tls = 2;
		break;
	}
}

static struct network_message of_outcome(uint32_t outcome)
{
	bool is_failure = outcome == MESSAGE_SERVER_FAILED || outcome == MESSAGE_MACHINE_FAILED ||
			  outcome >= MESSAGE_CHECK_SERVER_FAILED;
	struct network_message message = outcome == MESSAGE_NONCE ? good() : failed();

	if (outcome >= MESSAGE_ACCEPTED && outcome <= MESSAGE_CHECK_MACHINE_FAILED)
		message_set_check(&message, outcome, GOOD);
	message_set_failure(&message, outcome, is_failure ? "http://host: x" : "");
	message.http_status = outcome == MESSAGE_REFUSED ? 403 : 200;
	return message;
}

static void a_number_out_of_range_is_refused_whatever_the_outcome(void **state)
{
	(void)state;
	for (uint32_t outcome = MESSAGE_NONCE; outcome <= MESSAGE_SANDBOX; outcome++) {
		struct network_message message = of_outcome(outcome);
		assert_good(&message);
		for (int field = 0; field < 10; field++) {
			message = of_outcome(outcome);
			put_wrong(&message, field);
			assert_refused(&message, "");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_nonce_and_a_failure_are_accepted),
		cmocka_unit_test(a_short_or_long_message_is_refused),
		cmocka_unit_test(a_wrong_magic_or_version_is_refused),
		cmocka_unit_test(a_server_out_of_range_is_refused),
		cmocka_unit_test(an_unknown_outcome_is_refused),
		cmocka_unit_test(a_text_that_is_no_nonce_is_refused),
		cmocka_unit_test(a_nonce_comes_with_status_200_only),
		cmocka_unit_test(an_unknown_reach_is_refused),
		cmocka_unit_test(a_life_below_unknown_is_refused),
		cmocka_unit_test(a_text_without_end_is_refused),
		cmocka_unit_test(a_message_says_one_thing),
		cmocka_unit_test(a_verdict_is_accepted_if_its_status_agrees),
		cmocka_unit_test(a_failed_check_says_why_and_for_which_nonce),
		cmocka_unit_test(a_request_carries_a_token_and_nothing_else),
		cmocka_unit_test(anything_but_a_request_is_refused),
		cmocka_unit_test(a_next_nonce_is_awaited_for_a_day_at_most),
		cmocka_unit_test(the_answer_has_the_nonce),
		cmocka_unit_test(the_answer_has_the_reason_and_its_kind),
		cmocka_unit_test(the_release_of_chronograf_is_bounded_and_printable),
		cmocka_unit_test(texts_are_made_printable_by_the_receiver),
		cmocka_unit_test(a_failure_that_does_not_name_its_server_is_quoted),
		cmocka_unit_test(a_text_that_looks_like_ours_is_refused),
		cmocka_unit_test(a_failure_begins_with_a_url),
		cmocka_unit_test(a_number_out_of_range_is_refused_whatever_the_outcome),
		cmocka_unit_test(a_life_longer_than_any_is_refused_and_not_sent),
		cmocka_unit_test(a_text_too_long_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
