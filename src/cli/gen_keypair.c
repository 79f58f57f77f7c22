/* `chronoctl gen-keypair`: a new key pair, in two files or inside a token. */
#include "base/cleanup.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/key.h"
#include "cli/new_pair.h"
#include "cli/prompt.h"
#include "cli/report.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool goes_into_token(const struct options *options)
{
	return strncasecmp(options->out, "pkcs11:", strlen("pkcs11:")) == 0;
}

static bool check(const struct options *options, struct chronosign_error **error)
{
	if (!goes_into_token(options) && !options->encrypt && options->pin_source != NULL)
		return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
					    "--pin-source is the passphrase of a file that "
					    "--encrypt encrypts; without --encrypt the key would "
					    "be written unencrypted");
	if (!goes_into_token(options) && options->pub_key_out != NULL)
		return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
					    "--pub-key-out is for a pair in a token; the public "
					    "half of a file is written to FILE.pub");
	if (!goes_into_token(options) && options->allow_decrypt)
		return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
					    "--allow-decrypt is for a pair in a token; nothing "
					    "limits what a key in a file does");
	return true;
}

static bool order(struct key_pair *pair, const struct options *options, void *context,
		  struct chronosign_error **error)
{
	(void)context;
	const struct new_key wanted = {options->bits, options->encrypt, options->allow_decrypt};

	return key_pair_order(pair, &wanted, error);
}

/* The file of the public half; NULL: there is none, or no memory. */
static char *public_file(const struct options *options, const char *reference)
{
	if (!goes_into_token(options))
		return text_format("%s.pub", reference);
	return options->pub_key_out == NULL ? NULL : strdup(options->pub_key_out);
}

/* As it is: not all file systems have modes. */
static char *mode_of(const char *path)
{
	struct stat status;

	return stat(path, &status) != 0 ? strdup("")
					: text_format(" (mode %04o)", status.st_mode & 07777);
}

static void tell(const struct options *options, const char *reference)
{
	CLEANUP(cleanup_text) char *half = public_file(options, reference);
	CLEANUP(cleanup_text) char *word = text_shell_word(half == NULL ? reference : half);
	CLEANUP(cleanup_text) char *mode = mode_of(reference);

	if (word == NULL || mode == NULL)
		return;
	if (!goes_into_token(options))
		report_note("the private key is in '%s'%s, its public half in '%s.pub': "
			    "start Chronograf with --pub-key-file %s",
			    reference, mode, reference, word);
	else if (half != NULL)
		report_note("the private key is in the token, its public half in '%s': start "
			    "Chronograf with --pub-key-file %s",
			    half, word);
	else
		report_note("the private key is in the token; `chronoctl pub-key --priv-key-file "
			    "%s` prints its public half for Chronograf",
			    word);
}

static bool make(struct options *options, int output, struct chronosign_error **error)
{
	if (!check(options, error))
		return false;
	CLEANUP(cleanup_key)
	struct chronosign_key *where = key_from_reference(options, options->out, error);
	if (where == NULL)
		return false;
	if (options->encrypt && !options->no_prompt && prompt_possible())
		chronosign_key_set_prompt(where, prompt_for_new_passphrase, NULL);
	const struct new_pair_plan plan = {
		.where = where,
		.progress = goes_into_token(options)
				    ? "making the key in the token; a card may take minutes"
				    : "making the key",
		.pub_key_out = options->pub_key_out,
		.order = order,
	};
	CLEANUP(cleanup_text) char *reference = new_pair_make(&plan, options, output, error);
	if (reference != NULL)
		tell(options, reference);
	return reference != NULL;
}

int gen_keypair_run(struct options *options)
{
	return new_pair_run(options, make);
}
