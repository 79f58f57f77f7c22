/* Routes, and the answers that Chronograf gives; where a mode wants another one, its row says
 * which. */
#include "request.h"
#include "request_log.h"
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCATION_MAX 2048
#define NOT_FOUND_PAGE "<!DOCTYPE html>\n<html><body><h1>Not Found</h1></body></html>\n"
#define MAPPINGS "{\"links\":{\"self\":\"/chronograf/v1/mappings\"},\"mappings\":[]}\n"

static const char *authorization_of(const struct request *request)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Authorization");
}

static void log_answer(const struct request *request, unsigned status)
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

/* Sends the response and drops it. */
static enum MHD_Result respond(const struct request *request, unsigned status,
			       struct MHD_Response *response)
{
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	log_answer(request, status);
	result = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static struct MHD_Response *text_response(const char *type, const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);

	if (response != NULL && type != NULL)
		MHD_add_response_header(response, "Content-Type", type);
	return response;
}

/* A 302 to a path below the server's base path, or to any URL. */
static void add_location(const struct request *request, const char *location, bool elsewhere,
			 struct MHD_Response *response)
{
	const struct server_settings *settings = &request->server->settings;
	bool tls = settings->options->tls_cert != NULL;
	char text[LOCATION_MAX], origin[64] = "";

	if (elsewhere)
		snprintf(origin, sizeof(origin), "%s:%u",
			 tls ? "https://127.0.0.1" : "http://localhost", settings->port);
	if (location[0] == '/')
		snprintf(text, sizeof(text), "%s%.*s%s", origin, request->prefix, request->url,
			 location);
	else
		snprintf(text, sizeof(text), "%s", location);
	MHD_add_response_header(response, "Location", text);
}

static void add_expires(const struct request *request, const struct mode *mode,
			const struct nonce *nonce, struct MHD_Response *response)
{
	char expires[EXPIRES_MAX];

	nonce_format_expires(nonce, request->server->settings.options->zone, expires);
	if (mode->expires == NULL)
		MHD_add_response_header(response, "Expires", expires);
	else if (mode->expires[0] != '\0')
		MHD_add_response_header(response, "Expires", mode->expires);
}

static void add_mode_headers(const struct request *request, const struct mode *mode,
			     const struct nonce *nonce, struct MHD_Response *response)
{
	MHD_add_response_header(response, "Content-Type",
				mode->type == NULL ? "text/plain" : mode->type);
	if (mode->encoding != NULL)
		MHD_add_response_header(response, "Content-Encoding", mode->encoding);
	if (mode->location != NULL)
		add_location(request, mode->location, mode->elsewhere, response);
	if (mode->body == NULL)
		add_expires(request, mode, nonce, response);
}

static size_t make_body(const struct mode *mode, const struct nonce *nonce, char body[BODY_MAX])
{
	snprintf(body, BODY_MAX, "%s", mode->body == NULL ? nonce->text : mode->body);
	return mode->spoil == NULL ? strlen(body) : mode->spoil(body);
}

static void replace_once(struct server *server)
{
	if (!server->replaced)
		nonces_replace(server->settings.nonces);
	server->replaced = true;
}

/* Once all is over there is nothing to wait for, and MHD_NO closes the connection. */
static enum MHD_Result never_answer(const struct request *request)
{
	if (!later_resume(request->server->later, request->connection, LATER_NEVER))
		return MHD_NO;
	log_answer(request, 0);
	return MHD_YES;
}

static enum MHD_Result answer_by_mode(const struct request *request, const struct mode *mode)
{
	struct server *server = request->server;
	struct nonce nonce = nonces_of(server->settings.nonces, request->number);
	struct MHD_Response *response;
	char body[BODY_MAX];
	size_t length;

	if (mode->delivery == DELIVER_NEVER)
		return never_answer(request);
	length = make_body(mode, &nonce, body);
	response = deliver(mode->delivery, body, length, server->later, request->connection);
	if (response != NULL)
		add_mode_headers(request, mode, &nonce, response);
	if (mode->replaced_once)
		replace_once(server);
	return respond(request, mode->status == 0 ? 200 : mode->status, response);
}

static bool passes_basic_auth(const struct request *request)
{
	const char *wanted = request->server->basic, *authorization = authorization_of(request);

	return wanted == NULL || (authorization != NULL && strcmp(authorization, wanted) == 0);
}

static enum MHD_Result refuse_basic_auth(const struct request *request)
{
	struct MHD_Response *response = text_response("text/plain", "Unauthorized\n");

