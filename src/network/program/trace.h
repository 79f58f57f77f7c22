/* The line about an exchange for --verbose: where it went, who answered, and where its time went. */
#ifndef NETWORK_PROGRAM_TRACE_H
#define NETWORK_PROGRAM_TRACE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace {
	CURL *easy; /* as the last hop has left it */
	CURLU *url; /* of the last hop */
	unsigned status;
	size_t body_length;
	unsigned redirects;
	bool by_proxy;
	int64_t milliseconds;    /* that the whole exchange took */
	const char *confinement; /* what confines this process; NULL: not said this time */
};

/* Printable, with nothing secret of the URL. NULL if memory is out. The caller frees it. */
char *trace_line(const struct trace *trace);

#endif
