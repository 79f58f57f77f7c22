/*
 * One JSON object holds everything: its keys are the collections' paths, its values their arrays.
 */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_LENGTH 512
#define ID_MAX 32

struct store {
	json_t *collections;
	bool super_admin_new_users;
};

/* What exists from the start. The mapping of the default organization lets everybody in, in its
 * default role. */
static const char beginning[] =
	"{\"organizations\": [{\"id\": \"default\", \"name\": \"Default\","
	" \"defaultRole\": \"member\","
	" \"links\": {\"self\": \"" API_ROOT "organizations/default\"}}],"
	" \"mappings\": [{\"id\": \"default\", \"organizationId\": \"default\", \"provider\": "
	"\"*\","
	" \"scheme\": \"*\", \"providerOrganization\": \"*\","
	" \"links\": {\"self\": \"" API_ROOT "mappings/default\"}}],"
	" \"users\": [{\"id\": \"1\", \"name\": \"first@example.com\", \"provider\": \"generic\","
	" \"scheme\": \"oauth2\", \"superAdmin\": true,"
	" \"roles\": [{\"name\": \"admin\", \"organization\": \"default\"}],"
	" \"links\": {\"self\": \"" API_ROOT "users/1\"}}]}";

struct store *store_new(void)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->collections = json_loads(beginning, 0, NULL);
	if (store->collections == NULL) {
		free(store);
		return NULL;
	}
	return store;
}

void store_free(struct store *store)
{
	if (store == NULL)
		return;
	json_decref(store->collections);
	free(store);
}

json_t *store_list(struct store *store, const char *collection)
{
	if (json_object_get(store->collections, collection) == NULL)
		json_object_set_new(store->collections, collection, json_array());
	return json_object_get(store->collections, collection);
}

/* As text, whatever its type in JSON. */
static void copy_id(const json_t *object, char id[ID_MAX])
{
	const json_t *value = json_object_get(object, "id");

	if (json_is_integer(value))
		snprintf(id, ID_MAX, "%lld", (long long)json_integer_value(value));
	else
		snprintf(id, ID_MAX, "%s", json_is_string(value) ? json_string_value(value) : "");
}

/* The array that holds the object of this path, and its index. NULL: there is no such object. */
static json_t *locate(const struct store *store, const char *path, size_t *index)
{
	const char *slash = strrchr(path, '/');
	char collection[PATH_MAX_LENGTH], id[ID_MAX];
	json_t *array, *object;
	size_t i;

	if (slash == NULL || strlen(path) >= sizeof(collection))
		return NULL;
	snprintf(collection, sizeof(collection), "%.*s", (int)(slash - path), path);
	array = json_object_get(store->collections, collection);
	json_array_foreach(array, i, object)
	{
		copy_id(object, id);
		*index = i;
		if (strcmp(id, slash + 1) == 0)
			return array;
	}
	return NULL;
}

json_t *store_find(struct store *store, const char *path)
{
	size_t index;
	json_t *array = locate(store, path, &index);

	return array == NULL ? NULL : json_array_get(array, index);
}

/* One more than the highest. */
static unsigned long next_id(const json_t *array)
{
	unsigned long greatest = 0;
	char id[ID_MAX];
	json_t *object;
	size_t index;

	json_array_foreach(array, index, object)
	{
		copy_id(object, id);
		if (strtoul(id, NULL, 10) > greatest)
			greatest = strtoul(id, NULL, 10);
	}
	return greatest + 1;
}

bool store_add(struct store *store, const char *collection, json_t *object, bool number_id)
{
	json_t *array = store_list(store, collection);
	unsigned long id = next_id(array);

	json_object_set_new(object, "id",
			    number_id ? json_integer((json_int_t)id) : json_sprintf("%lu", id));
	json_object_set_new(
		object, "links",
		json_pack("{s:o}", "self", json_sprintf(API_ROOT "%s/%lu", collection, id)));
	return json_array_append_new(array, object) == 0;
}

void store_remove(struct store *store, const char *path)
{
	size_t index;
	json_t *array = locate(store, path, &index), *value;
	const char *name;
	void *next;

	if (array == NULL)
		return;
	json_array_remove(array, index);
	json_object_foreach_safe(store->collections, next, name, value)
	{
		if (strncmp(name, path, strlen(path)) == 0 && name[strlen(path)] == '/')
			json_object_del(store->collections, name);
	}
}

bool store_super_admin_new_users(const struct store *store)
{
	return store->super_admin_new_users;
}

void store_set_super_admin_new_users(struct store *store, bool on)
{
	store->super_admin_new_users = on;
}
