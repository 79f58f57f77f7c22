/* Which proxy an exchange goes through: as Go's net/http decides, whose users set these variables.
 */
#ifndef NETWORK_PROGRAM_PROXY_H
#define NETWORK_PROGRAM_PROXY_H

#include <curl/curl.h>
#include <stdbool.h>

/* Values of the variables; NULL: not set. They point into the environment. */
typedef struct {
	const char *http;
	const char *https;
	const char *none; /* no_proxy */
} proxy_settings;

/* Reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY or, where one is not set or empty, its lower-case
 * form. */
proxy_settings proxy_settings_read(void);

/*
 * Sets *proxy to the URL of the proxy for `url`, to "" for none; the caller frees it. False if
 * memory is out. Localhost and loopback addresses never get one.
 */
bool proxy_for(const proxy_settings *settings, CURLU *url, char **proxy);

#endif
