/* The network program of --watch: restarted when it has died or when that is asked for, with longer
 * pauses if it keeps failing. */
#ifndef CLI_TOKEN_WATCHED_NETWORK_H
#define CLI_TOKEN_WATCHED_NETWORK_H

#include "network/network.h"

/*
 * Times are those of milliseconds() (base/clock.h); those named `heard`, `look` and of servers are of a clock of their own,
 * which runs while this process waits for the program. While it signs, asks for a PIN or is stopped, the program may
 * be unable to speak: of such a time a second counts, and only if then nothing is left that it had to say.
 */
struct watched_network {
	struct network *network;
	unsigned failures;  /* in a row */
	unsigned renewals;  /* for replaced files; each minute without one takes one away */
	bool told;          /* of the first of them */
	bool misbehaved;    /* found when it had ended: it may not be restarted */
	int64_t started_at; /* the last time */
	int64_t restart_at; /* INT64_MAX: it runs as it should */
	int64_t proof;      /* after running for so long it has recovered from its failures */
	bool down;          /* it does not run */
	int64_t waited;     /* this is that clock */
	int64_t heard;      /* its last message */
	int64_t look;       /* when it may have been silent for too long, about one server or all */
};

void watched_network_begin(struct watched_network *watched, struct network *network, int64_t now);

/* It died or did not start. The reason is reported once for failures in a row. */
void watched_network_lose(struct watched_network *watched, int64_t now,
			  const struct chronosign_error *reason);

/* Requests a restart, although nothing is wrong with it. */
void watched_network_renew(struct watched_network *watched, int64_t now);

/* The same because it says that files were replaced: with longer pauses if it keeps saying so. */
void watched_network_files_replaced(struct watched_network *watched, int64_t now);

bool watched_network_is_due(const struct watched_network *watched, int64_t now);

/* Restarts it. True if that has worked so far: all servers are asked again. */
bool watched_network_restart(struct watched_network *watched, int64_t now);

/* Notes that a message has come. */
void watched_network_answered(struct watched_network *watched, int64_t now);

/* Notes that it was waited for, for so many milliseconds of `asked_for`. */
void watched_network_waited(struct watched_network *watched, int64_t milliseconds,
			    int64_t asked_for);

/* Notes that this process was busy for so many milliseconds, and has read all that the program said since. */
void watched_network_was_free(struct watched_network *watched, int64_t milliseconds);

/* In milliseconds, until watched_network_check has to be called; INT64_MAX: not before something else has come. */
int64_t watched_network_time_to_look(const struct watched_network *watched);

/* Gives up on it if it has been silent for too long. Call this when none of its messages is waiting
 * to be read. True if it has not, but may have been about a server. */
bool watched_network_check(struct watched_network *watched, int64_t now);

/* Gives up on it because of that. */
void watched_network_give_up(struct watched_network *watched, int64_t now,
			     const struct chronosign_error *reason);

/* When it has to be looked at again, because something is due from it then. */
void watched_network_expect(struct watched_network *watched, int64_t due);

#endif
