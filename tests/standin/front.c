/* As Caddy and oauth2-proxy answer; only --htpasswd is Chronograf's own and has its headers. */
#include "front.h"

#include "reply.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define CREDENTIALS_MAX 256
#define LOCATION_MAX 2048
#define SIGN_IN_PAGE \
	"<!DOCTYPE html>\n<html><head><title>Sign In</title></head>\n" \
	"<body><form action=\"/oauth2/start\"><button>Sign in with OpenID Connect</button></form>" \
	"</body></html>\n"

/* RFC 7617 §2. */
static bool has_credentials(const struct request *request, const char *credentials)
{
	static const char scheme[] = "Basic ";
	const char *authorization = authorization_of(request);
	char wanted[CREDENTIALS_MAX / 3 * 4 + 8];
	size_t length = strlen(credentials);

	if (authorization == NULL || length > CREDENTIALS_MAX ||
	    strncmp(authorization, scheme, strlen(scheme)) != 0)
		return false;
	EVP_EncodeBlock((unsigned char *)wanted, (const unsigned char *)credentials, (int)length);
	return strcmp(authorization + strlen(scheme), wanted) == 0;
}

static bool redirects(const struct request *request)
{
	return request->server->settings.options->redirect != NULL;
}

/* The same path at another origin. */
static enum MHD_Result redirect(const struct request *request)
{
	struct MHD_Response *response = text_response(NULL, "");
	char location[LOCATION_MAX];

	snprintf(location, sizeof(location), "%s%s", request->server->settings.options->redirect,
		 request->path);
	if (response != NULL)
		MHD_add_response_header(response, "Location", location);
	return reply_in_front(request, 302, response);
}

static bool misses_basic_auth(const struct request *request)
{
	const char *credentials = request->server->settings.options->basic_auth;

	return credentials != NULL && !has_credentials(request, credentials);
}

static enum MHD_Result refuse_basic_auth(const struct request *request)
{
	struct MHD_Response *response = text_response(NULL, "");

	if (response != NULL)
		MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"restricted\"");
	return reply_in_front(request, 401, response);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static bool misses_session(const struct request *request)
{
	const struct options *options = request->server->settings.options;

	return options->oauth2_proxy ||
	       (options->oauth2_proxy_nonce && !ends_with(request->url, "/nonce"));
}

static enum MHD_Result offer_sign_in(const struct request *request)
{
	return reply_in_front(request, 403, text_response(TYPE_HTML, SIGN_IN_PAGE));
}

static bool misses_htpasswd(const struct request *request)
{
	const char *credentials = request->server->settings.options->htpasswd;

	return credentials != NULL && !has_credentials(request, credentials);
}

static enum MHD_Result refuse_htpasswd(const struct request *request)
{
	struct MHD_Response *response = text_response(TYPE_TEXT, "401 Unauthorized\n");

	if (response != NULL)
		MHD_add_response_header(response, "WWW-Authenticate", "Basic realm=\"Chronograf\"");
	return reply(request, 401, response);
}

/* From the client's side to Chronograf's. */
static const struct front {
	bool (*stops)(const struct request *request);
	enum MHD_Result (*answer)(const struct request *request);
} fronts[] = {
	{redirects, redirect},
	{misses_basic_auth, refuse_basic_auth},
	{misses_session, offer_sign_in},
	{misses_htpasswd, refuse_htpasswd},
};

bool front_answers(const struct request *request, enum MHD_Result *result)
{
	for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
		if (!fronts[i].stops(request))
			continue;
		*result = fronts[i].answer(request);
		return true;
	}
	return false;
}
