/* `chronoctl import-key`: moves the key of a file into a token, where it stays. */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/key.h"
#include "cli/new_pair.h"
#include "cli/prompt.h"
#include "cli/report.h"
#include "key/pin.h"

/* The PIN sources are for the token, and are not tried as passphrases of this file. */
static struct chronosign_secret *no_passphrase(void *context,
					       const struct chronosign_prompt_request *request,
					       struct chronosign_error **error)
{
	(void)context;
	chronosign_error_set(error, CHRONOSIGN_ERROR_KEY,
			     "the key file '%s' needs a passphrase; give one by "
			     "--passphrase-source (" PIN_SOURCE_FORMS ")",
			     request->key);
	return NULL;
}

static struct chronosign_key *file_from_options(struct options *options,
						struct chronosign_error **error)
{
	if (options->priv_key_file == NULL || options->to == NULL) {
		chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				     "import-key needs --priv-key-file FILE, and --to "
				     "'pkcs11:token=TOKEN;object=LABEL'");
		return NULL;
	}
	CLEANUP(cleanup_key)
	struct chronosign_key *file = chronosign_key_new(options->priv_key_file, error);
	if (file == NULL)
		return NULL;
	if (options->given.passphrase != NULL) {
		chronosign_key_set_pin(file, TAKE(options->given.passphrase));
	} else if (!chronosign_key_set_pin_source(file, options->passphrase_source)) {
		error_out_of_memory(error);
		return NULL;
	}
	key_hear(file, options);
	bool may_ask = !options->no_prompt && prompt_possible();
	chronosign_key_set_prompt(file, may_ask ? prompt_for_pin : no_passphrase, NULL);
	return TAKE(file);
}

static bool order(struct key_pair *pair, const struct options *options, void *context,
		  struct chronosign_error **error)
{
	(void)options;
	return key_pair_order_import(pair, context, error);
}

static void tell(const struct chronosign_key *file, const char *reference)
{
	const char *name = chronosign_key_name(file);
	CLEANUP(cleanup_text) char *path = text_shell_word(file->path);
	CLEANUP(cleanup_text) char *key = text_shell_word(reference);

	report_note("the key of '%s' is in the token now, and a signature made there verifies; the "
		    "server needs no new configuration",
		    name);
	report_warning("the file '%s' still exists, and anyone who reads it is a superadmin. Try "
		       "`chronoctl token --priv-key-file %s`, then keep one copy offline or "
		       "none, and remove the file: shred -u -- %s. Copies in backups remain; a key "
		       "that never was in a file is made by gen-keypair",
		       name, key == NULL ? "URI" : key, path == NULL ? "FILE" : path);
}

static bool make(struct options *options, int output, struct chronosign_error **error)
{
	CLEANUP(cleanup_key) struct chronosign_key *file = file_from_options(options, error);
	if (file == NULL)
		return false;
	CLEANUP(cleanup_key)
	struct chronosign_key *where = key_from_reference(options, options->to, error);
	if (where == NULL)
		return false;
	const struct new_pair_plan plan = {
		.where = where,
		.progress = "storing the key in the token",
		.order = order,
		.context = file,
	};
	CLEANUP(cleanup_text) char *reference = new_pair_make(&plan, options, output, error);
	if (reference != NULL)
		tell(file, reference);
	return reference != NULL;
}

int import_key_run(struct options *options)
{
	return new_pair_run(options, make);
}
