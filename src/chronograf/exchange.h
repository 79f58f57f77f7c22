/*
 * The states of one exchange with a server: nonce, signature and, where tokens are tried, a trial;
 * after a refusal the same once more. Decides what is due, and refuses everything else. Does no
 * I/O, no signing, and has no clock.
 */
#ifndef CHRONOGRAF_EXCHANGE_H
#define CHRONOGRAF_EXCHANGE_H

#include "base/uuid.h"
#include "chronograf/check.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	/* Date and Expires are whole seconds: a nonce can live one second longer than they say. */
	EXCHANGE_GRACE_MS = 1000,
	/* Where the server does not say how long: Chronograf's --nonce-expiration by default. */
	EXCHANGE_UNKNOWN_LIFE_MS = 600000,
	/* A watched server gets one signature, and one trial, per this interval on average; one may be
	 * earlier by the slack, because messages do not arrive as evenly as they were sent. */
	EXCHANGE_PACE_MS = 1000,
	EXCHANGE_SLACK_MS = 500,
	/*
	 * The network program sends a watched server's nonce at most once a second (0.9 s, since
	 * its questions are randomised), once when it starts, and once after each refusal. Messages
	 * may queue in the socket, so the number since the start is what counts: more than one per
	 * this interval, plus so many spare ones, is misbehaviour.
	 */
	EXCHANGE_NONCE_EVERY_MS = 500,
	EXCHANGE_NONCES_TO_SPARE = 2,
};

/* A hundred years, in seconds: the limit for any lifetime that a server reports. */
#define EXCHANGE_LONGEST_LIFE INT64_C(3155760000)

/* Settings for all exchanges of a run. */
struct exchange_rules {
	bool check; /* each token is tried on its server */
	bool watch; /* each new nonce is signed; else an exchange ends */
	/* A nonce that may live no longer is not signed before the next has been waited for, once; in
	 * seconds, 0 if `watch`. */
	unsigned min_life;
};

enum exchange_state {
	EXCHANGE_ASKED,   /* for a nonce; none is at hand */
	EXCHANGE_TO_SIGN, /* a nonce is at hand */
	EXCHANGE_TO_TRY,  /* a token is at hand */
	EXCHANGE_ON_TRIAL,
	EXCHANGE_OUTDATED, /* the token on trial is of an earlier nonce or key */
	/* The nonce's time is over. Its token is kept, unfit, in case the server gives it more. */
	EXCHANGE_EXPIRED,
	EXCHANGE_EXPIRED_UNTRIED, /* the same, and the token has yet to be tried */
	EXCHANGE_EXPIRED_ON_TRIAL,
	EXCHANGE_ASKED_AGAIN,     /* for another nonce, after a refusal */
	EXCHANGE_ASKED_NEXT,      /* for the nonce after the one at hand, which ends too soon */
	EXCHANGE_GOOD,            /* the token is good, or untried where none is tried */
	EXCHANGE_UNCLEAR,         /* the trial has failed */
	EXCHANGE_FAILED,          /* there is no nonce, or no signature */
	EXCHANGE_REFUSED,         /* the server refuses the token */
	EXCHANGE_SHARED,          /* another entry of the list has given out the same nonce */
	EXCHANGE_SHARED_ON_TRIAL, /* the same, while the trial is not over */
	EXCHANGE_SHARED_ASKED,    /* the same, and the server was asked again */
	EXCHANGE_STATES
};

enum exchange_event {
	/* From the network program. */
	EVENT_NONCE,
	EVENT_NO_NONCE,
	EVENT_ACCEPTED,
	EVENT_NOT_ACCEPTED,
	EVENT_EVERYONE, /* the server lets everyone in */
	EVENT_NO_VERDICT,
	/* Of our own. */
	EVENT_SIGNED,
	EVENT_NOT_SIGNED, /* and will not be */
	EVENT_KEY_LOST,   /* not signed yet; it will be tried again */
	EVENT_KEY_OPENED, /* anew: it may be another key */
	EVENT_TRIED,      /* the token has been sent to be tried */
	EVENT_TIME_OVER,  /* of the nonce */
	EVENT_RESTARTED,  /* the network program: it asks all servers, and tries nothing */
	EVENT_NOT_ALONE,  /* the nonce at hand has come from another entry, too */
	EVENT_ALONE,      /* that is over: both have given out other nonces */
	/* What exchange_take makes of those above. */
	EVENT_SAME_NONCE,     /* the one at hand once more */
	EVENT_ENDED_NONCE,    /* the same after its time was over, and it is over still */
	EVENT_BRIEF_NONCE,    /* another one, whose next is to be waited for */
	EVENT_NONCE_OF_OTHER, /* a nonce that another entry has given out */
	EVENT_REFUSED_NONCE,  /* the one whose token was refused, after a brief one */
	EVENT_SIGNED_FIT,     /* a token that needs no trial */
	EVENT_REFUSED_AGAIN,  /* not accepted, as the one before */
	EVENT_LATE_VERDICT,   /* on a token that is no longer at hand; a refusal after its time */
	EVENT_OTHER_VERDICT,  /* on a token that was never on trial */
	EXCHANGE_EVENTS
};

