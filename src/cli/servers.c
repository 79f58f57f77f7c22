/* Collects URLs. The network program checks them. */
#include "cli/servers.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "chronograf/base_url.h"
#include "cli/audit.h"
#include "cli/report.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static bool add(struct servers *servers, const char *url, size_t length,
		struct chronosign_error **error)
{
	/* Doubled when full: the list may have tens of thousands. */
	if ((servers->count & (servers->count - 1)) == 0) {
		size_t room = servers->count == 0 ? 1 : servers->count * 2;
		char **urls = reallocarray(servers->urls, room, sizeof *urls);
		if (urls == NULL)
			return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "out of memory");
		servers->urls = urls;
	}
	servers->urls[servers->count] = strndup(url, length);
	if (servers->urls[servers->count] == NULL)
		return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "out of memory");
	servers->count++;
	return true;
}

/* A line break would be one in the network program's message about it, and the rest look like another message. */
static bool has_control(const char *url)
{
	while (*url != '\0' && (uint8_t)*url >= ' ' && *url != '\x7f')
		url++;
	return *url != '\0';
}

/* The same as an option or a variable gives it. */
static bool add_given(struct servers *servers, const char *url, struct chronosign_error **error)
{
	if (!has_control(url))
		return add(servers, url, strlen(url), error);
	CLEANUP(cleanup_text) char *shown = url_without_user(url);
	CLEANUP(cleanup_text)
	char *printable = shown == NULL ? NULL : text_printable(shown, strlen(shown), false);
	return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "'%s' is not a server's URL: it has a control character in it, "
				    "such as a line break",
				    printable == NULL ? "" : printable);
}

/* What is obviously wrong with a URL, without a parser, which only the network program has;
 * NULL: nothing. */
static const char *why_no_server(const char *url)
{
	if (strpbrk(url, " \t") != NULL)
		return "has a blank in it";
	if (has_control(url))
		return "has a control character in it";
	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return "does not begin with http:// or https://";
	if (strpbrk(url, "?#") != NULL)
		return "has a query or a fragment (? or #)";
	return base_url_has_bad_port(url) ? "has no valid port: ports are numbers up to 65535"
					  : NULL;
}

/* As messages name it. */
static const char *name_of_list(const char *name)
{
	return strcmp(name, "-") == 0 ? "standard input" : name;
}

static bool refuse_line(const char *name, size_t number, const char *url, const char *why_not,
			struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(url);

	return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE, "%s, line %zu: '%s' %s",
				    name_of_list(name), number, shown == NULL ? "" : shown,
				    why_not);
}

/* One line, without the white space around it. */
static bool add_line(struct servers *servers, const char *name, size_t number, char *line,
		     struct chronosign_error **error)
{
	static const char white[] = " \t\r\n";

	line += strspn(line, white);
	size_t length = strlen(line);
	while (length > 0 && strchr(white, line[length - 1]) != NULL)
		line[--length] = '\0';
	if (length == 0 || line[0] == '#')
		return true;
	const char *why_not = why_no_server(line);
	return why_not == NULL ? add(servers, line, length, error)
			       : refuse_line(name, number, line, why_not, error);
}

static bool unreadable(const char *name, struct chronosign_error **error)
{
	return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "cannot read the list of servers '%s': %s", name,
				    text_open_error(name, errno));
}

/* Room for tens of thousands of URLs with comments. Without a limit, a device that never ends would take all memory. */
enum {
	LIST_LINE_MAX = 8192,
	LIST_MAX = 16 << 20,
};

struct list {
	FILE *file;
	size_t length; /* of what was read */
	char line[LIST_LINE_MAX + 1];
};

/* Reads the next line without its end; *why_not: what is wrong with it, or NULL. False: there is none. */
static bool next_line(struct list *list, const char **why_not)
{
	size_t length = 0;
	int byte = EOF;

	*why_not = list->length < LIST_MAX ? NULL : "begins after 16 MiB, where no list may go on";
	while (*why_not == NULL && (byte = getc(list->file)) != EOF && byte != '\n') {
		if (byte == '\0')
			*why_not = "has a NUL byte in it";
		else if (length == LIST_LINE_MAX)
			*why_not = "is longer than 8192 bytes";
		else
			list->line[length++] = (char)byte;
	}
	list->line[length] = '\0';
	list->length += length + 1;
	return *why_not != NULL || byte != EOF || length > 0;
}

