/* Hashes of the public keys allowed for servers, in libcurl's form (CURLOPT_PINNEDPUBLICKEY). */
#ifndef NETWORK_PINNED_KEY_H
#define NETWORK_PINNED_KEY_H

#include <stdbool.h>

/* True for "sha256//" and the base64 of 32 bytes, or several of these with ';' between. libcurl would
 * take anything else for the name of a file. */
bool pinned_key_is_valid(const char *text);

#endif
