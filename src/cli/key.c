/* From options to a struct chronosign_key. */
#include "cli/key.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/audit.h"
#include "cli/prompt.h"
#include "cli/report.h"
#include "cli/supervisor.h"
#include "cli/waiting.h"
#include "key/files.h"
#include "key/pin_source.h"
#include "pkcs11/module.h"

static void tell(void *context, enum chronosign_notice_level level, const char *message)
{
	const struct options *options = context;

	if (options->verbose)
		supervisor_let_noise_pass(options->supervisor);
	switch (level) {
	case CHRONOSIGN_NOTICE_DETAIL:
		if (options->verbose)
			report_detail("%s", message);
		break;
	case CHRONOSIGN_NOTICE_ACTION:
		report_error("%s", message);
		break;
	case CHRONOSIGN_NOTICE_WARNING:
		report_warning("%s", message);
		break;
	}
}

static void begin_call(void *context, const char *module, const char *function)
{
	const struct options *options = context;

	supervisor_watch.begin(options->supervisor, module, function);
}

static void end_call(void *context, const char *module, const char *function, unsigned long result)
{
	const struct options *options = context;

	supervisor_watch.end(options->supervisor, module, function, result);
}

static void login_refused(const struct chronosign_key *key)
{
	audit_login_failed(chronosign_key_name(key));
}

static const struct chronosign_watch watch = {begin_call, end_call};

static void lend(void *context, bool lent)
{
	const struct options *options = context;

	supervisor_set_lent(options->supervisor, lent);
	waiting_lend(lent);
}

void key_hear(struct chronosign_key *key, struct options *options)
{
	chronosign_key_set_notice(key, tell, options);
	key_set_lend(key, lend, options);
	key_set_login_refused(key, login_refused);
	key_set_command_stderr(key, report_descriptor());
	key_warn_of_files(key);
}

struct chronosign_key *key_from_reference(struct options *options, char *reference,
					  struct chronosign_error **error)
{
	CLEANUP(cleanup_key) struct chronosign_key *key = chronosign_key_new(reference, error);

	if (key == NULL)
		return NULL;
	const char *source = options->given.pin == NULL ? options->pin_source : NULL;
	if (!chronosign_key_set_pin_source(key, source) ||
	    !chronosign_key_set_module_path(key, options->pkcs11_module)) {
		error_out_of_memory(error);
		return NULL;
	}
	chronosign_key_set_pin(key, TAKE(options->given.pin));
	chronosign_key_set_force_login(key, options->force_login);
	key_hear(key, options);
	if (!pin_source_is_passed(key, error))
		return NULL;
	const struct pkcs11_module_choice choice = pkcs11_module_choice(key);
	if (choice.path == NULL && choice.name == NULL)
		supervisor_take_any_module(options->supervisor);
	chronosign_key_set_watch(key, &watch, options);
	if (!options->no_prompt && prompt_possible())
		chronosign_key_set_prompt(key, prompt_for_pin, NULL);
	return TAKE(key);
}

static bool choose_signer(struct chronosign_key *key, const struct options *options)
{
	bool good = chronosign_key_set_backend(key, options->signer) &&
		    chronosign_key_set_engine(key, options->engine);

	for (size_t i = 0; i < options->providers.count; i++)
		good = good && chronosign_key_add_provider(key, options->providers.list[i]);
	return good;
}

struct chronosign_key *key_from_options(struct options *options, struct chronosign_error **error)
{
	if (options->priv_key_file == NULL) {
		chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				     "no private key: give --priv-key-file KEY (a file, or a "
				     "pkcs11: URI) or set PRIV_KEY_FILE");
		return NULL;
	}
	CLEANUP(cleanup_key)
	struct chronosign_key *key = key_from_reference(options, options->priv_key_file, error);
	if (key == NULL)
		return NULL;
	if (!choose_signer(key, options)) {
		error_out_of_memory(error);
		return NULL;
	}
	return TAKE(key);
}

struct chronosign_signer *key_open(const struct chronosign_key *key,
				   struct chronosign_error **error)
{
	CLEANUP(waiting_end)
	struct waiting before = waiting_for(NULL, "opening the key '%s'", chronosign_key_name(key));

	return chronosign_signer_open(key, error);
}

char *key_sign(struct chronosign_signer *signer, const char *nonce, struct chronosign_error **error)
{
	CLEANUP(waiting_end) struct waiting before = waiting_for(NULL, "signing");

	return chronosign_token_make(signer, nonce, error);
}
