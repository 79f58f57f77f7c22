/*
 * `chronoctl doctor`: walks the chain from the module to the signature, then to each server, and
 * reports on each link. What depends on a broken link is not guessed. doctor_servers.c handles the
 * servers.
 */
#include "cli/doctor/doctor.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fips.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/command.h"
#include "cli/key.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/supervisor.h"
#include "cli/waiting.h"
#include "keystore/survey.h"

#include <chronosign/public_half.h>
#include <openssl/rand.h>
#include <string.h>

/* ---- OpenSSL ---- */

/* A fact, not a fault: the machine's configuration decides. */
static void tell_openssl(struct doctor *doctor)
{
	static const char *const words[] = {
		"no FIPS provider is active, neither in chronoctl nor in the network program",
		"a FIPS provider is active in the network program, and not in chronoctl",
		"a FIPS provider is active in chronoctl, and not in the network program",
		"a FIPS provider is active, in chronoctl and in the network program",
	};

	findings_ok(doctor->findings, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING), "%s",
		    words[2 * fips_is_active() + network_has_fips(doctor->network)]);
}

/* ---- Module, token, PIN ---- */

/* In full for programs, and for who wants to know all. */
static const char *uri_of(const struct doctor *doctor, const struct surveyed_token *token)
{
	return doctor->findings->text && !doctor->options->verbose ? token->uri : token->full_uri;
}

static void tell_rest_unknown(struct doctor *doctor, const char *why, const char *const *links,
			      size_t count)
{
	for (size_t i = 0; i < count; i++)
		findings_unknown(doctor->findings, links[i], "", "%s", why);
}

#define UNKNOWN(doctor, why, ...) \
	tell_rest_unknown((doctor), (why), (const char *const[]){__VA_ARGS__}, \
			  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void tell_unloadable(struct doctor *doctor, const char *unloadable)
{
	CLEANUP(cleanup_text) char *lines = unloadable == NULL ? NULL : strdup(unloadable);
	char *rest = NULL;

	for (char *line = lines == NULL ? NULL : strtok_r(lines, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		findings_unknown(doctor->findings, "module", "", "registered, but not loaded: %s",
				 line + strspn(line, " "));
}

/* A registered module that does not work is not a fault if another one has the token. */
static void tell_module(void *context, const char *module, const char *failure)
{
	struct doctor *doctor = context;
	CLEANUP(cleanup_text) char *name = text_printable(module, strlen(module), false);

	if (failure != NULL)
		findings_unknown(doctor->findings, "module", name == NULL ? "" : name,
				 "not in use: %s", failure);
	else
		findings_ok(doctor->findings, "module", name == NULL ? "" : name,
			    "loaded and initialised");
	doctor->has_module = doctor->has_module || failure == NULL;
}

static bool tell_modules(struct doctor *doctor, const struct survey *survey)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	tell_unloadable(doctor, survey->unloadable);
	if (doctor->has_module)
		return true;
	chronosign_error_set(&error, CHRONOSIGN_ERROR_KEY,
			     "no PKCS#11 module works\nName one by --pkcs11-module, or register "
			     "one with p11-kit (`p11-kit list-modules`).");
	findings_failed(doctor->findings, "module", "", error);
	return false;
}

static bool tell_tokens(struct doctor *doctor, const struct survey *survey)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	for (size_t i = 0; i < survey->left_out_count; i++)
		findings_unknown(doctor->findings, "token", survey->left_out[i].what,
				 "not this one: %s (%s)", survey->left_out[i].reason,
				 survey->left_out[i].module);
	for (size_t i = 0; i < survey->token_count; i++)
		findings_ok(doctor->findings, "token", uri_of(doctor, &survey->tokens[i]),
			    "%s (%s)",
			    i == survey->chosen                     ? "the key is looked for here"
			    : survey->chosen == survey->token_count ? "may hold the key"
								    : "another one is surer to "
								      "hold the key",
			    survey->tokens[i].module);
	if (survey->token_count > 0)
		return true;
	chronosign_error_set(&error, CHRONOSIGN_ERROR_KEY,
			     "no token matches '%s'\nIs it plugged in and initialised? `chronoctl "
			     "list-keys` shows what is there.",
			     chronosign_key_name(doctor->key));
	findings_failed(doctor->findings, "token", "", error);
	return false;
}

/* For a token whose login is not tried. */
static void tell_no_try(struct doctor *doctor, const struct surveyed_token *token)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	chronosign_error_set(&error, CHRONOSIGN_ERROR_KEY,
			     "%s; no login is tried\nIf the token is wrong about that, or the try "
			     "is to be spent: --force-login",
			     token->warning);
	findings_failed(doctor->findings, "pin", uri_of(doctor, token), error);
}

