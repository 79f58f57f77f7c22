/* What is known about the way to a key before any login: modules, tokens, what prevents a login,
 * and the mechanisms. */
#ifndef KEYSTORE_SURVEY_H
#define KEYSTORE_SURVEY_H

#include "base/cleanup.h"
#include "keystore/key_list.h"
#include "pkcs11/module.h"

struct surveyed_token {
	char *uri; /* the shortest that tells it from all others */
	char *full_uri;
	char *module;
	bool needs_login;
	bool pin_pad;          /* it has its own PIN pad */
	bool login_refused;    /* by its flags and the key's force_login, no login is tried */
	char *warning;         /* what its flags say about the tries left; NULL: nothing */
	bool mechanisms_known; /* false: it does not list any */
	char *mechanisms; /* those of its list by which it can sign for Chronograf; NULL: none */
};

struct survey {
	char *unloadable; /* registered modules that do not load, a line each; NULL: all do */
	struct surveyed_token *tokens; /* those that the URI can mean */
	size_t token_count;
	struct left_out *left_out; /* the other slots and tokens */
	size_t left_out_count;
	size_t chosen; /* index of the token to search for the key; token_count: none, or not
		          certain */
};

/*
 * Examines the way to the key that a pkcs11: URI means. `tried` is called for each module as soon
 * as it is known whether it works: the next one may hang. A token with a problem is in the survey
 * with the reason; NULL with *error set if no module can be used at all, or the URI cannot mean a
 * private key.
 */
struct survey *survey_make(const struct chronosign_key *key, pkcs11_module_tried *tried,
			   void *context, struct chronosign_error **error);
void survey_free(struct survey *survey);

DEFINE_CLEANUP(survey, struct survey *, survey_free)

#endif
