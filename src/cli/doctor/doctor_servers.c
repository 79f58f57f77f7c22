/*
 * doctor's servers: fetches their nonces, tries a token on each, and prints four rows for each
 * server, in their order. Only their nonces are signed.
 */
#include "cli/doctor/doctor.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "chronograf/server.h"
#include "cli/refusal.h"
#include "cli/report.h"
#include "cli/round.h"

#include <string.h>
#include <time.h>

/* The state of a server until it is reported. */
struct visit {
	bool settled;
	bool answered; /* its first answer has come */
	enum reached reached;
	bool tls;
	char release[sizeof((struct network_answer *)0)->release]; /* of the first answer */
	int64_t valid_for;
	bool at_least;
	struct chronosign_error *no_nonce;
	struct chronosign_error
		*no_verdict; /* the trial failed, or was not possible; or a refusal */
};

struct visits {
	struct doctor *doctor;
	struct round round;
	struct visit *list;
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

static void tell_release(struct findings *findings, const char *url, const char *release)
{
	CLEANUP(cleanup_text) char *quoted = text_quoted(release, strlen(release));

	findings_ok(findings, "server", url, "answers, and says that it is Chronograf %s",
		    quoted == NULL ? "" : quoted);
}

static void tell_answer(struct findings *findings, const char *url, const struct visit *visit)
{
	if (visit->reached != REACHED_ANSWER)
		findings_ok(findings, "server", url, "takes connections");
	else if (visit->release[0] == '\0')
		findings_ok(findings, "server", url,
			    "answers; nothing says that it is Chronograf (no " SERVER_RELEASE_HEADER
			    ")");
	else
		tell_release(findings, url, visit->release);
}

/* True if there is a connection to the server. */
static bool tell_server(struct findings *findings, const char *url, const struct visit *visit)
{
	bool reached = visit->reached != REACHED_NOTHING;

	if (reached)
		tell_answer(findings, url, visit);
	else if (visit->answered)
		findings_failed(findings, "server", url, visit->no_nonce);
	else
		findings_unknown(findings, "server", url,
				 "not known: the network process has ended");
	return reached;
}

/* True if TLS works, or is not used. */
static bool tell_tls(const struct doctor *doctor, struct findings *findings, const char *url,
		     const struct visit *visit)
{
	/* A server may have led from http to https, and the first question was in the open. */
	bool in_the_open = !visit->tls || strncasecmp(url, "https://", strlen("https://")) != 0;

	if (visit->tls && visit->reached < REACHED_TLS)
		findings_failed(findings, "tls", url, visit->no_nonce);
	else if (in_the_open)
		findings_unknown(
			findings, "tls", url,
			"not encrypted: anyone on the network path can read the token, and use it");
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
		findings_ok(findings, "nonce", url,
			    "a canonical UUID, good for %s%lld seconds more",
			    visit->at_least ? "at least " : "", (long long)visit->valid_for);
	return visit->no_nonce == NULL;
}

/* The duration is by the server's clock; the time of day is by this machine's, in its zone. */
static void tell_accepted(struct findings *findings, const char *url,
			  const struct exchange *exchange)
{
	int64_t left = exchange_seconds_left(exchange, milliseconds());
	time_t next = time(NULL) + left;
	struct tm local;
	char text[sizeof "00:00:00"];

	if (left < 0 || exchange->at_least || localtime_r(&next, &local) == NULL ||
	    strftime(text, sizeof text, "%H:%M:%S", &local) == 0)
		findings_ok(findings, "acceptance", url, "the server accepts the key's token");
	else
		findings_ok(findings, "acceptance", url,
			    "the server accepts the key's token; a token is good for %lld s more, "
			    "the next nonce comes at %s",
			    (long long)left, text);
}

static void tell_acceptance(struct findings *findings, const char *url, const struct visit *visit,
			    const struct exchange *exchange)
{
	if (!visit->settled)
		findings_unknown(findings, "acceptance", url,
				 "not known: the network process has ended");
	else if (visit->no_verdict != NULL)
		findings_failed(findings, "acceptance", url, visit->no_verdict);
	else if (exchange->verdict == VERDICT_ACCEPTED)
		tell_accepted(findings, url, exchange);
	else if (exchange->verdict == VERDICT_EVERYONE)
		findings_unknown(
			findings, "acceptance", url,
			"not known: the server lets everyone in, even without a token\nIt "
			"runs without authentication; its --pub-key-file and --token-secret "
			"belong to one that asks.");
	else
		findings_unknown(findings, "acceptance", url,
				 "not known: no token could be made for the nonce");
}

static void tell(struct visits *visits, size_t server)
{
	struct findings *findings = visits->doctor->findings;
	const struct visit *visit = &visits->list[server];
	const struct exchange *exchange = &visits->round.exchanges.exchanges[server];
	CLEANUP(cleanup_text)
	char *shown = url_without_user(visits->doctor->servers->urls[server]);
	const char *url = shown == NULL ? "" : shown;

	if (!tell_server(findings, url, visit)) {
		tell_unknown(findings, url, "not known: there is no connection", "tls", "nonce");
		tell_unknown(findings, url, "not known: there is no nonce", "acceptance", NULL);
	} else if (!tell_tls(visits->doctor, findings, url, visit)) {
		tell_unknown(findings, url, "not known: nothing is asked without TLS", "nonce",
			     "acceptance");
	} else if (!tell_nonce(findings, url, visit)) {
		tell_unknown(findings, url, "not known: there is no nonce", "acceptance", NULL);
	} else {
		tell_acceptance(findings, url, visit, exchange);
	}
}

/*
 * Once all earlier servers are reported, after the test signature, and after the last server's
 * first answer, which may show that it gives out another's nonce.
 */
static void tell_ready(struct visits *visits)
{
	size_t count = visits->doctor->servers->count;

	while (visits->doctor->tested && exchange_list_is_heard(&visits->round.exchanges) &&
	       visits->next < count && visits->list[visits->next].settled)
		tell(visits, visits->next++);
}

/* ---- The handlers of the round ---- */

/* What is set last counts: a server on trial may fail, and then turn out to share its nonce. */
static struct chronosign_error **no_verdict(struct visits *visits, size_t server)
{
	struct chronosign_error **error = &visits->list[server].no_verdict;