/* Told when the key was looked for, and no login has failed. NULL: it is not certain which token is meant. */
static void tell_pin(struct doctor *doctor, const struct surveyed_token *token)
{
	struct findings *findings = doctor->findings;

	if (token == NULL)
		UNKNOWN(doctor, "not known: it is not certain which token is meant", "pin");
	else if (!token->needs_login)
		findings_unknown(findings, "pin", uri_of(doctor, token),
				 "not needed: the token asks for no login");
	else
		findings_ok(findings, "pin", uri_of(doctor, token), "%s%s",
			    token->warning == NULL ? "the token accepts logins" : token->warning,
			    token->pin_pad ? "; the reader can ask for it" : "");
}

/* ---- Mechanism ---- */

/* A list may omit mechanisms that work: if a token lists none, the test signature decides. NULL:
 * it is not certain which token is meant. */
static void tell_mechanisms(struct doctor *doctor, const struct surveyed_token *token)
{
	struct findings *findings = doctor->findings;

	if (token == NULL)
		UNKNOWN(doctor, "not known: it is not certain which token is meant", "mechanism");
	else if (!token->mechanisms_known)
		findings_unknown(findings, "mechanism", uri_of(doctor, token),
				 "not known: the token does not list its mechanisms");
	else if (token->mechanisms != NULL)
		findings_ok(findings, "mechanism", uri_of(doctor, token), "%s", token->mechanisms);
	else if (doctor->can_sign)
		doctor->without_mechanism = strdup(uri_of(doctor, token));
	else
		findings_unknown(findings, "mechanism", uri_of(doctor, token),
				 "the token lists none that would do; not known whether it signs");
}

static void tell_lack(struct doctor *doctor, const char *uri, bool signed_it)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	if (signed_it) {
		findings_unknown(doctor->findings, "mechanism", uri,
				 "the token lists none that would do, but signs");
		return;
	}
	chronosign_error_set(&error, CHRONOSIGN_ERROR_KEY,
			     "the token lists none of CKM_SHA256_RSA_PKCS, CKM_RSA_PKCS and "
			     "CKM_RSA_X_509 for signing\nThe token cannot make Chronograf's "
			     "signature, unless its configuration or firmware can be told to.");
	findings_failed(doctor->findings, "mechanism", uri, error);
}

/* ---- Key, signature, public half ---- */

static void tell_key(struct doctor *doctor, const struct chronosign_error *error)
{
	const char *name = chronosign_key_name(doctor->key);

	if (doctor->can_sign)
		findings_ok(doctor->findings, "key", name, "found and open: RSA of %d bits",
			    EVP_PKEY_get_bits(chronosign_signer_public_key(doctor->signer)));
	else
		findings_failed(doctor->findings, "key", name, error);
}

/* Searches for the key; *error is why it could not be opened. True if that is the PIN or
 * passphrase, whose row has been told, and the key's with it: one error is about one of them. */
static bool open_key(struct doctor *doctor, const char *subject, struct chronosign_error **error)
{
	doctor->signer = key_open(doctor->key, error);
	doctor->can_sign = doctor->signer != NULL;
	if (doctor->can_sign || !error_is_of_login(*error))
		return false;
	findings_failed(doctor->findings, "pin", subject, *error);
	UNKNOWN(doctor, "not known: the key is not open", "key");
	return true;
}

static void walk_login(struct doctor *doctor, const struct surveyed_token *token)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	if (open_key(doctor, token == NULL ? "" : uri_of(doctor, token), &error))
		return;
	tell_pin(doctor, token);
	tell_key(doctor, error);
}

