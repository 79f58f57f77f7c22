/* Messages about tokens that servers refuse, and about the network program's misbehaviour. */
#ifndef CLI_REFUSAL_H
#define CLI_REFUSAL_H

#include "chronograf/exchange.h"

#include <chronosign/error.h>
#include <stdbool.h>

/*
 * Sets *error to the refusal of the token by the server at this URL, with the likely reasons:
 * they depend on how the exchange went. Always returns false.
 */
bool refusal_set(struct chronosign_error **error, const char *url, const struct exchange *exchange);

/* Sets *error for two entries of a list that give out the same nonce. Always returns false. */
bool shared_nonce_set(struct chronosign_error **error, const char *url, const char *other_url);

/* Sets *error for a watched server whose verdicts come too late. Always returns false. */
bool late_set(struct chronosign_error **error, const char *url);

/* Sets *error to a message from the network program that was not due. Always returns false. */
bool misbehaviour_set(struct chronosign_error **error, const char *url,
		      const struct exchange *exchange, enum exchange_event event);

/* Warns of a server that lets everyone in. */
void warn_of_everyone(const char *url);

#endif
