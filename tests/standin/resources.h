/* What the API's routes do with the store. */
#ifndef STANDIN_RESOURCES_H
#define STANDIN_RESOURCES_H

#include "store.h"

struct api_row;

struct api_call {
	const struct api_row *row;
	const char *path;    /* below API_ROOT */
	const char *text;    /* the request's body */
	bool authentication; /* the server requires logins */
	struct store *store;
};

struct api_result {
	unsigned status;
	json_t *json; /* the caller's; NULL: no body */
};

typedef struct api_result api_function(const struct api_call *call);

struct api_row {
	const char *method;
	const char *pattern; /* : stands for one segment of the path */
	api_function *run;
	const char *needs; /* the members that a body must have, separated by blanks */
	unsigned status;   /* of a fixed answer */
	const char *text;  /* of a fixed answer: JSON, or what is wrong; NULL: no body */
	bool number_id;    /* JSON has the id as a number */
	bool xml_http;     /* needs X-Requested-With: XMLHttpRequest */
};

api_function resource_list, resource_create, resource_show, resource_replace, resource_update,
	resource_remove;
api_function user_create, member_list, config_show, auth_show, auth_replace, me_show, query_analyse;

/* Give the row's own answer, or an error with its message. */
api_function fixed_answer, fixed_error;

struct api_result api_error(unsigned status, const char *message);

/* The body as an object with all members that the row needs. The caller frees it. NULL: *error is
 * the answer. */
json_t *api_read_body(const struct api_call *call, struct api_result *error);

/* Adds the object, which the store takes over, and shows it. */
struct api_result api_add(const struct api_call *call, json_t *object);

/* 404 for the object of this path. */
struct api_result api_not_found(const char *path);

/* Logs a person in by OAuth: a new person becomes a user, and a superadmin if the server is set so
 * or the person is the first. */
void user_log_in(struct store *store, const char *name);

#endif
