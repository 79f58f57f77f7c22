/* Sends an answer: as Chronograf, with the headers that all of its answers have, or as a front,
 * without them. */
#ifndef STANDIN_REPLY_H
#define STANDIN_REPLY_H

#include "request.h"

#define TYPE_TEXT "text/plain"
#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_JSON "application/json"

/* A response with a static text. Without a type it has no Content-Type. NULL: no memory. */
struct MHD_Response *text_response(const char *type, const char *text);

/* Both send the response, log the request, and free the response, which may be NULL. */
enum MHD_Result reply(const struct request *request, unsigned status,
		      struct MHD_Response *response);
enum MHD_Result reply_in_front(const struct request *request, unsigned status,
			       struct MHD_Response *response);

/* Logs the request; status 0: there is no answer. */
void reply_log(const struct request *request, unsigned status);

/* The request's Authorization header. NULL: there is none. */
const char *authorization_of(const struct request *request);

#endif
