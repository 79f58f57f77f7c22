/*
 * A list of sleeping connections, the next one to wake at its head, and the thread that wakes them.
 */
#include "later.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

struct sleeper {
	TAILQ_ENTRY(sleeper) link;
	struct MHD_Connection *connection;
	uint64_t due; /* milliseconds of the monotonic clock */
};

struct later {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	TAILQ_HEAD(sleepers, sleeper) sleepers;
	bool over;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void wait_until(struct later *later, uint64_t due)
{
	struct timespec time = {
		.tv_sec = (time_t)(due / 1000),
		.tv_nsec = (long)(due % 1000) * 1000000,
	};

	if (due == LATER_NEVER)
		pthread_cond_wait(&later->changed, &later->lock);
	else
		pthread_cond_timedwait(&later->changed, &later->lock, &time);
}

static void wake(struct later *later, struct sleeper *sleeper)
{
	TAILQ_REMOVE(&later->sleepers, sleeper, link);
	MHD_resume_connection(sleeper->connection);
	free(sleeper);
}

static void *wake_in_time(void *argument)
{
	struct later *later = argument;
	struct sleeper *first;

	pthread_mutex_lock(&later->lock);
	while (first = TAILQ_FIRST(&later->sleepers), first != NULL || !later->over) {
		if (first != NULL && (later->over || first->due <= now()))
			wake(later, first);
		else
			wait_until(later, first == NULL ? LATER_NEVER : first->due);
	}
	pthread_mutex_unlock(&later->lock);
	return NULL;
}

struct later *later_start(void)
{
	struct later *later = calloc(1, sizeof(*later));
	pthread_condattr_t monotonic;

	if (later == NULL)
		return NULL;
	TAILQ_INIT(&later->sleepers);
	pthread_mutex_init(&later->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&later->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&later->thread, NULL, wake_in_time, later) != 0) {
		later_free(later);
		return NULL;
	}
	return later;
}

/* From the tail: if all have the same delay, as usual, the place is found at once. */
static void insert(struct later *later, struct sleeper *sleeper)
{
	struct sleeper *before = TAILQ_LAST(&later->sleepers, sleepers);

	while (before != NULL && before->due > sleeper->due)
		before = TAILQ_PREV(before, sleepers, link);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&later->sleepers, sleeper, link);
	else
		TAILQ_INSERT_AFTER(&later->sleepers, before, sleeper, link);
}

bool later_resume(struct later *later, struct MHD_Connection *connection, uint64_t milliseconds)
{
	struct sleeper *sleeper = malloc(sizeof(*sleeper));
	bool asleep;

	if (sleeper == NULL)
		return false;
	sleeper->connection = connection;
	sleeper->due = milliseconds == LATER_NEVER ? LATER_NEVER : now() + milliseconds;
	pthread_mutex_lock(&later->lock);
	asleep = !later->over;
	if (asleep) {
		MHD_suspend_connection(connection);
		insert(later, sleeper);
		pthread_cond_signal(&later->changed);
	}
	pthread_mutex_unlock(&later->lock);
	if (!asleep)
		free(sleeper);
	return asleep;
}

void later_end(struct later *later)
{
	pthread_mutex_lock(&later->lock);
	later->over = true;
	pthread_cond_signal(&later->changed);
	pthread_mutex_unlock(&later->lock);
	pthread_join(later->thread, NULL);
}

void later_free(struct later *later)
{
	pthread_cond_destroy(&later->changed);
	pthread_mutex_destroy(&later->lock);
	free(later);
}
