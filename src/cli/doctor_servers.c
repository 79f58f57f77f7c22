/*
 * doctor at the servers: nonces as they come, a token on trial for each, and four rows a server, in
 * the servers' order. Nothing here is signed but their nonces.
 */
#include "cli/doctor.h"

#include "base/cleanup.h"
#include "cli/refusal.h"
#include "cli/report.h"

#include <string.h>

/* What is kept of a server until it can be told of. */
struct visit {
	bool settled;
	bool answered; /* its first answer came */
	enum reached reached;
	bool tls;
	int64_t valid_for;
	chronosign_error *no_nonce;
	chronosign_error *no_verdict; /* the trial failed, or was not possible */
	enum verdict verdict;
	bool nonce_changes;  /* REFUSED: another nonce with each question */
	char *refused_nonce; /* of the first try, if that was refused */
};

struct round {
	struct doctor *doctor;
	struct visit *visits;
	size_t settled;
	size_t next; /* to be told of */
};

/* ---- What is told ---- */

static void tell_unknown(struct findings *findings, const char *url, const char *why,
			 const char *first, const char *second)
{
	findings_unknown(findings, first, url, "%s", why);
	if (second != NULL)
		findings_unknown(findings, second, url, "%s", why);
}

/* True if there is a connection to the server. */
static bool tell_server(struct findings *findings, const char *url, const struct visit *visit)
{
	bool reached = visit->reached != REACHED_NOTHING;

	if (reached)
		findings_ok(findings, "server", url, "%s",
			    visit->reached == REACHED_ANSWER ? "answers" : "takes connections");
	else if (visit->answered)
		findings_failed(findings, "server", url, visit->no_nonce);
	else
		findings_unknown(findings, "server", url,
				 "not known: the network process has ended");
	return reached;
}

/* True if TLS does not stand in the way. */
static bool tell_tls(const struct doctor *doctor, struct findings *findings, const char *url,
		     const struct visit *visit)
{
	if (!visit->tls)
		findings_unknown(findings, "tls", url,
				 "not encrypted: whoever is on the way can read the token, and use "
				 "it");
	else if (visit->reached < REACHED_TLS)
		findings_failed(findings, "tls", url, visit->no_nonce);
	else if (doctor->options->skip_verify)
		findings_ok(
			findings, "tls", url,
			"encrypted, but the certificate was not checked (-k)\nWhoever is on the "
			"way can answer in the server's name; --ca-file names its CA.");
	else
		findings_ok(findings, "tls", url, "encrypted, and the certificate is good");
	return !visit->tls || visit->reached >= REACHED_TLS;
}

static bool tell_nonce(struct findings *findings, const char *url, const struct visit *visit)
{
	if (visit->no_nonce != NULL)
		findings_failed(findings, "nonce", url, visit->no_nonce);
	else if (visit->valid_for < 0)
		findings_ok(findings, "nonce", url,
			    "a canonical UUID; the server does not say how long it is good");
	else
		findings_ok(findings, "nonce", url, "a canonical UUID, good for %lld seconds more",
			    (long long)visit->valid_for);
	return visit->no_nonce == NULL;
}

static void tell_refusal(struct findings *findings, const char *url, const struct visit *visit)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;

	refusal_set(&error, url, visit->nonce_changes);
	findings_failed(findings, "acceptance", url, error);
}

static void tell_acceptance(struct findings *findings, const char *url, const struct visit *visit)
{
	if (!visit->settled) {
		findings_unknown(findings, "acceptance", url,
				 "not known: the network process has ended");
		return;
	}
	if (visit->no_verdict != NULL) {
		findings_failed(findings, "acceptance", url, visit->no_verdict);
		return;
	}
	switch (visit->verdict) {
	case VERDICT_ACCEPTED:
		findings_ok(findings, "acceptance", url, "the server accepts the key's token");
		break;
	case VERDICT_REFUSED:
		tell_refusal(findings, url, visit);
		break;
	case VERDICT_EVERYONE:
		findings_unknown(
			findings, "acceptance", url,
			"not known: the server lets everyone in, without a token too\nIt "
			"runs without authentication; its --pub-key-file and --token-secret "
			"belong to one that asks.");
		break;
	case VERDICT_NONE:
		findings_unknown(findings, "acceptance", url,
				 "not known: no token could be made for the nonce");
		break;
	}
}

