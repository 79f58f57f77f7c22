/* Users, what makes one a superadmin, and why a token is not a user. */
#include "resources.h"

#include <string.h>

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

/* A token has no user, and only a user who is a superadmin may make another. */
struct api_result user_create(const struct api_call *call)
{
	struct api_result error;
	json_t *body = api_read_body(call, &error), *roles;

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
		return api_add(call, body);
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

/* Only people in an organization may see its objects, and a token is in none. */
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
	json_t *body = api_read_body(call, &error);

	if (body == NULL)
		return error;
	store_set_super_admin_new_users(call->store,
					json_is_true(json_object_get(body, "superAdminNewUsers")));
	json_decref(body);
	return auth_show(call);
}

/* A token has no user. */
struct api_result me_show(const struct api_call *call)
{
	if (call->authentication)
		return api_error(422, "Token not found");
	return (struct api_result){
		.status = 200,
		.json = json_pack("{s:{s:s}}", "links", "self", API_ROOT "users/me"),
	};
}
