/* Chronograf's API below /chronograf/v1/, as the holder of a good token sees it. */
#ifndef STANDIN_API_H
#define STANDIN_API_H

#include "request.h"

/* Answers the request for this path below API_ROOT, for which api_has is true. The caller has
 * checked whether it may ask. */
enum MHD_Result api_answer(const struct request *request, const char *path);

/* True if the API has a route for this path, with any method. */
bool api_has(const char *path);

#endif