static bool add_file(struct servers *servers, const char *name, struct chronosign_error **error)
{
	bool standard_input = strcmp(name, "-") == 0;
	CLEANUP(cleanup_stream)
	FILE *file = standard_input ? fdopen(dup(0), "re") : fopen(name, "re");
	struct list list = {.file = file};
	const char *why_not = NULL;

	if (file == NULL)
		return unreadable(name, error);
	for (size_t number = 1; next_line(&list, &why_not); number++) {
		if (why_not != NULL)
			return chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
						    "%s: line %zu %s", name_of_list(name), number,
						    why_not);
		if (!add_line(servers, name, number, list.line, error))
			return false;
	}
	return !ferror(file) || unreadable(name, error);
}

static bool collect(const struct options *options, struct servers *servers,
		    struct chronosign_error **error)
{
	const struct values *given = &options->chronograf_urls;
	const char *list = options->chronograf_urls_from;

	/* A list beats the variable and the default, and adds to the flags. */
	for (size_t i = 0; (list == NULL || given->by_flag) && i < given->count; i++)
		if (!add_given(servers, given->list[i], error))
			return false;
	if (list != NULL && !add_file(servers, list, error))
		return false;
	servers->listed = list != NULL || servers->count > 1;
	return servers->count > 0 ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_USAGE,
				    "the list of servers '%s' is empty", list);
}

/* ---- One server by several URLs ---- */

struct entry {
	char *normal;
	size_t index;
};

static int compare(const void *one, const void *other)
{
	const struct entry *left = one;
	const struct entry *right = other;
	int order = strcmp(left->normal, right->normal);

	return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static bool make_entries(const struct servers *servers, struct entry *entries)
{
	for (size_t i = 0; i < servers->count; i++) {
		entries[i] = (struct entry){base_url_normal(servers->urls[i]), i};
		if (entries[i].normal == NULL)
			return false;
	}
	return true;
}

/* Frees the URLs of all entries but the first of those that are equal. */
static void mark_repeated(struct servers *servers, struct entry *entries)
{
	qsort(entries, servers->count, sizeof *entries, compare);
	for (size_t i = 1; i < servers->count; i++)
		if (strcmp(entries[i - 1].normal, entries[i].normal) == 0)
			free(TAKE(servers->urls[entries[i].index]));
}

static void close_gaps(struct servers *servers)
{
	size_t count = 0;

	for (size_t i = 0; i < servers->count; i++)
		if (servers->urls[i] != NULL)
			servers->urls[count++] = servers->urls[i];
	servers->count = count;
}

static bool drop_repeated(struct servers *servers, struct chronosign_error **error)
{
	if (servers->count < 2)
		return true;
	struct entry *entries = calloc(servers->count, sizeof *entries);
	bool made = entries != NULL && make_entries(servers, entries);

	if (made)
		mark_repeated(servers, entries);
	for (size_t i = 0; entries != NULL && i < servers->count; i++)
		free(entries[i].normal);
	free(entries);
	close_gaps(servers);
	return made || chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "out of memory");
}

bool servers_from_options(const struct options *options, struct servers *servers,
			  struct chronosign_error **error)
{
	*servers = (struct servers){0};
	if (collect(options, servers, error) && drop_repeated(servers, error))
		return true;
	servers_free(servers);
	return false;
}

/* Without the filter, injected code could make any system call. */
static void warn_of_sandbox(unsigned sandbox)
{
	if ((sandbox & NETWORK_SANDBOX_CALLS) == 0)
		report_warning(
			"no seccomp filter confines the network program: this kernel, container "
			"or build has none (--require-sandbox makes that an error)");
}

/* Without Landlock, as on kernels before 5.13, it can read files that it does not need. */
static void tell_of_sandbox(unsigned sandbox)
{
	warn_of_sandbox(sandbox);
	if ((sandbox & NETWORK_SANDBOX_FILES) == 0)
		report_detail(
			"no Landlock confines the network program: it can read what this user "
			"can read (--require-sandbox makes that an error)");
}

