/* libcurl's easy handle: the options that all exchanges share, and its numbers. Those of one hop are
 * transfer.c's. */
#ifndef NETWORK_PROGRAM_CURL_OPTIONS_H
#define NETWORK_PROGRAM_CURL_OPTIONS_H

#include <curl/curl.h>
#include <stdbool.h>

/* True if libcurl took the option. A macro, for libcurl checks the value's type by one. */
#define CURL_SET(easy, option, value) (curl_easy_setopt((easy), (option), (value)) == CURLE_OK)

/*
 * HTTP settings, and whom TLS trusts: the CAs in the PEM file `ca_file` or, where that is NULL, the
 * machine's; with `skip_verify` everyone. Strings are copied. False if libcurl lacks memory or an
 * option.
 */
bool curl_options_set(CURL *easy, const char *ca_file, bool skip_verify);

/* The public keys that a server may have, whatever its certificate says and even with
 * `skip_verify`; a proxy may have any. NULL: any. */
bool curl_options_pin(CURL *easy, const char *pinned_pubkey);

/* The first folder of SSL_CERT_DIR that cannot be opened, and why; NULL: there is none. The caller frees it. */
char *ca_folder_lost(void);

/* Sets the variables for proxies as libcurl reads them; call once, before libcurl is used. */
void proxy_variables_prepare(void);

/* The variable that names a proxy for that scheme; NULL: there is none. libcurl itself handles no_proxy. */
const char *proxy_variable(bool https);

/* False if its value is no URL, or one whose user and password libcurl takes for something else. */
bool proxy_variable_is_url(const char *name);

/* A number about the exchange that has ended (curl_easy_getinfo); 0 if there is none. */
long curl_number(CURL *easy, CURLINFO info);

#endif
