/* A zone is a setting of TZ: the C library does the rest (tzset(3)). */
#include "zone.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZONE_MAX 40

/* POSIX counts west of Greenwich as positive, XBD 8.3. */
static const struct {
	const char *abbreviation, *offset;
} zones[] = {
	{"GMT", "0"},  {"CET", "-1"}, {"CEST", "-2"}, {"IST", "-5:30"},
	{"JST", "-9"}, {"EST", "5"},  {"CST", "6"},   {"PST", "8"},
};

static const char *offset_of(const char *abbreviation)
{
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (strcmp(abbreviation, zones[i].abbreviation) == 0)
			return zones[i].offset;
	return "0";
}

/* What TZ may have between < and >. */
static bool is_abbreviation(const char *zone)
{
	size_t length = 0;

	while (isalnum((unsigned char)zone[length]) || zone[length] == '+' || zone[length] == '-')
		length++;
	return length >= 3 && zone[length] == '\0';
}

static bool is_in_database(const char *name)
{
	char path[sizeof("/usr/share/zoneinfo/") + ZONE_MAX];

	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	return strchr(name, '/') != NULL && strstr(name, "..") == NULL && access(path, R_OK) == 0;
}

bool zone_choose(const char *zone)
{
	char tz[ZONE_MAX + 16];

	if (strlen(zone) > ZONE_MAX)
		return false;
	if (is_abbreviation(zone))
		snprintf(tz, sizeof(tz), "<%s>%s", zone, offset_of(zone));
	else if (is_in_database(zone))
		snprintf(tz, sizeof(tz), "%s", zone);
	else
		return false;
	setenv("TZ", tz, 1);
	tzset();
	return true;
}

void zone_format_expires(time_t time, char expires[EXPIRES_MAX])
{
	struct tm fields;

	localtime_r(&time, &fields);
	strftime(expires, EXPIRES_MAX, "%a, %d %b %Y %H:%M:%S %Z", &fields);
}