/* What is due next. */
enum exchange_due {
	DUE_MISBEHAVIOUR, /* an honest network program cannot send this: end the command */
	DUE_NOTHING,
	DUE_SIGNATURE, /* of the nonce at hand; when it may be made: exchange_sign_from */
	DUE_TRIAL,     /* send the token to be tried */
	DUE_QUESTION,  /* ask for another nonce */
	DUE_NEXT,      /* ask until the nonce is another one, for exchange_wait at most */
	/* The exchange is over; for a watched server, until the next event. */
	DUE_GOOD,
	DUE_FAILED,
	DUE_REFUSED,
	DUE_SHARED,
	DUE_LATE, /* a verdict came, but no more than that: its nonce had ended or was replaced */
};

/* The state kept for a server: small, as there may be tens of thousands. Times are in
 * milliseconds. */
struct exchange {
	char *token;          /* for the nonce at hand, fit or not; NULL: none */
	int64_t lives_until;  /* at least: the nonce, if its life is known */
	int64_t valid_until;  /* of the nonce, at most */
	int64_t sign_from;    /* no signature before */
	int64_t nonce_from;   /* no other nonce before */
	int64_t try_from;     /* no trial before */
	uint32_t twin;        /* the list's (exchange_list.c) */
	uint32_t tried;       /* the first eight digits of the nonce whose token was tried last */
	uint8_t state;        /* enum exchange_state */
	uint8_t refusals : 2; /* in a row; 2: or more */
	uint8_t verdict : 2;  /* enum verdict */
	bool life_known : 1;
	bool at_least : 1;           /* it is a lower bound */
	bool brief : 1;              /* the nonce at hand may end before the rules' min_life */
	bool waited : 1;             /* for a next nonce */
	bool heard : 1;              /* an answer has come */
	bool unnamed : 1;            /* what refused the token last did not name Chronograf */
	bool end_untold : 1;         /* it hands out nonces after their ends */
	bool moved_on : 1;           /* SHARED…: to a nonce of its own */
	char nonce[UUID_LENGTH + 1]; /* at hand; empty: none */
};

struct exchange_news {
	enum exchange_event event;
	const char *nonce; /* NONCE, and verdicts: that of the token tried */
	int64_t valid_for; /* NONCE: seconds; less than 0: unknown */
	bool at_least;     /* NONCE: that is a lower bound */
	int64_t age;       /* NONCE: milliseconds since it was answered */
	char *token;       /* SIGNED: the exchange always takes ownership */
	bool unnamed;      /* NOT_ACCEPTED: the answer does not name Chronograf */
	bool of_other;     /* NONCE: another entry of the list has given it out, too */
	int64_t now;
};

/* `now`: not later than the start of the network program. */
void exchange_begin(struct exchange *exchange, int64_t now);
void exchange_end(struct exchange *exchange);

/* Handles an event, and returns what is due now. After DUE_MISBEHAVIOUR nothing has changed. */
enum exchange_due exchange_take(struct exchange *exchange, const struct exchange_rules *rules,
				const struct exchange_news *news);

/* True if the exchange is over, unless the server is watched. */
bool exchange_is_over(const struct exchange *exchange);

/* True if a verdict is due. */
bool exchange_is_on_trial(const struct exchange *exchange);

/* The token that may be used; NULL: there is none. Borrowed. */
const char *exchange_token(const struct exchange *exchange);

/* DUE_NEXT: how long the nonce at hand may live, and so be waited for; in milliseconds. */
int64_t exchange_wait(const struct exchange *exchange, int64_t now);

/* Seconds for which the current nonce is at least valid; -1: unknown. */
int64_t exchange_seconds_left(const struct exchange *exchange, int64_t now);

/* The event, and what was due, in words: "a nonce", "a verdict on its token". */
const char *exchange_event_name(enum exchange_event event);
const char *exchange_due_name(const struct exchange *exchange);

#endif
