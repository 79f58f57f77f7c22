/* The table of the API: what a good token can do, and what it cannot. */
#include "api.h"

#include "reply.h"
#include "resources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_LENGTH_MAX 512

static const struct api_row rows[] = {
	{"GET", "mappings", .run = resource_list},
	{"POST", "mappings", .run = resource_create,
	 .needs = "provider scheme providerOrganization organizationId"},
	{"PUT", "mappings/:", .run = resource_replace,
	 .needs = "provider scheme providerOrganization organizationId"},
	{"DELETE", "mappings/:", .run = resource_remove},

	{"GET", "users", .run = resource_list},
	{"POST", "users", .run = user_create, .needs = "name provider scheme"},
	{"GET", "users/:", .run = resource_show},
	{"PATCH", "users/:", .run = fixed_error, .status = 500,
	 .text = "failed to retrieve user from context"},
	{"DELETE", "users/:", .run = resource_remove},
	{"GET", "me", .run = me_show},
	{"PUT", "me", .run = fixed_error, .status = 403, .text = "invalid principal"},

	{"GET", "organizations", .run = resource_list},
	{"POST", "organizations", .run = fixed_error, .status = 500,
	 .text = "failed to retrieve user from context"},
	{"GET", "organizations/:", .run = resource_show},
	{"PATCH", "organizations/:", .run = resource_update},
	{"GET", "organizations/:/users", .run = member_list},

	{"GET", "config", .run = config_show},
	{"GET", "config/auth", .run = auth_show},
	{"PUT", "config/auth", .run = auth_replace, .needs = "superAdminNewUsers"},

	/* Assumes that the databases of sources, and kapacitors, work. */
	{"GET", "sources", .run = resource_list},
	{"POST", "sources", .run = resource_create, .needs = "url"},
	{"GET", "sources/:", .run = resource_show},
	{"PATCH", "sources/:", .run = resource_update},
	{"DELETE", "sources/:", .run = resource_remove},
	{"GET", "sources/:/health", .run = fixed_answer, .status = 204},
	{"GET", "sources/:/dbs", .run = fixed_answer, .status = 200,
	 .text = "{\"databases\": [{\"name\": \"telegraf\"}]}"},
	{"POST", "sources/:/proxy", .run = fixed_answer, .status = 200, .xml_http = true,
	 .text = "{\"results\": [{\"statement_id\": 0}]}"},
	{"POST", "sources/:/queries", .run = query_analyse, .needs = "queries", .xml_http = true},
	{"GET", "sources/:/annotations", .run = resource_list},
	{"POST", "sources/:/annotations", .run = resource_create},
	{"GET", "sources/:/annotations/:", .run = resource_show},
	{"PATCH", "sources/:/annotations/:", .run = resource_update},
	{"DELETE", "sources/:/annotations/:", .run = resource_remove},
	{"GET", "sources/:/kapacitors", .run = resource_list},
	{"POST", "sources/:/kapacitors", .run = resource_create, .needs = "name url"},
	{"GET", "sources/:/kapacitors/:", .run = resource_show},
	{"PATCH", "sources/:/kapacitors/:", .run = resource_update},
	{"DELETE", "sources/:/kapacitors/:", .run = resource_remove},
	{"GET", "sources/:/kapacitors/:/rules", .run = resource_list},
	{"POST", "sources/:/kapacitors/:/rules", .run = resource_create},
	{"GET", "sources/:/kapacitors/:/rules/:", .run = resource_show},
	{"PUT", "sources/:/kapacitors/:/rules/:", .run = resource_replace},
	{"DELETE", "sources/:/kapacitors/:/rules/:", .run = resource_remove},

	{"GET", "dashboards", .run = resource_list},
	{"POST", "dashboards", .run = resource_create, .number_id = true},
	{"GET", "dashboards/:", .run = resource_show},
	{"PUT", "dashboards/:", .run = resource_replace},
	{"PATCH", "dashboards/:", .run = resource_update},
	{"DELETE", "dashboards/:", .run = resource_remove},

	{"GET", "layouts", .run = fixed_answer, .status = 200, .text = "{\"layouts\": []}"},
	{"GET", "protoboards", .run = fixed_answer, .status = 200, .text = "{\"protoboards\": []}"},
	{"GET", "env", .run = fixed_answer, .status = 200,
	 .text = "{\"links\": {\"self\": \"/chronograf/v1/env\"},"
		 " \"telegrafSystemInterval\": \"1m0s\"}"},
	{"GET", "org_config/logviewer", .run = fixed_answer, .status = 200,
	 .text = "{\"links\": {\"self\": \"/chronograf/v1/org_config/logviewer\"},"
		 " \"columns\": []}"},
	{"GET", "flux", .run = fixed_answer, .status = 200,
	 .text = "{\"links\": {\"self\": \"/chronograf/v1/flux\"}}"},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static bool matches(const char *pattern, const char *path)
{
	for (; *pattern != '\0'; pattern++) {
		size_t segment = *pattern == ':' ? strcspn(path, "/") : *path == *pattern;

		if (segment == 0)
			return false;
		path += segment;
	}
	return *path == '\0';
}

/* Without a method: for every method. */
static const struct api_row *find_row(const char *path, const char *method)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (matches(rows[i].pattern, path) &&
		    (method == NULL || strcmp(rows[i].method, method) == 0))
			return &rows[i];
	return NULL;
}

