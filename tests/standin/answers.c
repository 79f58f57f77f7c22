/* The routes, and Chronograf's answers. A mode's row says which answer replaces them. */
#include "api.h"
#include "front.h"
#include "reply.h"
#include "resources.h"
#include "verify.h"
#include "zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCATION_MAX 2048
#define WEB_PAGE \
	"<!DOCTYPE html><html><head><title>Chronograf</title></head>" \
	"<body><div id=\"react-root\"></div></body></html>"

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

static void add_expires(const struct mode *mode, const struct nonce *nonce,
			struct MHD_Response *response)
{
	char expires[EXPIRES_MAX];

	zone_format_expires(nonce->expires, expires);
	if (mode->expires == NULL)
		MHD_add_response_header(response, "Expires", expires);
	else if (mode->expires[0] != '\0')
		MHD_add_response_header(response, "Expires", mode->expires);
}

static void add_mode_headers(const struct request *request, const struct mode *mode,
			     const struct nonce *nonce, struct MHD_Response *response)
{
	MHD_add_response_header(response, "Content-Type",
				mode->type == NULL ? TYPE_TEXT : mode->type);
	if (mode->encoding != NULL)
		MHD_add_response_header(response, "Content-Encoding", mode->encoding);
	if (mode->location != NULL)
		add_location(request, mode->location, mode->elsewhere, response);
	if (mode->body == NULL)
		add_expires(mode, nonce, response);
}

static size_t make_body(const struct mode *mode, const struct nonce *nonce, char body[BODY_MAX])
{
	snprintf(body, BODY_MAX, "%s", mode->body == NULL ? nonce->text : mode->body);
	return mode->spoil == NULL ? strlen(body) : mode->spoil(body);
}

static void replace_once(struct server *server)
{
	if (!server->replaced)
		nonces_restart(server->settings.nonces);
	server->replaced = true;
}

/* At the end there is nothing to wait for, and MHD_NO closes the connection. */
static enum MHD_Result never_answer(const struct request *request)
{
	if (!later_resume(request->server->later, request->connection, LATER_NEVER))
		return MHD_NO;
	reply_log(request, 0);
	return MHD_YES;
}

/* Chronograf itself has only one status, text and place for the nonce: other answers are those of a
 * front. */
static bool is_chronografs(const struct mode *mode)
{
	return mode->status == 0 && mode->body == NULL;
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
	if (is_chronografs(mode))
		return reply(request, 200, response);
	return reply_in_front(request, mode->status == 0 ? 200 : mode->status, response);
}

static enum MHD_Result answer_nonce(const struct request *request, const char *rest)
{
	(void)rest;
	return answer_by_mode(request, request->server->settings.options->mode);
}

/* /nonce/hop/N: N redirects away from a good nonce. */
static enum MHD_Result answer_hop(const struct request *request, const char *rest)
{
	struct MHD_Response *response;
	unsigned long hops = strtoul(rest, NULL, 10);
	char location[64];

	if (hops == 0)
		return answer_by_mode(request, mode_find(GOOD_MODE));
	response = text_response(NULL, "");
	snprintf(location, sizeof(location), "/nonce/hop/%lu", hops - 1);
	if (response != NULL)
		add_location(request, location, false, response);
	return reply_in_front(request, 302, response);
}

static unsigned check_status(const struct request *request)
{
	const struct server_settings *settings = &request->server->settings;
	struct nonce nonce = nonces_of(settings->nonces, request->number);

	if (settings->options->mode->check_status != 0)
		return settings->options->mode->check_status;
	if (settings->options->open || settings->options->htpasswd != NULL ||
	    token_is_good(settings->key, authorization_of(request), nonce.text))
		return 200;
	return 403;
}

static enum MHD_Result show_web_page(const struct request *request)
{
	return reply(request, 200, text_response(TYPE_HTML, WEB_PAGE));
}

static enum MHD_Result answer_api(const struct request *request, const char *path)
{
	unsigned status = check_status(request);
	struct MHD_Response *response;

	if (status == 200)
		return api_has(path) ? api_answer(request, path) : show_web_page(request);
	response = text_response(NULL, "");
	if (status != 302 && !request->server->settings.options->mode->check_unnamed)
		return reply(request, status, response);
	if (response != NULL && status == 302)
		add_location(request, "/nonce/hop/0", false, response);
	return reply_in_front(request, status, response);
}

/* Stands for the whole way through an OAuth provider. */
static enum MHD_Result answer_login(const struct request *request, const char *name)
{
	struct MHD_Response *response = text_response(NULL, "");

	user_log_in(request->server->store, name);
	if (response != NULL)
		add_location(request, "/", false, response);
	return reply(request, 307, response);
}

/* The text of Go's http.NotFound. */
static enum MHD_Result answer_outside(const struct request *request)
{
	struct MHD_Response *response =
		text_response("text/plain; charset=utf-8", "404 page not found\n");

	if (response != NULL)
		MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	return reply(request, 404, response);
}

static enum MHD_Result answer_wrong_method(const struct request *request)
{
	struct MHD_Response *response = text_response(TYPE_TEXT, "Method Not Allowed\n");

	if (response != NULL)
		MHD_add_response_header(response, "Allow", "GET");
	return reply(request, 405, response);
}

/* A path that ends with a slash here matches all longer ones; the answer gets the rest. */
static const struct route {
	const char *path;
	enum MHD_Result (*answer)(const struct request *request, const char *rest);
	bool all_methods; /* other methods than GET, too */
} routes[] = {
	{"/nonce", .answer = answer_nonce},
	{"/nonce/hop/", .answer = answer_hop},
	{API_ROOT, .answer = answer_api, .all_methods = true},
	{"/oauth/generic/login/", .answer = answer_login},
};

static bool route_matches(const struct route *route, const char *path)
{
	size_t length = strlen(route->path);

	if (route->path[length - 1] == '/')
		return strncmp(path, route->path, length) == 0 && path[length] != '\0';
	return strcmp(path, route->path) == 0;
}

static const struct route *find_route(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (route_matches(&routes[i], path))
			return &routes[i];
	return NULL;
}

/* Skips /s/N, if N is one of our numbers as we write it. */
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

/* The path below the server's base path; notes the server in the request. NULL: it is not ours. */
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
	enum MHD_Result result;

	if (front_answers(request, &result))
		return result;
	if (path == NULL)
		return answer_outside(request);
	if (route == NULL)
		return show_web_page(request);
	if (!route->all_methods && strcmp(request->method, MHD_HTTP_METHOD_GET) != 0)
		return answer_wrong_method(request);
	return route->answer(request, path + strlen(route->path));
}