	if (response != NULL)
		MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"standin\"");
	return respond(request, 401, response);
}

static enum MHD_Result answer_nonce(const struct request *request, const char *rest)
{
	(void)rest;
	if (!passes_basic_auth(request))
		return refuse_basic_auth(request);
	return answer_by_mode(request, request->server->settings.options->mode);
}

/* /nonce/hop/N: N redirects away from a good nonce. */
static enum MHD_Result answer_hop(const struct request *request, const char *rest)
{
	struct MHD_Response *response;
	unsigned long hops = strtoul(rest, NULL, 10);
	char location[64];

	if (!passes_basic_auth(request))
		return refuse_basic_auth(request);
	if (hops == 0)
		return answer_by_mode(request, mode_find(GOOD_MODE));
	response = text_response(NULL, "");
	snprintf(location, sizeof(location), "/nonce/hop/%lu", hops - 1);
	if (response != NULL)
		add_location(request, location, false, response);
	return respond(request, 302, response);
}

static unsigned check_status(const struct request *request)
{
	const struct server_settings *settings = &request->server->settings;
	struct nonce nonce = nonces_of(settings->nonces, request->number);

	if (settings->options->mode->check_status != 0)
		return settings->options->mode->check_status;
	if (settings->options->open ||
	    token_is_good(settings->key, authorization_of(request), nonce.text))
		return 200;
	return 403;
}

static enum MHD_Result answer_mappings(const struct request *request, const char *rest)
{
	unsigned status = check_status(request);
	struct MHD_Response *response = status == 200 ? text_response("application/json", MAPPINGS)
						      : text_response(NULL, "");

	(void)rest;
	if (status == 302 && response != NULL)
		add_location(request, "/nonce/hop/0", false, response);
	return respond(request, status, response);
}

static enum MHD_Result answer_not_found(const struct request *request)
{
	return respond(request, 404, text_response("text/html; charset=utf-8", NOT_FOUND_PAGE));
}

static enum MHD_Result answer_wrong_method(const struct request *request)
{
	struct MHD_Response *response = text_response("text/plain", "Method Not Allowed\n");

	if (response != NULL)
		MHD_add_response_header(response, "Allow", "GET");
	return respond(request, 405, response);
}

/* A path that ends with a slash here stands for all that begin with it; the answer gets the rest.
 */
static const struct route {
	const char *path;
	enum MHD_Result (*answer)(const struct request *request, const char *rest);
} routes[] = {
	{"/nonce", answer_nonce},
	{"/nonce/hop/", answer_hop},
	{"/chronograf/v1/mappings", answer_mappings},
};

static bool route_matches(const struct route *route, const char *path)
{
	size_t length = strlen(route->path);

	if (route->path[length - 1] == '/')
		return strncmp(path, route->path, length) == 0;
	return strcmp(path, route->path) == 0;
}

static const struct route *find_route(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (route_matches(&routes[i], path))
			return &routes[i];
	return NULL;
}

/* Steps over /s/N, if N is a number of ours, as we write it. */
static const char *find_numbered_server(const struct request *request, const char *path,
					int *number)
{
	unsigned servers = request->server->settings.options->servers;
	char own[32];
	unsigned long n;

	*number = BASE_SERVER;
	if (strncmp(path, "/s/", 3) != 0)
		return path;
	n = strtoul(path + 3, NULL, 10);
	snprintf(own, sizeof(own), "/s/%lu/", n);
	if (n >= servers || strncmp(path, own, strlen(own)) != 0)
		return path;
	*number = (int)n;
	return path + strlen(own) - 1;
}

/* The path below the base path of the server that is asked for, which is noted in the request.
 * NULL: none of ours. */
static const char *find_server(struct request *request)
{
	const char *base = request->server->settings.options->base_path;
	const char *url = request->url, *path;

	if (strncmp(url, base, strlen(base)) != 0)
		return NULL;
	path = find_numbered_server(request, url + strlen(base), &request->number);
	request->prefix = (int)(path - url);
	return path;
}

enum MHD_Result answer(struct request *request)
{
	const char *path = find_server(request);
	const struct route *route = path == NULL ? NULL : find_route(path);

	if (route == NULL)
		return answer_not_found(request);
	if (strcmp(request->method, MHD_HTTP_METHOD_GET) != 0)
		return answer_wrong_method(request);
	return route->answer(request, path + strlen(route->path));
}