	chronosign_error_free(TAKE(*error));
	return error;
}

static char *sign(void *context, size_t server, const char *nonce)
{
	struct visits *visits = context;
	struct doctor *doctor = visits->doctor;
	CLEANUP(cleanup_text) char *url = url_without_user(doctor->servers->urls[server]);
	CLEANUP(cleanup_text) char *whose = NULL;
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	bool tested = doctor->tested;

	if (asprintf(&whose, "the nonce of %s", url == NULL ? "a server" : url) < 0)
		whose = NULL;
	char *token = doctor_sign(doctor, nonce, whose == NULL ? "a nonce" : whose, &error);
	/* The row of the test signature already shows the error. */
	if (tested)
		*no_verdict(visits, server) = TAKE(error);
	return token;
}

static void heard(void *context, struct network_answer *answer)
{
	struct visits *visits = context;
	struct visit *visit = &visits->list[answer->server];

	if (visit->answered) {
		if (answer->error != NULL)
			*no_verdict(visits, answer->server) = TAKE(answer->error);
		return;
	}
	visit->answered = true;
	visit->reached = answer->reached;
	visit->tls = answer->tls;
	visit->valid_for = answer->valid_for;
	visit->at_least = answer->at_least;
	memcpy(visit->release, answer->release, sizeof visit->release);
	visit->no_nonce = TAKE(answer->error);
}

static void settled(void *context, size_t server, enum exchange_due how,
		    const struct chronosign_error *error)
{
	struct visits *visits = context;
	const struct exchange_list *exchanges = &visits->round.exchanges;
	char **urls = visits->doctor->servers->urls;

	(void)error; /* `heard` has taken it over */
	if (how == DUE_REFUSED)
		refusal_set(no_verdict(visits, server), urls[server],
			    &exchanges->exchanges[server]);
	else if (how == DUE_SHARED)
		shared_nonce_set(no_verdict(visits, server), urls[server],
				 urls[exchange_list_twin(exchanges, server)]);
	visits->list[server].settled = true;
	tell_ready(visits);
}

static const struct round_handlers handlers = {heard, sign, settled};

static void visit_all(struct visits *visits)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct doctor *doctor = visits->doctor;

	if (!round_run(&visits->round, &error))
		findings_failed(doctor->findings, "server", "network process", error);
	doctor_sign_alone(doctor);
	/* Including those that the network process has not finished. */
	while (visits->next < doctor->servers->count)
		tell(visits, visits->next++);
}

void doctor_visit_servers(struct doctor *doctor)
{
	size_t count = doctor->servers->count;
	struct visits visits = {
		.doctor = doctor,
		.list = calloc(count, sizeof *visits.list),
		.round = {.key = chronosign_key_name(doctor->key),
			  .network = doctor->network,
			  .servers = doctor->servers,
			  .options = doctor->options,
			  .handlers = &handlers,
			  .context = &visits},
	};

	if (visits.list != NULL && round_begin(&visits.round, true, doctor->started_at)) {
		visit_all(&visits);
	} else {
		report_error("out of memory");
		doctor->findings->unwritten = true;
	}
	for (size_t i = 0; visits.list != NULL && i < count; i++) {
		chronosign_error_free(visits.list[i].no_nonce);
		chronosign_error_free(visits.list[i].no_verdict);
	}
	free(visits.list);
	round_end(&visits.round);
}
