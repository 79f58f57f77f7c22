/* What can be told of a server's URL without resolving it. Whether it is a good one is the network
 * program's to say. */
#ifndef CHRONOGRAF_BASE_URL_H
#define CHRONOGRAF_BASE_URL_H

#include <stdbool.h>

/*
 * The URL with scheme and host in lower case, without the scheme's own port and without slashes at
 * its end: two that are equal then are one server. What is no URL stays as it is. NULL if memory is
 * out; the caller frees it.
 */
char *base_url_normal(const char *url);

/* True if what is sent there can be read on the way: http, and not to this machine itself. */
bool base_url_is_exposed(const char *url);

#endif
