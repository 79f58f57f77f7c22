/* What the parts of the shim share: the real module, the odd answers, the state of a session. */
#ifndef SHIM_H
#define SHIM_H

#include <stdatomic.h>
#include <stdbool.h>

#include "functions.h"
#include "settings.h"

/* The module that calls are passed on to; set by C_GetFunctionList. */
extern CK_FUNCTION_LIST_PTR real;

/* The odd_ functions: one for each ODD row of functions.h. */
#define DECLARE_REAL(name, parameters)
#define DECLARE_ODD(name, parameters) CK_RV odd_##name parameters;
#define DECLARE(layer, on, name, parameters, arguments) DECLARE_##layer(name, parameters)
SHIM_FUNCTIONS(DECLARE)

enum signing {
	SIGNING_FREE,         /* nothing to enforce */
	SIGNING_AWAITS_LOGIN, /* C_SignInit was called on a key that requires its PIN each time */
	SIGNING_ALLOWED       /* and the PIN was right */
};

struct session {
	CK_SESSION_HANDLE handle;
	CK_SLOT_ID slot;
	enum signing signing;
	CK_ATTRIBUTE_PTR conditions; /* of its search, those that the shim checks itself */
	CK_ULONG condition_count;
	bool endless; /* its search */
	struct session *next;
};

/* One thread at a time uses a session (PKCS#11 v2.40 base §2.6.7), so the result needs no lock. */
struct session *session_find(CK_SESSION_HANDLE handle);
void session_opened(CK_SESSION_HANDLE handle, CK_SLOT_ID slot);
void session_closed(CK_SESSION_HANDLE handle);
void session_drop_conditions(struct session *session);
void sessions_closed_on(CK_SLOT_ID slot);
void sessions_closed(void);

/* Closes them in the real module too: the token was pulled. */
void sessions_pull(void);

/* C_GetTokenInfo tells of another token. */
extern atomic_bool token_swapped;

bool slot_is_empty(CK_SLOT_ID slot);

/* CK_UNAVAILABLE_INFORMATION if it cannot be read. */
CK_OBJECT_CLASS class_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);

/*
 * A call on the session that is not part of signing: drops what waits for a login or a signature.
 */
void signing_interrupted(CK_SESSION_HANDLE session);

void make_noise(const char *where);

#endif