static void tell(struct round *round, size_t server)
{
	struct findings *findings = &round->doctor->findings;
	const struct visit *visit = &round->visits[server];
	CLEANUP(cleanup_text)
	char *shown = url_without_user(round->doctor->servers->urls[server]);
	const char *url = shown == NULL ? "" : shown;

	if (!tell_server(findings, url, visit)) {
		tell_unknown(findings, url, "not known: there is no connection", "tls", "nonce");
		tell_unknown(findings, url, "not known: there is no nonce", "acceptance", NULL);
	} else if (!tell_tls(round->doctor, findings, url, visit)) {
		tell_unknown(findings, url, "not known: nothing is asked without TLS", "nonce",
			     "acceptance");
	} else if (!tell_nonce(findings, url, visit)) {
		tell_unknown(findings, url, "not known: there is no nonce", "acceptance", NULL);
	} else {
		tell_acceptance(findings, url, visit);
	}
}

/* As far as no earlier server holds it up, and after the test signature. */
static void tell_ready(struct round *round)
{
	size_t count = round->doctor->servers->count;

	while (round->doctor->tested && round->next < count && round->visits[round->next].settled)
		tell(round, round->next++);
}

static void settle(struct round *round, struct visit *visit)
{
	visit->settled = true;
	if (++round->settled == round->doctor->servers->count)
		network_finish(round->doctor->fetch);
	tell_ready(round);
}

/* ---- What comes ---- */

/* Puts a token for the nonce on trial. */
static bool try_token(struct round *round, const struct network_answer *answer,
		      chronosign_error **error)
{
	struct doctor *doctor = round->doctor;
	CLEANUP(cleanup_text)
	char *url = url_without_user(doctor->servers->urls[answer->server]);
	CLEANUP(cleanup_text) char *whose = NULL;
	bool tested = doctor->tested;

	if (asprintf(&whose, "the nonce of %s", url == NULL ? "a server" : url) < 0)
		whose = NULL;
	CLEANUP(cleanup_text)
	char *token = doctor_sign(doctor, answer->nonce, whose == NULL ? "a nonce" : whose, error);
	/* The row of the test signature has this error already. */
	if (token == NULL && !tested && error != NULL && *error != NULL) {
		chronosign_error_free(*error);
		*error = NULL;
	}
	return token != NULL &&
	       network_try_token(doctor->fetch, answer->server, answer->nonce, token, error);
}

static void take_nonce(struct round *round, struct network_answer *answer)
{
	struct visit *visit = &round->visits[answer->server];
	bool again = visit->refused_nonce != NULL;

	if (!again) {
		visit->answered = true;
		visit->reached = answer->reached;
		visit->tls = answer->tls;
		visit->valid_for = answer->valid_for;
		visit->no_nonce = TAKE(answer->error);
	} else {
		visit->no_verdict = TAKE(answer->error);
	}
	if (again && visit->no_verdict == NULL && strcmp(visit->refused_nonce, answer->nonce) == 0)
		visit->verdict = VERDICT_REFUSED;
	else if (visit->no_nonce == NULL && visit->no_verdict == NULL &&
		 try_token(round, answer, &visit->no_verdict))
		return;
	settle(round, visit);
}

/* A token that is refused gets one more try, if the nonce was replaced meanwhile. */
static void take_verdict(struct round *round, struct network_answer *answer)
{
	struct visit *visit = &round->visits[answer->server];

	visit->no_verdict = TAKE(answer->error);
	if (answer->verdict == VERDICT_REFUSED && visit->refused_nonce == NULL) {
		visit->refused_nonce = strdup(answer->nonce);
		if (visit->refused_nonce != NULL &&
		    network_ask_again(round->doctor->fetch, answer->server, &visit->no_verdict))
			return;
	}
	visit->verdict = answer->verdict;
	visit->nonce_changes = visit->refused_nonce != NULL;
	settle(round, visit);
}

static void take_answers(struct round *round)
{
	CLEANUP(cleanup_error) chronosign_error *error = NULL;
	struct network_answer answer;

	while (network_next(round->doctor->fetch, &answer, &error)) {
		if (round->doctor->options->verbose && answer.trace[0] != '\0')
			report_detail("%s", answer.trace);
		if (answer.about == NETWORK_ANSWER_CHECK)
			take_verdict(round, &answer);
		else
			take_nonce(round, &answer);
		network_answer_clear(&answer);
	}
	if (error != NULL)
		findings_failed(&round->doctor->findings, "server", "network process", error);
}

void doctor_visit_servers(struct doctor *doctor)
{
	size_t count = doctor->servers->count;
	struct round round = {.doctor = doctor, .visits = calloc(count, sizeof *round.visits)};

	if (round.visits == NULL) {
		report_error("out of memory");
		doctor->findings.unwritten = true;
		return;
	}
	take_answers(&round);
	doctor_sign_alone(doctor);
	/* Those that the network process has left behind, too. */
	while (round.next < count)
		tell(&round, round.next++);
	for (size_t i = 0; i < count; i++) {
		chronosign_error_free(round.visits[i].no_nonce);
		chronosign_error_free(round.visits[i].no_verdict);
		free(round.visits[i].refused_nonce);
	}
	free(round.visits);
}
