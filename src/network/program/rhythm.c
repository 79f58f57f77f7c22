/*
 * Keeps spans of time that are certain to hold a replacement: from the last question that brought
 * the old nonce to the first answer with the new one. Two of them give the period, and so the next
 * window; until then Expires - Date gives it to a second.
 */
#include "network/program/rhythm.h"

#include <string.h>

/*
 * How far clocks and tickers may be off: this many milliseconds, and this fraction of the period.
 */
#define MARGIN_MS 5
#define DRIFT_PART 20000

static const struct rhythm_span unknown = {.first = 0, .last = -1};

static bool is_known(struct rhythm_span span)
{
	return span.first <= span.last;
}

static int64_t width(struct rhythm_span span)
{
	return span.last - span.first;
}

static struct rhythm_span common(struct rhythm_span one, struct rhythm_span other)
{
	return (struct rhythm_span){
		.first = one.first > other.first ? one.first : other.first,
		.last = one.last < other.last ? one.last : other.last,
	};
}

/* The part of `one` that is in `other`, too; if there is none, `one`. */
static struct rhythm_span narrowed(struct rhythm_span one, struct rhythm_span other)
{
	struct rhythm_span both = common(one, other);

	if (!is_known(one))
		return other;
	return is_known(other) && is_known(both) ? both : one;
}

void rhythm_init(struct rhythm *rhythm)
{
	*rhythm = (struct rhythm){.anchor = unknown, .period = unknown, .next = unknown};
}

/* Expires and Date are cut to whole seconds, so their difference is right to a second. */
static struct rhythm_span told_end(const struct rhythm_answer *answer)
{
	int64_t life = answer->valid_for;

	if (life < 0 || life > INT32_MAX)
		return unknown;
	return (struct rhythm_span){
		.first = answer->asked + (life - 1) * 1000,
		.last = answer->now + (life + 1) * 1000,
	};
}

/* The window has passed without a replacement. */
static void forget(struct rhythm *rhythm)
{
	rhythm->anchor = unknown;
	rhythm->period = unknown;
	rhythm->next = unknown;
}

/* A replacement outside the window: the server was restarted. */
static void start_anew(struct rhythm *rhythm, struct rhythm_span replaced)
{
	rhythm->anchor = replaced;
	rhythm->periods = 0;
	rhythm->period = unknown;
}

static void learn(struct rhythm *rhythm, struct rhythm_span replaced)
{
	int64_t count = ++rhythm->periods;
	struct rhythm_span period = {
		.first = (replaced.first - rhythm->anchor.last) / count,
		.last = (replaced.last - rhythm->anchor.first + count - 1) / count,
	};

	rhythm->period = narrowed(period, rhythm->period);
	if (2 * width(replaced) < width(rhythm->anchor)) {
		rhythm->anchor = replaced;
		rhythm->periods = 0;
	}
}

/* The window of the replacement after the one that came in this span. */
static struct rhythm_span expected_after(const struct rhythm *rhythm, struct rhythm_span replaced)
{
	struct rhythm_span period = rhythm->period;
	struct rhythm_span anchor = rhythm->anchor;
	int64_t count = rhythm->periods + 1;
	int64_t margin = MARGIN_MS + period.last / DRIFT_PART;

	if (!is_known(period))
		return unknown;
	struct rhythm_span near = {replaced.first + period.first, replaced.last + period.last};
	struct rhythm_span far = {anchor.first + count * period.first,
				  anchor.last + count * period.last};
	struct rhythm_span next = narrowed(near, far);
	return (struct rhythm_span){next.first - margin, next.last + margin};
}

static void take_replacement(struct rhythm *rhythm, const struct rhythm_answer *answer)
{
	struct rhythm_span replaced = {.first = rhythm->seen, .last = answer->now};
	bool expected = is_known(rhythm->anchor) &&
			(!is_known(rhythm->next) || is_known(common(replaced, rhythm->next)));

	if (expected)
		learn(rhythm, replaced);
	else
		start_anew(rhythm, replaced);
	rhythm->next = expected_after(rhythm, replaced);
}

bool rhythm_take(struct rhythm *rhythm, const struct rhythm_answer *answer)
{
	bool replaced = !rhythm->asked || memcmp(rhythm->nonce, answer->nonce, UUID_LENGTH) != 0;

	if (replaced && rhythm->asked)
		take_replacement(rhythm, answer);
	if (replaced)
		rhythm->looks = 0;
	else if (answer->look)
		rhythm->looks++;
	if (!replaced && is_known(rhythm->next) && answer->asked >= rhythm->next.last)
		forget(rhythm);
	/* The server sets Expires an instant before it replaces the nonce: an answer that
	 * contradicts the window changes nothing. */
	rhythm->next = narrowed(rhythm->next, told_end(answer));
	rhythm->seen = answer->asked;
	rhythm->asked = true;
	memcpy(rhythm->nonce, answer->nonce, UUID_LENGTH);
	return replaced;
}

bool rhythm_is_learned(const struct rhythm *rhythm)
{
	return is_known(rhythm->period) && is_known(rhythm->next);
}

int64_t rhythm_look(const struct rhythm *rhythm, int64_t asked)
{
	int64_t soonest = asked + RHYTHM_LOOK_MS;
	int64_t pause = (width(rhythm->next) + RHYTHM_LOOKS_MAX - 2) / (RHYTHM_LOOKS_MAX - 1);

	if (!is_known(rhythm->next) || rhythm->looks >= RHYTHM_LOOKS_MAX ||
	    asked >= rhythm->next.last)
		return INT64_MAX;
	if (asked < rhythm->next.first)
		return rhythm->next.first > soonest ? rhythm->next.first : soonest;
	return pause > RHYTHM_LOOK_MS ? asked + pause : soonest;
}
