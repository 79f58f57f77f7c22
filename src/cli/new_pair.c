/* New pairs at the command line: all or nothing, up to the last byte of output. */
#include "cli/new_pair.h"

#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/interrupts.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/supervisor.h"
#include "cli/waiting.h"
#include "keystore/public_half_file.h"

#include <string.h>
#include <sys/stat.h>

static bool is_free(const char *path, struct chronosign_error **error)
{
	struct stat status;

	if (path == NULL || lstat(path, &status) != 0)
		return true;
	return chronosign_error_set(error, CHRONOSIGN_ERROR_KEY,
				    "'%s' exists already, and nothing is overwritten; choose "
				    "another name for the public half",
				    path);
}

/* It waits for a reader, but not past a signal. */
static bool announce(const struct key_pair *pair, int output, struct chronosign_error **error)
{
	if (interrupts_wait(error))
		return false;
	if (output_write_line(output, key_pair_reference(pair)))
		return true;
	return !interrupts_wait(error) &&
	       chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
				    "the key cannot be announced, so it is taken back");
}

static bool publish(const struct new_pair_plan *plan, struct key_pair *pair, int output,
		    struct chronosign_error **error)
{
	CLEANUP(made_files_close) struct made_files made = {0};

	if (plan->pub_key_out != NULL &&
	    !public_half_write(key_pair_public_half(pair), CHRONOSIGN_PUBLIC_HALF_CHRONOGRAF,
			       plan->pub_key_out, &made, error))
		return false;
	if (announce(pair, output, error))
		return true;
	made_files_remove(&made, error);
	return false;
}

/* The step that may take a minute. */
static bool fulfil(const struct new_pair_plan *plan, struct key_pair *pair,
		   const struct options *options, struct chronosign_error **error)
{
	supervisor_set_warning(options->supervisor,
			       "a new key, or a part of it, may be left in the token; look with "
			       "`chronoctl list-keys --login`");
	CLEANUP(waiting_end) struct waiting before = waiting_for(NULL, "%s", plan->progress);
	return key_pair_make(pair, error) && !interrupts_wait(error);
}

static struct key_pair *prepare(const struct new_pair_plan *plan, struct chronosign_error **error)
{
	CLEANUP(waiting_end)
	struct waiting before =
		waiting_for(NULL, "preparing '%s'", chronosign_key_name(plan->where));

	return key_pair_prepare(plan->where, error);
}

/* All or nothing, since a signal waits meanwhile. */
static char *make_and_announce(const struct new_pair_plan *plan, struct key_pair *pair,
			       const struct options *options, int output,
			       struct chronosign_error **error)
{
	char *reference = NULL;

	interrupts_hold();
	if (fulfil(plan, pair, options, error) && publish(plan, pair, output, error)) {
		reference = strdup(key_pair_reference(pair));
		key_pair_keep(pair);
		/* The module may crash as it closes the session. */
		supervisor_set_warning(options->supervisor, NULL);
		supervisor_set_outcome(options->supervisor, EXIT_DONE);
	}
	key_pair_close(pair, error);
	supervisor_set_warning(options->supervisor, NULL);
	return reference;
}

char *new_pair_make(const struct new_pair_plan *plan, const struct options *options, int output,
		    struct chronosign_error **error)
{
	struct key_pair *pair = is_free(plan->pub_key_out, error) ? prepare(plan, error) : NULL;

	if (pair == NULL)
		return NULL;
	/* It may wait for a passphrase, during which a signal ends the command. */
	if (plan->order(pair, options, plan->context, error))
		return make_and_announce(plan, pair, options, output, error);
	key_pair_close(pair, error);
	return NULL;
}

int new_pair_run(struct options *options,
		 bool (*make)(struct options *options, int output, struct chronosign_error **error))
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_descriptor) int output = output_set_aside();

	if (output < 0)
		return EXIT_OTHER;
	if (make(options, output, &error))
		return EXIT_DONE;
	int status = report_failure(error);
	/* A signal that comes once the pair is kept comes too late. */
	interrupts_release();
	return status;
}