static char *hexadecimal(const unsigned char *bytes, size_t length)
{
	char *text = calloc(2 * length + 1, 1);

	for (size_t i = 0; text != NULL && i < length; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

static void tell_public_half(struct doctor *doctor)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	const char *name = chronosign_key_name(doctor->key);
	CLEANUP(cleanup_text)
	char *pem = chronosign_public_half_pem(chronosign_signer_public_key(doctor->signer),
					       CHRONOSIGN_PUBLIC_HALF_CHRONOGRAF, &error);
	unsigned char digest[32];

	if (pem == NULL) {
		findings_failed(doctor->findings, "public-half", name, error);
		return;
	}
	if (EVP_Digest(pem, strlen(pem), digest, NULL, EVP_sha256(), NULL) != 1)
		memset(digest, 0, sizeof digest);
	CLEANUP(cleanup_text) char *text = hexadecimal(digest, sizeof digest);
	findings_ok(doctor->findings, "public-half", name,
		    "belongs to the key; of what `chronoctl pub-key` prints, and a server's "
		    "--pub-key-file should hold, sha256sum says %s",
		    text == NULL ? "nothing: out of memory" : text);
}

static void tell_signature(struct doctor *doctor, const char *whose,
			   const struct chronosign_error *error)
{
	const char *name = chronosign_key_name(doctor->key);

	if (doctor->without_mechanism != NULL)
		tell_lack(doctor, doctor->without_mechanism, error == NULL);
	if (error != NULL) {
		findings_failed(doctor->findings, "signature", name, error);
		UNKNOWN(doctor, "not known: there is no signature that it verifies", "public-half");
		return;
	}
	findings_ok(doctor->findings, "signature", name,
		    "made over %s, and verified by the public half", whose);
	tell_public_half(doctor);
}

char *doctor_sign(struct doctor *doctor, const char *nonce, const char *whose,
		  struct chronosign_error **error)
{
	CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;

	if (!doctor->can_sign)
		return NULL;
	char *token = key_sign(doctor->signer, nonce, &reason);
	doctor->can_sign = token != NULL;
	if (!doctor->tested)
		tell_signature(doctor, whose, reason);
	doctor->tested = true;
	if (token == NULL)
		error_move(error, &reason);
	return token;
}

/* A version 4 UUID as Chronograf makes them (RFC 9562 §5.4), used if no server gives one. */
static bool make_nonce(char nonce[static UUID_LENGTH + 1])
{
	unsigned char bytes[16];

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	for (size_t i = 0, at = 0; i < sizeof bytes; i++) {
		at += (size_t)snprintf(nonce + at, UUID_LENGTH + 1 - at, "%02x", bytes[i]);
		if (i == 3 || i == 5 || i == 7 || i == 9)
			nonce[at++] = '-';
	}
	return true;
}

/* ---- The chain ---- */

/* True if the key can be searched for; *token is where, NULL if that is not certain. */
static bool tell_survey(struct doctor *doctor, const struct survey *survey,
			const struct surveyed_token **token)
{
	if (!tell_modules(doctor, survey)) {
		UNKNOWN(doctor, "not known: there is no module", "token", "pin", "key",
			"mechanism");
		return false;
	}
	if (!tell_tokens(doctor, survey)) {
		UNKNOWN(doctor, "not known: there is no token", "pin", "key", "mechanism");
		return false;
	}
	if (survey->chosen == survey->token_count)
		return true;
	*token = &survey->tokens[survey->chosen];
	if (!(*token)->login_refused)
		return true;
	tell_no_try(doctor, *token);
	UNKNOWN(doctor, "not known: no login is tried", "key");
	tell_mechanisms(doctor, *token);
	return false;
}

static void tell_no_survey(struct doctor *doctor, const struct chronosign_error *error)
{
	static const char unnamed[] = "not known: the key is not named rightly";

	if (chronosign_error_get_kind(error) == CHRONOSIGN_ERROR_USAGE) {
		UNKNOWN(doctor, unnamed, "module", "token", "pin");
		findings_failed(doctor->findings, "key", chronosign_key_name(doctor->key), error);
		UNKNOWN(doctor, unnamed, "mechanism");
		return;
	}
	findings_failed(doctor->findings, "module", "", error);
	UNKNOWN(doctor, "not known: there is no module", "token", "pin", "key", "mechanism");
}

/* The key is opened over the modules that the survey has opened. */
static void walk_token(struct doctor *doctor)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(waiting_end)
	struct waiting before = waiting_for(NULL, "looking at modules and tokens");
	CLEANUP(cleanup_survey)
	struct survey *survey = survey_make(doctor->key, tell_module, doctor, &error);
	const struct surveyed_token *token = NULL;

	if (survey == NULL) {
		tell_no_survey(doctor, error);
	} else if (tell_survey(doctor, survey, &token)) {
		walk_login(doctor, token);
		tell_mechanisms(doctor, token);
	}
}

