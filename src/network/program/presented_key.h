/* Which key a server had, in the form of --pinned-pubkey. */
#ifndef NETWORK_PROGRAM_PRESENTED_KEY_H
#define NETWORK_PROGRAM_PRESENTED_KEY_H

#include <curl/curl.h>

/* "sha256//BASE64" of the certificate that the last transfer met, if CURLOPT_CERTINFO was set. NULL: it is
 * not known, or memory is out. The caller frees it. */
char *presented_key(CURL *easy);

#endif
