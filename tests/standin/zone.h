/* Time zones by their name in the zone database or by an abbreviation, and the Expires header in
 * one of them. */
#ifndef STANDIN_ZONE_H
#define STANDIN_ZONE_H

#include <stdbool.h>
#include <time.h>

#define EXPIRES_MAX 64

/*
 * Chooses the zone of the whole process; call before there are threads. An abbreviation that is
 * not in the table is a label on UTC. False: it is neither an abbreviation of three characters or
 * more nor a name with a slash (Asia/Kolkata) that the zone database has.
 */
bool zone_choose(const char *zone);

/* Writes the Expires header as Chronograf does: RFC 1123 form, in local time, with the zone's
 * abbreviation in place of GMT. */
void zone_format_expires(time_t time, char expires[EXPIRES_MAX]);

#endif
