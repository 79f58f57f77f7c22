/* Executes the commands of InfluxData's chronoctl, which this program replaces. */
#include "cli/handover.h"

#include "cli/command.h"
#include "cli/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *influxdata_program(void)
{
	const char *path = getenv("CHRONOCTL_INFLUXDATA");

	return path != NULL && *path != '\0' ? path : CHRONOCTL_INFLUXDATA_PATH;
}

/* Why it must not be run; NULL: it may. This program, under any name, would run itself for ever. */
static const char *objection(const char *program)
{
	struct stat other;
	struct stat own;

	if (stat(program, &other) != 0)
		return strerror(errno);
	if (stat("/proc/self/exe", &own) != 0)
		return "cannot be told from this program without /proc";
	return other.st_dev == own.st_dev && other.st_ino == own.st_ino ? "is this program" : NULL;
}

int handover_run(char **arguments)
{
	const char *program = influxdata_program();
	const char *why_not = objection(program);

	unsetenv("CHRONOCTL_PIN");
	if (why_not == NULL) {
		execv(program, arguments);
		why_not = strerror(errno);
	}
	report_error("'%s' needs InfluxData's own chronoctl, from its package chronograf (%s: %s; "
		     "CHRONOCTL_INFLUXDATA gives another path); it works on the database file of a "
		     "stopped server",
		     arguments[1], program, why_not);
	return EXIT_OTHER;
}
