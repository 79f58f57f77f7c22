/* What all collections have in common: list, add, show, change, remove. */
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

/* The first of the members that is missing or empty in the body. False: none is. */
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

json_t *api_read_body(const struct api_call *call, struct api_result *error)
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

/* No answer shows the password of a source's database. */
static void forget_secrets(json_t *object)
{
	json_object_del(object, "password");
	json_object_del(object, "sharedSecret");
}

struct api_result api_add(const struct api_call *call, json_t *object)
{
	forget_secrets(object);
	if (!store_add(call->store, call->path, object, call->row->number_id))
		return api_error(500, "Unknown error: no memory");
	return show(201, object);
}

struct api_result resource_create(const struct api_call *call)
{
	struct api_result error;
	json_t *body = api_read_body(call, &error);

	return body == NULL ? error : api_add(call, body);
}

/* The id and the link stay. With `keep`, so does everything that the body does not have. */
static struct api_result change(const struct api_call *call, bool keep)
{
	json_t *object = store_find(call->store, call->path), *body;
	struct api_result error;

	if (object == NULL)
		return api_not_found(call->path);
	body = api_read_body(call, &error);
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

/* Every query comes back with an empty analysis. */
struct api_result query_analyse(const struct api_call *call)
{
	struct api_result error;
	json_t *body = api_read_body(call, &error), *query;
	size_t index;

	if (body == NULL)
		return error;
	json_array_foreach(json_object_get(body, "queries"), index, query)
	{
		json_object_set_new(query, "queryConfig", json_object());
	}
	return (struct api_result){.status = 200, .json = body};
}
