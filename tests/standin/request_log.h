/* The log of requests: a line each, `METHOD PATH VERSION STATUS SCHEME`, with `-` for what there
 * was none of. */
#ifndef STANDIN_REQUEST_LOG_H
#define STANDIN_REQUEST_LOG_H

struct logged_request {
	const char *method;
	const char *path; /* as it came, with the query */
	const char *version;
	unsigned status; /* 0: it was given no status */
	const char
		*authorization; /* only the scheme is logged, `?` if it has none; NULL: none came */
};

/* Opens the log, new lines go to its end. -1: errno says why. */
int request_log_open(const char *path);

/* Appends a line, whole even when several processes log. `log` may be -1: no log. */
void request_log_write(int log, const struct logged_request *request);

#endif
