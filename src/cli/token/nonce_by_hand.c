/* A nonce from the arguments or a file, and the token for it. */
#include "cli/token/nonce_by_hand.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "base/uuid.h"
#include "cli/audit.h"
#include "cli/command.h"
#include "cli/key.h"
#include "cli/output.h"
#include "cli/supervisor.h"
#include "cli/token/token_output.h"

#include <errno.h>
#include <string.h>

/* Room for the nonce, a line end, and one byte more to recognise longer files. */
enum { NONCE_FILE_LENGTH = UUID_LENGTH + 3 };

bool nonce_by_hand_is_given(const struct options *options)
{
	return options->nonce != NULL || options->nonce_from != NULL;
}

/* No server is asked, so options about servers are a mistake; variables may be set for other
 * calls. */
static bool check_options(const struct options *options, struct chronosign_error **error)
{
	const char *name = options->nonce != NULL ? "--nonce" : "--nonce-from";
	const char *other = NULL;

	if (options->nonce != NULL && options->nonce_from != NULL)
		other = "--nonce-from";
	else if (options->chronograf_urls.by_flag)
		other = "--chronograf-url";
	else if (options->chronograf_urls_from != NULL)
		other = "--chronograf-urls-from";
	else if (options->check)
		other = "--check";
	else if (options->min_life.by_flag)
		other = "--min-life";
	else if (options->watch)
		other = "--watch";
	else if (options->out_file != NULL)
		other = "--out-file";
	return other == NULL ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "%s and %s exclude each other: with a nonce given, no server "
				    "is asked",
				    name, other);
}

/* curl writes none, echo writes one, and an editor may write that of another system. */
static size_t without_line_end(const char *bytes, size_t length)
{
	if (length > 0 && bytes[length - 1] == '\n') {
		length--;
		if (length > 0 && bytes[length - 1] == '\r')
			length--;
	}
	return length;
}

/* False with *error set if the file cannot be read; what is in it is for the caller to judge. */
static bool read_file(const char *name, char bytes[NONCE_FILE_LENGTH], size_t *length,
		      struct chronosign_error **error)
{
	bool standard_input = strcmp(name, "-") == 0;
	CLEANUP(cleanup_stream)
	FILE *file = standard_input ? fdopen(dup(STDIN_FILENO), "re") : fopen(name, "re");

	if (file != NULL)
		*length = fread(bytes, 1, NONCE_FILE_LENGTH, file);
	if (file == NULL || ferror(file))
		return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
					    "cannot read the nonce from '%s': %s", name,
					    text_open_error(name, errno));
	*length = without_line_end(bytes, *length);
	return true;
}

/* Does not repeat the text: it may be a PIN that was given to the wrong option. */
static bool get_nonce(const struct options *options, char nonce[UUID_LENGTH + 1],
		      struct chronosign_error **error)
{
	char bytes[NONCE_FILE_LENGTH];
	const char *given = options->nonce == NULL ? bytes : options->nonce;
	size_t length = options->nonce == NULL ? 0 : strlen(given);

	if (options->nonce == NULL && !read_file(options->nonce_from, bytes, &length, error))
		return false;
	if (!uuid_is_version_4(given, length))
		return chronosign_error_set(
			error, CHRONOSIGN_ERROR_USAGE,
			"%s is not a nonce, so it is not signed: Chronograf's nonces have 36 "
			"characters, such as 7d9f2c1e-5b3a-4c6d-8e9f-0a1b2c3d4e5f",
			options->nonce == NULL ? "what --nonce-from reads" : "--nonce");
	memcpy(nonce, given, UUID_LENGTH);
	nonce[UUID_LENGTH] = '\0';
	return true;
}

static int print(const struct options *options, const struct issued_token *token, int output,
		 struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *line = token_line(token, options->output, false, error);

	return line != NULL && output_write_line(output, line) ? EXIT_DONE : EXIT_OTHER;
}

int nonce_by_hand_sign(struct options *options, int output, struct chronosign_error **error)
{
	char nonce[UUID_LENGTH + 1];

	if (!check_options(options, error) || !get_nonce(options, nonce, error))
		return EXIT_USAGE;
	CLEANUP(cleanup_key) struct chronosign_key *key = key_from_options(options, error);
	if (key == NULL)
		return EXIT_OTHER;
	CLEANUP(cleanup_signer)
	struct chronosign_signer *signer = key_open(key, error);
	if (signer == NULL)
		return EXIT_KEY;
	CLEANUP(cleanup_text) char *token = key_sign(signer, nonce, error);
	if (token == NULL)
		return EXIT_KEY;
	const struct audit_signature signature = {.key = chronosign_key_name(key), .nonce = nonce};
	audit_signed(&signature);
	const struct issued_token issued = {
		.token = token,
		.key = chronosign_key_name(key),
		.valid_for = -1,
		.verdict = VERDICT_NONE,
	};
	int status = print(options, &issued, output, error);
	supervisor_set_outcome(options->supervisor, status);
	return status;
}
