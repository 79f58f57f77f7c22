/* The answer of a proxy to CONNECT, which libcurl reads in one go, however long it is: no time-out ends that, and no other
 * transfer goes on meanwhile. */
#ifndef NETWORK_PROGRAM_TUNNEL_H
#define NETWORK_PROGRAM_TUNNEL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* Has the transfer end with CURLE_ABORTED_BY_CALLBACK if the proxy refuses the tunnel, or its headers have no end. False:
 * libcurl lacks an option. */
bool tunnel_watch(CURL *easy);

/* What is wrong with the answer, after such an end. */
void tunnel_tell_refusal(CURL *easy, char *text, size_t size);

#endif
