/* What to tell of a check. */
#ifndef CLI_REFUSAL_H
#define CLI_REFUSAL_H

#include "network/network.h"
#include <chronosign/error.h>
#include <stdbool.h>

/*
 * Sets *error to the refusal of the token by the server at this URL, with the likely reasons:
 * others if the server has named another nonce with each question. Always returns false.
 */
bool refusal_set(chronosign_error **error, const char *url, bool nonce_changes);

/* Warns of a server that lets everyone in. */
void warn_of_everyone(const char *url);

#endif
