/* The modes: wrong answers to a request for the nonce, or to the check. */
#ifndef STANDIN_MODES_H
#define STANDIN_MODES_H

#include "bodies.h"
#include "delivery.h"

#include <stdbool.h>

#define GOOD_MODE "ok"

/* A member that is 0: as Chronograf does it. */
struct mode {
	const char *name;
	const char *what;

	unsigned status;
	const char *body; /* instead of the nonce; for raw modes: the bytes that are sent */
	spoil_function *spoil;
	const char *type;     /* Content-Type */
	const char *encoding; /* Content-Encoding */
	const char *expires;  /* the header's text; "" leaves it out */
	const char *location; /* Location; a path is one below the server's base path */
	bool elsewhere;       /* the location is on this server's other host name */
	enum delivery delivery;
	const char *again;   /* raw modes: sent after the body for ever */
	size_t again_length; /* 0: up to its NUL */

	bool replaced_once;    /* the nonce is replaced once, as soon as it has been handed out */
	bool check_unnamed;    /* without Chronograf's headers */
	unsigned check_status; /* the answer to /chronograf/v1/..., whoever asks */
};

/* NULL: there is no such mode. */
const struct mode *mode_find(const char *name);

/* Prints the name and explanation of each, one per line. */
void modes_list(void);

#endif
