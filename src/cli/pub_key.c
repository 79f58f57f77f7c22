/* `chronoctl pub-key`: the public half of a key, in the form that a server reads. */
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/key.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/waiting.h"
#include "keystore/public_half_file.h"

#include <string.h>

static bool print(const EVP_PKEY *half, enum chronosign_public_half_form form, int output,
		  struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *pem = chronosign_public_half_pem(half, form, error);

	if (pem == NULL)
		return false;
	pem[strlen(pem) - 1] = '\0'; /* its newline is the line's */
	return output_write_line(output, pem) ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
				    "the public key is not written whole");
}

static bool run(struct options *options, int output, struct chronosign_error **error)
{
	enum chronosign_public_half_form form = options->format;
	CLEANUP(cleanup_key) struct chronosign_key *key = key_from_options(options, error);
	if (key == NULL)
		return false;
	CLEANUP(waiting_end)
	struct waiting before =
		waiting_for(NULL, "reading the public half of '%s'", chronosign_key_name(key));
	CLEANUP(cleanup_pkey) EVP_PKEY *half = chronosign_public_half_read(key, error);
	if (half == NULL)
		return false;
	CLEANUP(made_files_close) struct made_files made = {0};
	bool to_file = options->out != NULL && strcmp(options->out, "-") != 0;
	return to_file ? public_half_write(half, form, options->out, &made, error)
		       : print(half, form, output, error);
}

int pub_key_run(struct options *options)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_descriptor) int output = output_set_aside();

	if (output < 0)
		return EXIT_OTHER;
	return run(options, output, &error) ? EXIT_DONE : report_failure(error);
}
