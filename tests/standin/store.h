/* What Chronograf keeps in its database: collections of JSON objects, each named by its path below
 * /chronograf/v1/ (users, sources/1/kapacitors). */
#ifndef STANDIN_STORE_H
#define STANDIN_STORE_H

#include <jansson.h>
#include <stdbool.h>

#define API_ROOT "/chronograf/v1/"

struct store;

/* As in a new server: an organization, its mapping, and its first user, a superadmin. NULL: out of
 * memory. */
struct store *store_new(void);
void store_free(struct store *store);

/* The objects of a collection; none if nobody has added one. Borrowed. */
json_t *store_list(struct store *store, const char *collection);

/* An object by its path. NULL: there is none. Borrowed. */
json_t *store_find(struct store *store, const char *path);

/* Gives the object an id and a link, and adds it. The store takes it over, even if that fails. */
bool store_add(struct store *store, const char *collection, json_t *object, bool number_id);

/* Removes an existing object, and everything below its path. */
void store_remove(struct store *store, const char *path);

/* Whether people who log in for the first time become superadmins. */
bool store_super_admin_new_users(const struct store *store);
void store_set_super_admin_new_users(struct store *store, bool on);

#endif
