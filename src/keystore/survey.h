/* What can be told of the way to a key before any login: modules, tokens, what stands in the way of
 * a login, and the mechanisms. */
#ifndef KEYSTORE_SURVEY_H
#define KEYSTORE_SURVEY_H

#include "keystore/key_list.h"
#include "pkcs11/module.h"

struct surveyed_token {
	char *uri; /* the shortest that tells it from all others */
	char *full_uri;
	char *module;
	bool needs_login;
	bool pin_pad;          /* it takes its PIN from its own keys */
	bool login_refused;    /* by its flags and the key's force_login, none is tried */
	char *warning;         /* what its flags say of the PIN's tries; NULL: nothing */
	bool mechanisms_known; /* false: it does not list any */
	char *mechanisms; /* those of its list by which it can sign for Chronograf; NULL: none */
};

struct survey {
	char *unloadable; /* registered modules that do not load, a line each; NULL: all do */
	struct surveyed_token *tokens; /* those that the URI can mean */
	size_t token_count;
	struct left_out *left_out; /* the other slots and tokens */
	size_t left_out_count;
	size_t chosen; /* index of the token where the key is looked for; token_count: none is, or
			  it is not certain which */
};

/*
 * Looks at the way to the key that a pkcs11: URI means. `tried` hears of each module as soon as it is
 * known whether it works: the next one may hang. A token of which something is wrong is in the survey
 * with the reason; NULL with *error set if there is no module at all that could be used, or the URI
 * can mean no private key.
 */
struct survey *survey_make(const struct chronosign_key *key, pkcs11_module_tried *tried,
			   void *context, struct chronosign_error **error);
void survey_free(struct survey *survey);

#endif
