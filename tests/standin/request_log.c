/* Writes the log. Text from the network is made printable; no token is ever written. */
#include "request_log.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SCHEME_MAX 64

int request_log_open(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static void make_printable(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isprint((unsigned char)text[i]))
			text[i] = '?';
}

/* A header without a space has no scheme: it may be a bare token. */
static void copy_scheme(const char *authorization, char scheme[SCHEME_MAX])
{
	const char *end = authorization == NULL ? NULL : strchr(authorization, ' ');

	if (authorization == NULL)
		strcpy(scheme, "-");
	else if (end == NULL)
		strcpy(scheme, "?");
	else
		snprintf(scheme, SCHEME_MAX, "%.*s", (int)(end - authorization), authorization);
}

void request_log_write(int log, const struct logged_request *request)
{
	char status[16] = "-", scheme[SCHEME_MAX], line[2048];
	int length;

	if (log < 0)
		return;
	if (request->status != 0)
		snprintf(status, sizeof(status), "%u", request->status);
	copy_scheme(request->authorization, scheme);
	length = snprintf(line, sizeof(line), "%.31s %.1500s %.31s %s %s", request->method,
			  request->path, request->version, status, scheme);
	make_printable(line, (size_t)length);
	line[length] = '\n';
	if (write(log, line, (size_t)length + 1) < 0)
		perror("standin: log");
}
