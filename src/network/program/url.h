/* URLs of servers: checks them, adds a path, follows redirects, and shows them without their
 * secrets. */
#ifndef NETWORK_PROGRAM_URL_H
#define NETWORK_PROGRAM_URL_H

#include "base/cleanup.h"

#include <chronosign/error.h>
#include <curl/curl.h>
#include <stdbool.h>

DEFINE_CLEANUP(url, CURLU *, curl_url_cleanup)

/*
 * The URL of the nonce, below the base URL that a user has given. NULL with *error set (a usage
 * error) if that is not a base URL: it is empty, or has no scheme, a scheme other than http and
 * https, a query or a fragment. Needs no curl_global_init.
 */
CURLU *url_of_nonce(const char *base, struct chronosign_error **error);

/* The same for the URL at which a token is tried. */
CURLU *url_of_check(const char *base, struct chronosign_error **error);

/*
 * Sets *url to where `location` (absolute or relative) leads. Its user and password stay only on the
 * same scheme, host and port. False with *error set if that is no http or https URL.
 */
bool url_resolve(CURLU *url, const char *location, struct chronosign_error **error);

/* True if a nonce may be taken from `to` where `from` has redirected us: on the same host, and never from
 * https to http. Otherwise false with *error set, which names the URL to give instead. */
bool url_may_follow(CURLU *from, CURLU *to, struct chronosign_error **error);

bool url_is_https(CURLU *url);

/* True if it leads to this machine, whatever proxies there are. */
bool url_is_loopback(CURLU *url);

/* True if it leads to this machine, or to Chronograf's own port. */
bool url_is_at_home(CURLU *url);

/* True if it names its port instead of leaving it to the scheme. */
bool url_has_port(CURLU *url);

/* One part, NULL if it has none. The caller frees it. Ports come with the scheme's default filled
 * in. */
char *url_part(CURLU *url, CURLUPart part);

/* For people: no user, password, query or fragment, no more than 256 characters. NULL if memory is
 * out. */
char *url_shown(CURLU *url);

/* url_shown without `end`, as --chronograf-url takes it. NULL if it does not end so, or if memory
 * is out. */
char *url_base_shown(CURLU *url, const char *end);

#endif
