/* The log of requests: one line each, `METHOD PATH VERSION STATUS SCHEME`, with `-` for what was
 * missing. */
#ifndef STANDIN_REQUEST_LOG_H
#define STANDIN_REQUEST_LOG_H

struct logged_request {
	const char *method;
	const char *path; /* as it came, with the query */
	const char *version;
	unsigned status; /* 0: there was no status */
	const char *
		authorization; /* only the scheme is logged, `?` if there is none; NULL: there was no header */
};

/* Opens the log for appending. -1: errno says why. */
int request_log_open(const char *path);

/* Appends a line, in one piece even if several processes log. `log` may be -1: no log. */
void request_log_write(int log, const struct logged_request *request);

#endif
