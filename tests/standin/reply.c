/* The headers of Chronograf 1.11.4, and the log line of each answer. */
#include "reply.h"

#include "request_log.h"

#include <string.h>

static const struct header {
	const char *name, *value;
	bool tls_only;
} headers[] = {
	{"Cross-Origin-Resource-Policy", "same-origin", false},
	{"Strict-Transport-Security", "max-age=63072000; includeSubDomains", true},
	{"X-Chronograf-Version", "1.11.4", false},
	{"X-Frame-Options", "SAMEORIGIN", false},
};

const char *authorization_of(const struct request *request)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Authorization");
}

void reply_log(const struct request *request, unsigned status)
{
	request_log_write(request->server->settings.log,
			  &(struct logged_request){
				  .method = request->method,
				  .path = request->path,
				  .version = request->version,
				  .status = status,
				  .authorization = authorization_of(request),
			  });
}

struct MHD_Response *text_response(const char *type, const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);

	if (response != NULL && type != NULL)
		MHD_add_response_header(response, "Content-Type", type);
	return response;
}

enum MHD_Result reply_in_front(const struct request *request, unsigned status,
			       struct MHD_Response *response)
{
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	reply_log(request, status);
	result = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result reply(const struct request *request, unsigned status, struct MHD_Response *response)
{
	bool tls = request->server->settings.options->tls_cert != NULL;

	for (size_t i = 0; response != NULL && i < sizeof(headers) / sizeof(headers[0]); i++)
		if (tls || !headers[i].tls_only)
			MHD_add_response_header(response, headers[i].name, headers[i].value);
	return reply_in_front(request, status, response);
}
