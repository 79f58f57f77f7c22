/* The functions of the table in api.c. */
#include "resources.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_LENGTH 64

struct api_result api_error(unsigned status, const char *message)
{
	return (struct api_result){
		.status = status,
		.json = json_pack("{s:i, s:s}", "code", (int)status, "message", message),
	};
}

struct api_result api_not_found(const char *path)
{
	char message[128];

	snprintf(message, sizeof(message), "ID %.64s not found", strrchr(path, '/') + 1);
	return api_error(404, message);
}

struct api_result fixed_error(const struct api_call *call)
{
	return api_error(call->row->status, call->row->text);
}

struct api_result fixed_answer(const struct api_call *call)
{
	const char *text = call->row->text;

	return (struct api_result){
		.status = call->row->status,
		.json = text == NULL ? NULL : json_loads(text, 0, NULL),
	};
}

/* The first of the members that the body lacks, or has empty. False: it lacks none. */
static bool lacks(const json_t *body, const char *needs, char name[NAME_MAX_LENGTH])
{
	int length = 0;

	for (; sscanf(needs, "%63s%n", name, &length) == 1; needs += length) {
		const json_t *value = json_object_get(body, name);

		if (value == NULL || (json_is_string(value) && json_string_length(value) == 0))
			return true;
	}
	return false;
}

/* The body as an object with all that the row needs. NULL: *error is the answer. */
static json_t *read_body(const struct api_call *call, struct api_result *error)
{
	json_t *body = json_loads(call->text, 0, NULL);
	const char *needs = call->row->needs == NULL ? "" : call->row->needs;
	char name[NAME_MAX_LENGTH], message[NAME_MAX_LENGTH + 16];

	if (!json_is_object(body)) {
		json_decref(body);
		*error = api_error(400, "Unparsable JSON");
		return NULL;
	}
	if (lacks(body, needs, name)) {
		json_decref(body);
		snprintf(message, sizeof(message), "%s required", name);
		*error = api_error(422, message);
		return NULL;
	}
	return body;
}

static struct api_result show(unsigned status, const json_t *object)
{
	return (struct api_result){.status = status, .json = json_deep_copy(object)};
}

struct api_result resource_list(const struct api_call *call)
{
	const char *slash = strrchr(call->path, '/');
	json_t *list = store_list(call->store, call->path);

	return (struct api_result){
		.status = 200,
		.json = json_pack("{s:{s:o}, s:o}", "links", "self",
				  json_sprintf(API_ROOT "%s", call->path),
				  slash == NULL ? call->path : slash + 1, json_deep_copy(list)),
	};
}

struct api_result resource_show(const struct api_call *call)
{
	json_t *object = store_find(call->store, call->path);

	return object == NULL ? api_not_found(call->path) : show(200, object);
}

/* No answer shows what a source's database is opened with. */
static void forget_secrets(json_t *object)
{
	json_object_del(object, "password");
	json_object_del(object, "sharedSecret");
}

static struct api_result add(const struct api_call *call, json_t *object)
{
	forget_secrets(object);
	if (!store_add(call->store, call->path, object, call->row->number_id))
		return api_error(500, "Unknown error: no memory");
	return show(201, object);
}

struct api_result resource_create(const struct api_call *call)
{
	struct api_result error;
	json_t *body = read_body(call, &error);

	return body == NULL ? error : add(call, body);
}

/* The id and the link stay. With `keep` all stays that the body does not have. */
static struct api_result change(const struct api_call *call, bool keep)
{
	json_t *object = store_find(call->store, call->path), *body;
	struct api_result error;

	if (object == NULL)
		return api_not_found(call->path);
	body = read_body(call, &error);
	if (body == NULL)
		return error;
	forget_secrets(body);
	json_object_set(body, "id", json_object_get(object, "id"));
	json_object_set(body, "links", json_object_get(object, "links"));
	if (!keep)
		json_object_clear(object);
	json_object_update(object, body);
	json_decref(body);
	return show(200, object);
}

struct api_result resource_replace(const struct api_call *call)
{
	return change(call, false);
}

struct api_result resource_update(const struct api_call *call)
{
	return change(call, true);
}

struct api_result resource_remove(const struct api_call *call)
{
	if (store_find(call->store, call->path) == NULL)
		return api_not_found(call->path);
	store_remove(call->store, call->path);
	return (struct api_result){.status = 204};
}

