/* The table of states: for exchange.c alone. */
#ifndef CHRONOGRAF_EXCHANGE_TABLE_H
#define CHRONOGRAF_EXCHANGE_TABLE_H

#include "chronograf/exchange.h"

enum {
	WATCHED = 1, /* of watched servers only */
	DROP = 2,    /* the token is dropped */
};

struct transition {
	enum exchange_state next;
	enum exchange_due due;
	unsigned how;
};

/* Those that are zero are of events that are not due: misbehaviour. */
extern const struct transition exchange_table[EXCHANGE_STATES][EXCHANGE_EVENTS];

#endif
