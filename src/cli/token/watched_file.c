/* Writes the valid tokens. watched_servers.c decides which are valid, watch.c when to write. */
#include "cli/token/watched_file.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/out_file.h"
#include "cli/report.h"
#include "cli/supervisor.h"

static bool write_token(const struct watched_file *file, struct issued_token *token, FILE *stream,
			struct chronosign_error **error)
{
	const struct token_order *order = file->order;

	token->key = chronosign_key_name(order->key);
	CLEANUP(cleanup_text)
	char *line = token_line(token, order->options->output, order->servers->listed, error);

	return line != NULL && fprintf(stream, "%s\n", line) >= 0;
}

static bool write_tokens(const struct watched_file *file, const struct watched_servers *servers,
			 int64_t now, FILE *stream, struct chronosign_error **error)
{
	struct issued_token token;

	for (size_t i = 0; i < file->order->servers->count; i++)
		if (watched_servers_fit(servers, i, now, &token) &&
		    !write_token(file, &token, stream, error))
			return false;
	return true;
}

static size_t count_fit(const struct watched_servers *servers, int64_t now)
{
	struct issued_token token;
	size_t fit = 0;

	for (size_t i = 0; i < servers->order->servers->count; i++)
		fit += watched_servers_fit(servers, i, now, &token);
	return fit;
}

static bool replace(const struct watched_file *file, const struct watched_servers *servers,
		    int64_t now, struct chronosign_error **error)
{
	struct out_successor successor;

	if (!out_file_follow(file->order->options->kept_file, error) ||
	    !out_file_begin(file->order->options->kept_file, &successor, error))
		return false;
	if (write_tokens(file, servers, now, successor.stream, error))
		return out_file_commit(&successor, error);
	out_file_abandon(&successor);
	return false;
}

/* A missing file shows that there is no valid token; an old one would not. */
static void remove_file(struct watched_file *file, bool tell)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct out_file *kept = file->order->options->kept_file;

	if (!out_file_remove(kept, &error) && tell)
		report_failure(error);
	if (error == NULL && file->tokens > 0 && told_is_due(&file->told, milliseconds()))
		report_warning("no valid token is left: '%s' is removed", kept->path);
	file->tokens = 0;
}

static void tell_loss(struct watched_file *file, int64_t now)
{
	if (file->lost && told_is_due(&file->told_lost, now))
		report_warning("'%s' was removed or replaced by another program, and is written "
			       "again",
			       file->order->options->kept_file->path);
	file->lost = false;
}

bool watched_file_write(struct watched_file *file, const struct watched_servers *servers,
			int64_t now)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	struct supervisor *supervisor = file->order->options->supervisor;
	size_t fit = count_fit(servers, now);

	supervisor_begin_file(supervisor);
	bool failed = fit > 0 && !replace(file, servers, now, &error);

	file->took = milliseconds() - now;
	file->written_at = now;
	if (failed && !file->unwritable)
		report_failure(error);
	file->unwritable = failed;
	if (fit == 0 || failed)
		remove_file(file, !failed);
	else
		tell_loss(file, now);
	file->tokens = fit == 0 || failed ? 0 : fit;
	file->ends = fit == 0 || failed ? INT64_MAX : watched_servers_end(servers, now);
	return supervisor_end_file(supervisor, file->ends);
}

bool watched_file_lives_on(struct watched_file *file, const struct watched_servers *servers,
			   int64_t now)
{
	struct supervisor *supervisor = file->order->options->supervisor;
	bool is_there = supervisor_begin_file(supervisor);

	file->ends = is_there ? watched_servers_end(servers, now) : INT64_MAX;
	return supervisor_end_file(supervisor, file->ends) && is_there;
}

bool watched_file_look(struct watched_file *file, int64_t now)
{
	if (file->tokens == 0 || now - file->looked_at < WATCHED_FILE_EVERY_MS)
		return true;
	file->looked_at = now;
	file->lost = !out_file_is_in_place(file->order->options->kept_file);
	return !file->lost;
}

bool watched_file_may_write(const struct watched_file *file, int64_t now)
{
	int64_t pause = WATCHED_FILE_PART * (file->took + 1);

	if (file->unwritable || pause > WATCHED_FILE_EVERY_MS)
		pause = WATCHED_FILE_EVERY_MS;
	return now - file->written_at >= pause;
}
