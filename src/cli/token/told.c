#include "cli/token/told.h"

enum { TIMES_TOLD = 10, MINUTE_MS = 60000 };

bool told_is_due(struct told *told, int64_t now)
{
	int64_t minutes = (now - told->since) / MINUTE_MS;

	told->times -= minutes < told->times ? (unsigned)minutes : told->times;
	told->since = told->times == 0 ? now : told->since + MINUTE_MS * minutes;
	if (told->times >= TIMES_TOLD)
		return false;
	told->times++;
	return true;
}
