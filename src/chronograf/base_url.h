/* Properties of a server's URL that need no resolver. The network program decides whether it is
 * valid. */
#ifndef CHRONOGRAF_BASE_URL_H
#define CHRONOGRAF_BASE_URL_H

#include <stdbool.h>

/*
 * The URL with scheme and host in lower case, without the scheme's own port and without slashes at
 * its end: two URLs that are then equal are one server. A text that is not a URL is returned
 * unchanged. NULL if memory is out; the caller frees it.
 */
char *base_url_normal(const char *url);

/* True if what follows the host's colon is not a number up to 65535. */
bool base_url_has_bad_port(const char *url);

/* True if what is sent there can be read on the way: http, and not to this machine itself. */
bool base_url_is_exposed(const char *url);

#endif
