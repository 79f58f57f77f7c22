/* The network program's state: lifetime.c starts and ends it, network.c speaks with it. Nobody else includes this. */
#ifndef NETWORK_LIFETIME_H
#define NETWORK_LIFETIME_H

#include "network/job.h"
#include "network/limits.h"
#include "network/network.h"
#include "network/process.h"

/* What the program says next. */
enum stage { STAGE_STARTED, STAGE_HELLO, STAGE_OF_JOB };

/* What a server has been asked for. */
struct questions {
	const char *url; /* in the job */
	bool answered;   /* none is open */
	unsigned count;
};

/* What is needed to restart, and the state of the running program. */
struct network {
	struct packed_job job;
	int program; /* to be executed */
	bool requests;
	bool watch;
	size_t server_count;
	struct process process;
	enum stage stage;
	struct chronosign_error *refusal; /* why it has not taken its job */
	size_t question_count;
	size_t answer_count;
	bool require_sandbox;
	bool sandbox_told;
	void (*tell_sandbox)(unsigned sandbox);
	void (*tell_misbehaviour)(const char *reason);
	struct questions *questions; /* to each server */
	struct limits limits;
	bool failed;
	bool died; /* that is why */
};

/* Ends the program. *reason is why, or NULL; it becomes misbehaviour if that is found in what nobody has heard. Always
 * returns false. */
bool lifetime_end(struct network *network, struct chronosign_error **reason);

/* Hears one of the two messages about its start. False with *error set: it does not start, and was ended. */
bool lifetime_hear_start(struct network *network, struct chronosign_error **error);

#endif
