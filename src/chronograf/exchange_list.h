/*
 * The exchanges with a list of servers: what is due next for each, and whether two of them have
 * given out one nonce. A token names no server, so a server that relays another's nonce gets a
 * token for that server: no token of a list is tried or used until all its servers have been heard.
 */
#ifndef CHRONOGRAF_EXCHANGE_LIST_H
#define CHRONOGRAF_EXCHANGE_LIST_H

#include "chronograf/exchange.h"
#include "chronograf/given_nonces.h"

#include <stddef.h>

struct exchange_list {
	struct exchange_rules rules;
	struct exchange *exchanges;
	struct given_nonces given;
	size_t count;
	size_t unheard; /* have not answered for the first time */
	size_t open;    /* are not over */
	size_t to_sign;
	size_t to_try;
	size_t to_come; /* next nonces are awaited */
	size_t next;    /* where the search for due work starts */
};

/* `now`: not later than the start of the network program. False if memory is out. */
bool exchange_list_begin(struct exchange_list *list, size_t count, struct exchange_rules rules,
			 int64_t now);
void exchange_list_end(struct exchange_list *list);

/*
 * Takes what happened to one server, as exchange_take does; the list sets of_other. If another
 * entry with the same nonce is found now, `*twin` is set to it, and DUE_SHARED holds for it as
 * well; else to `server`. A watched entry that has moved on from that nonce keeps its token.
 */
enum exchange_due exchange_list_take(struct exchange_list *list, size_t server,
				     const struct exchange_news *news, size_t *twin);

/* The same for all servers: EVENT_KEY_OPENED, EVENT_RESTARTED. */
void exchange_list_take_all(struct exchange_list *list, const struct exchange_news *news);

/*
 * Sets *server to the next one for which a signature or a trial is due, and returns which; or
 * DUE_NOTHING, and in *when the time at which something will be due; INT64_MAX: none. Trials only if
 * `may_try`: a signature does not wait behind one that cannot be sent.
 */
enum exchange_due exchange_list_next(struct exchange_list *list, int64_t now, bool may_try,
				     size_t *server, int64_t *when);

/* True if tokens may be tried and used: there is one server, or all have answered. */
bool exchange_list_is_heard(const struct exchange_list *list);

/* The other entry that has given out this one's nonce. */
size_t exchange_list_twin(const struct exchange_list *list, size_t server);

#endif