bool api_has(const char *path)
{
	return find_row(path, NULL) != NULL;
}

/* The methods of a path, "GET, POST". */
static void list_methods(const char *path, char methods[64])
{
	methods[0] = '\0';
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (matches(rows[i].pattern, path))
			sprintf(methods + strlen(methods), "%s%s", methods[0] == '\0' ? "" : ", ",
				rows[i].method);
}

static enum MHD_Result refuse_method(const struct request *request, const char *path)
{
	struct MHD_Response *response = text_response(TYPE_TEXT, "Method Not Allowed\n");
	char methods[64];

	list_methods(path, methods);
	if (response != NULL)
		MHD_add_response_header(response, "Allow", methods);
	return reply(request, 405, response);
}

static enum MHD_Result send_result(const struct request *request, struct api_result result)
{
	const char *self =
		json_string_value(json_object_get(json_object_get(result.json, "links"), "self"));
	char *text = result.json == NULL ? NULL : json_dumps(result.json, JSON_COMPACT);
	struct MHD_Response *response =
		text == NULL ? text_response(NULL, "")
			     : MHD_create_response_from_buffer(strlen(text), text,
							       MHD_RESPMEM_MUST_FREE);

	if (response != NULL && text != NULL)
		MHD_add_response_header(response, "Content-Type", TYPE_JSON);
	if (response != NULL && result.status == 201 && self != NULL)
		MHD_add_response_header(response, "Location", self);
	json_decref(result.json);
	return reply(request, result.status, response);
}

/* Nothing exists below a source or kapacitor that does not: the first object on the path that is
 * missing. */
static bool way_is_there(struct store *store, const char *path, char missing[PATH_LENGTH_MAX])
{
	const char *end = path;

	for (int segment = 1; (end = strchr(end, '/')) != NULL; segment++, end++) {
		if (segment % 2 != 0)
			continue;
		snprintf(missing, PATH_LENGTH_MAX, "%.*s", (int)(end - path), path);
		if (store_find(store, missing) == NULL)
			return false;
	}
	return true;
}

static bool is_xml_http(const struct request *request)
{
	const char *value = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
							"X-Requested-With");

	return value != NULL && strcmp(value, "XMLHttpRequest") == 0;
}

static struct api_result run(const struct request *request, const struct api_call *call)
{
	char missing[PATH_LENGTH_MAX];

	if (call->row->xml_http && !is_xml_http(request))
		return api_error(403, "missing required X-Requested-With header");
	if (!way_is_there(call->store, call->path, missing))
		return api_not_found(missing);
	return call->row->run(call);
}

enum MHD_Result api_answer(const struct request *request, const char *path)
{
	const struct options *options = request->server->settings.options;
	struct api_call call = {
		.row = find_row(path, request->method),
		.path = path,
		.text = request->body == NULL ? "" : request->body,
		.authentication = !options->open && options->htpasswd == NULL,
		.store = request->server->store,
	};

	if (call.row == NULL)
		return refuse_method(request, path);
	return send_result(request, run(request, &call));
}
