/* Shared by the two halves of doctor: the key's chain (doctor.c) and the servers'
 * (doctor_servers.c). */
#ifndef CLI_DOCTOR_DOCTOR_H
#define CLI_DOCTOR_DOCTOR_H

#include "cli/doctor/findings.h"
#include "cli/options.h"
#include "cli/servers.h"

#include "network/network.h"
#include <chronosign/signer.h>

struct doctor {
	const struct options *options;
	const struct servers *servers;
	const struct chronosign_key *key;
	struct network *network;
	int64_t started_at; /* the network program, or a little earlier */
	struct findings *findings;
	struct chronosign_signer *signer; /* NULL: the key is not open */
	char *without_mechanism;          /* the token that lists none, to be tested by signing */
	bool has_module;                  /* one at least works */
	bool can_sign;                    /* until a signature fails */
	bool tested; /* the test signature has been reported, or is impossible */
};

/*
 * The token for a nonce; the first one is the test signature, and is reported. `whose` says whose
 * nonce that is. NULL if it cannot be made, with *error set if this call has found out why. The
 * caller frees it.
 */
char *doctor_sign(struct doctor *doctor, const char *nonce, const char *whose,
		  struct chronosign_error **error);

/* Makes the test signature over a random nonce, if it has not been made yet and is possible. */
void doctor_sign_alone(struct doctor *doctor);

/* Asks the servers, tries a token on each, and reports on them in their order. */
void doctor_visit_servers(struct doctor *doctor);

#endif