static bool role_is_known(const json_t *role)
{
	static const char *const roles[] = {"member", "reader", "viewer", "editor", "admin", "*"};
	const char *name = json_string_value(json_object_get(role, "name"));

	if (name == NULL || json_object_get(role, "organization") == NULL)
		return false;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(name, roles[i]) == 0)
			return true;
	return false;
}

static bool roles_are_known(const json_t *roles)
{
	json_t *role;
	size_t index;

	json_array_foreach(roles, index, role)
	{
		if (!role_is_known(role))
			return false;
	}
	return true;
}

/* A token has no user, and only a superadmin who is one may make another. */
struct api_result user_create(const struct api_call *call)
{
	struct api_result error;
	json_t *body = read_body(call, &error), *roles;

	if (body == NULL)
		return error;
	roles = json_object_get(body, "roles");
	if (json_is_true(json_object_get(body, "superAdmin")) ||
	    store_super_admin_new_users(call->store))
		error = api_error(
			401, "user does not have authorization required to set SuperAdmin "
			     "status. See https://github.com/influxdata/chronograf/issues/2601 "
			     "for more information.");
	else if (!roles_are_known(roles))
		error = api_error(422, "a role must have an organization and a known name");
	else {
		json_object_set_new(body, "superAdmin", json_false());
		if (roles == NULL)
			json_object_set_new(body, "roles", json_array());
		return add(call, body);
	}
	json_decref(body);
	return error;
}

static bool is_user(struct store *store, const char *name)
{
	json_t *user;
	size_t index;

	json_array_foreach(store_list(store, "users"), index, user)
	{
		if (strcmp(json_string_value(json_object_get(user, "name")), name) == 0)
			return true;
	}
	return false;
}

void user_log_in(struct store *store, const char *name)
{
	bool super = store_super_admin_new_users(store) ||
		     json_array_size(store_list(store, "users")) == 0;

	if (!is_user(store, name))
		store_add(store, "users",
			  json_pack("{s:s, s:s, s:s, s:b, s:[{s:s, s:s}]}", "name", name,
				    "provider", "generic", "scheme", "oauth2", "superAdmin", super,
				    "roles", "name", "member", "organization", "default"),
			  false);
}

/* Those of an organization are for people who are in it, and a token is not. */
struct api_result member_list(const struct api_call *call)
{
	struct api_call users = *call;

	if (call->authentication)
		return api_error(403, "User is not authorized");
	users.path = "users";
	return resource_list(&users);
}

static json_t *auth_of(const struct api_call *call)
{
	return json_boolean(store_super_admin_new_users(call->store));
}

struct api_result config_show(const struct api_call *call)
{
	return (struct api_result){
		.status = 200,
		.json = json_pack("{s:{s:s, s:s}, s:{s:o}}", "links", "self", API_ROOT "config",
				  "auth", API_ROOT "config/auth", "auth", "superAdminNewUsers",
				  auth_of(call)),
	};
}

struct api_result auth_show(const struct api_call *call)
{
	return (struct api_result){
		.status = 200,
		.json = json_pack("{s:{s:s}, s:o}", "links", "self", API_ROOT "config/auth",
				  "superAdminNewUsers", auth_of(call)),
	};
}

struct api_result auth_replace(const struct api_call *call)
{
	struct api_result error;
	json_t *body = read_body(call, &error);

	if (body == NULL)
		return error;
	store_set_super_admin_new_users(call->store,
					json_is_true(json_object_get(body, "superAdminNewUsers")));
	json_decref(body);
	return auth_show(call);
}

/* A token is nobody. */
struct api_result me_show(const struct api_call *call)
{
	if (call->authentication)
		return api_error(422, "Token not found");
	return (struct api_result){
		.status = 200,
		.json = json_pack("{s:{s:s}}", "links", "self", API_ROOT "users/me"),
	};
}

/* Every query comes back with an empty analysis. */
struct api_result query_analyse(const struct api_call *call)
{
	struct api_result error;
	json_t *body = read_body(call, &error), *query;
	size_t index;

	if (body == NULL)
		return error;
	json_array_foreach(json_object_get(body, "queries"), index, query)
	{
		json_object_set_new(query, "queryConfig", json_object());
	}
	return (struct api_result){.status = 200, .json = body};
}