static void walk_other(struct doctor *doctor, const char *why)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	UNKNOWN(doctor, why, "module", "token");
	if (!open_key(doctor, chronosign_key_name(doctor->key), &error)) {
		UNKNOWN(doctor, why, "pin");
		tell_key(doctor, error);
	}
	UNKNOWN(doctor, why, "mechanism");
}

/* From the module to the key; the signature waits for a server's nonce. */
static void walk_key(struct doctor *doctor)
{
	enum key_kind kind = key_kind(doctor->key);

	if (kind == KEY_IN_FILE)
		walk_other(doctor, "not needed: the key is in a file");
	else if (kind == KEY_IN_STORE || strcmp(doctor->options->signer, "provider") == 0)
		walk_other(doctor, "not known: OpenSSL reaches the key its own way");
	else
		walk_token(doctor);
	if (doctor->can_sign)
		return;
	UNKNOWN(doctor, "not known: the key is not open", "signature", "public-half");
	doctor->tested = true;
}

void doctor_sign_alone(struct doctor *doctor)
{
	char nonce[UUID_LENGTH + 1] = "";

	if (doctor->tested || !make_nonce(nonce))
		return;
	CLEANUP(cleanup_text)
	char *token =
		doctor_sign(doctor, nonce, "a nonce made up here, as no server gave one", NULL);
	const struct audit_signature signature = {.key = chronosign_key_name(doctor->key),
						  .nonce = nonce};
	if (token != NULL)
		audit_signed(&signature);
}

/*
 * In the order of `token`: the PIN leaves the environment, the network process starts, the key is
 * opened. What a module breaks after the findings are printed is not a finding any more. With
 * *error set: the request cannot be examined at all.
 */
static int examine(struct doctor *doctor, struct options *options, struct chronosign_error **error)
{
	CLEANUP(cleanup_key) struct chronosign_key *key = key_from_options(options, error);
	if (key == NULL)
		return EXIT_OTHER;
	key_set_one_login(key);
	doctor->started_at = milliseconds();
	CLEANUP(cleanup_network)
	struct network *network = servers_ask(doctor->servers, options, ASK_AS_DOCTOR, error);
	if (network == NULL || !network_await(network, error))
		return EXIT_OTHER;
	doctor->key = key;
	doctor->network = network;
	tell_openssl(doctor);
	walk_key(doctor);
	doctor_visit_servers(doctor);
	int status = findings_end(doctor->findings);
	supervisor_set_outcome(options->supervisor, status);
	chronosign_signer_close(doctor->signer);
	free(doctor->without_mechanism);
	return status;
}

int doctor_run(struct options *options)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_descriptor) int output = output_set_aside();
	CLEANUP(servers_free) struct servers servers = {0};
	struct doctor doctor = {
		.options = options,
		.servers = &servers,
		.findings = supervisor_room(options->supervisor),
	};

	if (output < 0)
		return EXIT_OTHER;
	if (!servers_from_options(options, &servers, &error))
		return report_failure(error);
	findings_begin(doctor.findings, options->output, output);
	int status = examine(&doctor, options, &error);
	return error == NULL ? status : report_failure(error);
}

bool doctor_tell_end(void *room, const char *module, const char *fact)
{
	return findings_end_early(room, module, fact);
}
