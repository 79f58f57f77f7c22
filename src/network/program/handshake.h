/* What a server says of TLS itself. OpenSSL passes over some of it without end, in one call of libcurl: no time-out ends
 * that, and no other transfer goes on meanwhile. */
#ifndef NETWORK_PROGRAM_HANDSHAKE_H
#define NETWORK_PROGRAM_HANDSHAKE_H

#include <curl/curl.h>
#include <stdbool.h>

/* OpenSSL's word for a connection that was ended because such messages have no end. */
#define HANDSHAKE_ENDLESS "uninitialized"

/* Has the connection fail if there are hundreds. Does nothing if libcurl's TLS is not this program's OpenSSL. False: libcurl
 * lacks the option, or memory is out. */
bool handshake_watch(CURL *easy);

#endif