struct network *servers_ask(const struct servers *servers, const struct options *options,
			    enum asking asking, struct chronosign_error **error)
{
	const struct network_job wanted = {
		.urls = (const char *const *)servers->urls,
		.url_count = servers->count,
		.ca_file = options->ca_file,
		.timeout_seconds = options->timeout,
		.pinned_pubkey = options->pinned_pubkey,
		.skip_verify = options->skip_verify,
		.verbose = options->verbose,
		.require_sandbox = options->require_sandbox,
		.tell_sandbox = asking == ASK_AS_DOCTOR || options->verbose ? tell_of_sandbox
									    : warn_of_sandbox,
		.tell_misbehaviour = audit_misbehaved,
		.requests = asking != ASK_ONCE,
		.watch = options->watch,
		.poll_seconds = options->poll_interval,
	};

	return network_start(&wanted, error);
}

void servers_warn_of_http(const struct servers *servers)
{
	size_t exposed = 0;
	const char *first = NULL;

	for (size_t i = servers->count; i > 0; i--)
		if (why_no_server(servers->urls[i - 1]) == NULL &&
		    base_url_is_exposed(servers->urls[i - 1])) {
			first = servers->urls[i - 1];
			exposed++;
		}
	CLEANUP(cleanup_text) char *shown = first == NULL ? NULL : url_without_user(first);
	if (shown == NULL)
		return;
	report_warning("%s%s is not encrypted: anyone on the network path can use the token, and "
		       "can get the nonce of another server signed; use https",
		       shown, exposed > 1 ? ", as others of the list," : "");
}

/* ---- What the network program tells ---- */

static enum exchange_event event_of(const struct network_answer *answer)
{
	static const enum exchange_event verdicts[] = {
		[VERDICT_NONE] = EVENT_NO_VERDICT,
		[VERDICT_ACCEPTED] = EVENT_ACCEPTED,
		[VERDICT_REFUSED] = EVENT_NOT_ACCEPTED,
		[VERDICT_EVERYONE] = EVENT_EVERYONE,
	};

	if (answer->about == NETWORK_ANSWER_CHECK)
		return verdicts[answer->verdict];
	return answer->error == NULL ? EVENT_NONCE : EVENT_NO_NONCE;
}

struct exchange_news servers_news(const struct network_answer *answer, int64_t now)
{
	return (struct exchange_news){
		.event = event_of(answer),
		.nonce = answer->nonce,
		.valid_for = answer->valid_for,
		.at_least = answer->at_least,
		.age = now - answer->answered,
		.unnamed = answer->release[0] == '\0',
		.now = now,
	};
}

/* host:port of a URL. */
static char *host_of(const char *url)
{
	CLEANUP(cleanup_text) char *shown = url_without_user(url);
	const char *begin = shown == NULL ? NULL : strstr(shown, "://");

	begin = begin == NULL ? shown : begin + strlen("://");
	return begin == NULL ? NULL : strndup(begin, strcspn(begin, "/?#"));
}

struct waiting servers_wait(const struct servers *servers, const struct options *options)
{
	CLEANUP(cleanup_text) char *hint = text_format("--timeout %u", options->timeout);
	CLEANUP(cleanup_text) char *host = host_of(servers->urls[0]);

	if (servers->count > 1)
		return waiting_for(hint, "waiting for %zu servers", servers->count);
	return waiting_for(hint, "waiting for %s", host == NULL ? "the server" : host);
}

struct waiting servers_wait_next(const struct servers *servers, const struct options *options)
{
	CLEANUP(cleanup_text) char *hint = text_format("--min-life %u", options->min_life.seconds);
	CLEANUP(cleanup_text) char *host = host_of(servers->urls[0]);

	return waiting_for(hint, "waiting for the next nonce of %s",
			   host == NULL ? "the server" : host);
}

void servers_free(struct servers *servers)
{
	for (size_t i = 0; i < servers->count; i++)
		free(servers->urls[i]);
	free(servers->urls);
	*servers = (struct servers){0};
}
