/*
 * The audit trail: what was done with the key, as lines in the system log (syslog, LOG_AUTHPRIV) and
 * as fields in the journal. No PIN, no token and no signature is in them.
 */
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

#include "network/network.h"

#include <stdbool.h>

/* A signature of a nonce. */
struct audit_signature {
	const char *key;    /* its name: a URI without a PIN, or a path */
	const char *server; /* its URL, logged without user and password; NULL: none */
	const char *nonce;  /* the first eight characters are logged */
	bool to_be_tried;   /* the server is asked next whether it accepts the token */
};

/* Each writes one line. Without a system log, and with CHRONOCTL_LOG=off in the environment, nothing
 * happens. */
void audit_signed(const struct audit_signature *signature);

/* What a server said of a token, if the answer is about one. The signature has its line by then: the
 * command may end before the answer. */
void audit_answer(const char *key, const char *server, const struct network_answer *answer);

/* A token has refused a login. */
void audit_login_failed(const char *key);

/* The network program has sent what it must not send. */
void audit_misbehaved(const char *what);

/* Warns of lines that the log did not take, if there are any: at the end, and when it takes lines
 * again. Where there is no log, nothing is lost. */
void audit_tell_loss(void);

#endif
