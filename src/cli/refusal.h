/* Words for what servers and the network program do to a token. */
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

/* Sets *error to what is known when two entries of a list give out one nonce. Always returns false. */
bool shared_nonce_set(struct chronosign_error **error, const char *url, const char *other_url);

/* Sets *error to what came from the network program and was not due. Always returns false. */
bool misbehaviour_set(struct chronosign_error **error, const char *url,
		      const struct exchange *exchange, enum exchange_event event);

/* Warns of a server that lets everyone in. */
void warn_of_everyone(const char *url);

#endif
