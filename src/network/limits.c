/* Counts the time and the messages of the network program. */
#include "network/limits.h"

#include "base/clock.h"
#include "network/job.h"

/* Added to the time-out of transfers for busy machines. */
#define MARGIN_SECONDS 10

/* One for each server and, after the key was slow, what lies in the socket and behind it. */
static int64_t most_messages(const struct limits *limits)
{
	return 300 + (int64_t)limits->server_count;
}

void limits_init(struct limits *limits, unsigned timeout_seconds, unsigned poll_seconds,
		 size_t server_count, int64_t now)
{
	*limits = (struct limits){.timeout_seconds = timeout_seconds,
				  .poll_seconds = poll_seconds,
				  .server_count = server_count,
				  .allowed_at = now};
	limits->allowed = most_messages(limits);
}

/* Of servers that are asked at once. */
static unsigned groups(const struct limits *limits)
{
	return (unsigned)((limits->server_count + JOB_CONCURRENT - 1) / JOB_CONCURRENT);
}

void limits_begin(struct limits *limits)
{
	limits->started_at = milliseconds();
	limits->wait_seconds = 0;
	limits->rounds = 1;
	limits->waited = 0;
}

unsigned limits_start_seconds(const struct limits *limits)
{
	return limits->timeout_seconds + MARGIN_SECONDS;
}

int64_t limits_start_end(const struct limits *limits)
{
	return limits->started_at + (int64_t)limits_start_seconds(limits) * 1000;
}

/* Where there is not a slot for each, watched servers' looks, of which nothing is said, may take them all first. */
int64_t limits_silence_seconds(const struct limits *limits)
{
	int64_t seconds = (int64_t)limits->timeout_seconds + limits->poll_seconds +
			  limits->wait_seconds + MARGIN_SECONDS;

	if (limits->poll_seconds > 0 && limits->server_count > JOB_CONCURRENT)
		seconds += (int64_t)groups(limits) * limits->timeout_seconds;
	return seconds;
}

/* Once for what is due, and once for machines that are slow to begin it. Each server has a question and a trial under way at
 * most. If there is not a slot for each, those of all others may come before, and another trial of each, as requests have
 * precedence. */
int64_t limits_server_seconds(const struct limits *limits)
{
	int64_t turns = 2;

	if (2 * limits->server_count > JOB_CONCURRENT)
		turns += 3 * (int64_t)groups(limits);
	return turns * limits->timeout_seconds + MARGIN_SECONDS;
}

/* Each question is answered within the time-out, a server's one after the other. If not all servers are asked
 * at once, a slot is free before all work is done. */
int64_t limits_total_seconds(const struct limits *limits)
{
	int64_t turns = 1;

	if (limits->server_count > JOB_CONCURRENT)
		turns += groups(limits);
	return turns * ((int64_t)limits->rounds * limits->timeout_seconds + MARGIN_SECONDS) +
	       limits->wait_seconds;
}

void limits_note_questions(struct limits *limits, unsigned count)
{
	if (count > limits->rounds)
		limits->rounds = count;
}

void limits_note_wait(struct limits *limits, uint32_t wait_ms)
{
	if (wait_ms / 1000 >= limits->wait_seconds)
		limits->wait_seconds = wait_ms / 1000 + 1;
}

/* For each server, in a second. A watched server that answers and fails by turns can make an honest program say nearly eight
 * (unit.limits). */
#define MESSAGES_A_SECOND 12

bool limits_take_message(struct limits *limits, int64_t now)
{
	int64_t rate = MESSAGES_A_SECOND * (int64_t)limits->server_count;
	int64_t more = rate * (now - limits->allowed_at) / 1000;

	if (more > 0) {
		/* The rest of a message's time counts for the next one. */
		limits->allowed_at += more * 1000 / rate;
		limits->allowed += more;
	}
	if (limits->allowed > most_messages(limits))
		limits->allowed = most_messages(limits);
	return limits->allowed-- > 0;
}
