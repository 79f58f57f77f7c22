/* The RSA keys in the machine's tokens, each with a URI that finds it again, and what is left out. */
#ifndef KEYSTORE_KEY_LIST_H
#define KEYSTORE_KEY_LIST_H

#include "base/cleanup.h"
#include "key/key.h"
#include "pkcs11/token_objects.h"

enum listed_kind {
	LISTED_PRIVATE,
	LISTED_PUBLIC,      /* of which no private key shows */
	LISTED_CERTIFICATE, /* of which no key object shows */
};

struct listed_key {
	enum listed_kind kind;
	char *token;       /* label of the token, printable */
	char *module;      /* path or name of the PKCS#11 module */
	char *label;       /* printable; empty if there is none */
	char *id;          /* in hexadecimal; empty if there is none */
	unsigned bits;     /* 0 if the token does not tell */
	bool can_sign;     /* of a private key */
	bool pin_for_each; /* of a private key: it wants the PIN for every signature */
	enum half_source public_half;
	char *uri; /* the shortest that finds its private key and no other; NULL if another has the same
		      label and id */
	char *full_uri; /* the same with all attributes */
};

/* A token that was not logged in to, and may hold more. */
struct hiding_token {
	char *label;
	char *uri; /* the shortest, as above */
	char *full_uri;
	char *place; /* the shortest for a new key, whose label is left to write */
};

/* A module, slot, token or object that is not in the list, and why. */
struct left_out {
	char *what;
	char *module;
	char *reason;
};

struct key_list {
	struct listed_key *keys;
	size_t key_count;
	struct left_out *left_out;
	size_t left_out_count;
	struct hiding_token *hiding;
	size_t hiding_count;
	bool login_failed; /* a requested login was refused by a token in left_out */
};

/*
 * Lists the RSA keys that match a pkcs11: URI (`pkcs11:` matches all). With `log_in` it logs in to
 * each token that has a login; a PIN that is given, and not asked for token by token, is an error
 * if there are several. A broken module, an empty slot or an unusable token is left out with its
 * reason. NULL with *error set only if nothing can be listed at all.
 */
struct key_list *key_list_make(const struct chronosign_key *where, bool log_in,
			       struct chronosign_error **error);
void key_list_free(struct key_list *list);

DEFINE_CLEANUP(list, struct key_list *, key_list_free)

#endif
