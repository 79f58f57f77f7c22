/* How far a request got, for doctor. */
#ifndef NETWORK_PROGRAM_REACHED_H
#define NETWORK_PROGRAM_REACHED_H

#include "network/network.h"

#include <curl/curl.h>
#include <stdint.h>

/* Of the handle's last hop, which has ended with that result. `http_status` is 0 if no answer came. A proxy that refuses
 * to connect us is not the server. */
enum reached reached_by(CURL *easy, uint32_t http_status, CURLcode result);

#endif
