/* How often --watch tells of one thing, so that nobody fills its log. */
#ifndef CLI_TOKEN_TOLD_H
#define CLI_TOKEN_TOLD_H

#include <stdbool.h>
#include <stdint.h>

/* Of one server, or of the file; zero at first. */
struct told {
	unsigned times; /* of late: each minute takes one away */
	int64_t since;
};

/* True ten times, and then once a minute (`now`: milliseconds()): it is to be told. */
bool told_is_due(struct told *told, int64_t now);

#endif
