/* Chronograf's API below /chronograf/v1/, as the holder of a good token sees it. */
#ifndef STANDIN_API_H
#define STANDIN_API_H

#include "request.h"

/* Answers the request for this path below API_ROOT, which api_has. Whether it may ask is settled before. */
enum MHD_Result api_answer(const struct request *request, const char *path);

/* True if the API has a route for this path, by whatever method. */
bool api_has(const char *path);

#endif
