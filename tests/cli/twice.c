/* twice NAME PROGRAM ARGUMENT…: runs the program with the variable twice in its environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

int main(int count, char **arguments)
{
	size_t variables = 0;
	char entry[4096];
	const char *value = count < 3 ? NULL : getenv(arguments[1]);

	while (environ[variables] != NULL)
		variables++;
	char **twice = calloc(variables + 2, sizeof *twice);
	if (twice == NULL || value == NULL)
		return 125;
	snprintf(entry, sizeof entry, "%s=%s", arguments[1], value);
	memcpy(twice, environ, variables * sizeof *twice);
	twice[variables] = entry;
	execve(arguments[2], arguments + 2, twice);
	return 125;
}
