/* Rows of findings, as text and as JSON, and the verdict. doctor.c decides what is examined, and
 * in which order. */
#include "cli/doctor/findings.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/pin_value.h"
#include "cli/report.h"
#include "cli/supervisor.h"
#include "cli/terminal.h"
#include "cli/terminal_json.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

_Static_assert(sizeof(struct findings) <= SUPERVISOR_ROOM, "the supervisor has no room for it");

enum finding_state { OK, FAILED, UNKNOWN };

static const struct {
	const char *word;
	const char *mark;
	const char *ascii;
	const char *colour; /* SGR of ECMA-48 §8.3.117 */
} states[] = {
	[OK] = {"ok", "✓", "ok  ", "\033[32m"},
	[FAILED] = {"failed", "✗", "FAIL", "\033[31m"},
	[UNKNOWN] = {"unknown", "-", "-   ", ""},
};

void findings_begin(struct findings *findings, enum output_form form, int output)
{
	*findings = (struct findings){
		.text = form == FORM_TEXT,
		.output = output,
		.utf8 = terminal_takes_utf8(),
		.colour = output_takes_colour(output),
		.columns = output_columns(output),
	};
}

/* ---- A row ---- */

struct finding {
	const char *link;
	const char *subject;
	enum finding_state state;
	const char *fact;
	char *advice; /* NULL: none */
};

/* Text that does not fit on the row's line, and advice, go below it. */
enum { INDENT = 4 };

/* Of links to a server, what looks like a PKCS#11 URI is not ours, but words of the server or the network program: it is
 * broken like any other word. */
static void print_words(const struct finding *finding, const char *words, struct margins margins,
			FILE *lines)
{
	static const char *const of_servers[] = {"server", "tls", "nonce", "acceptance"};

	for (size_t i = 0; i < sizeof of_servers / sizeof of_servers[0]; i++)
		if (strcmp(finding->link, of_servers[i]) == 0) {
			terminal_print_rows(lines, words, margins);
			return;
		}
	terminal_print_words(lines, words, margins);
}

static void print_advice(const struct findings *findings, const struct finding *finding,
			 FILE *lines)
{
	char *rest = NULL;

	for (char *line = finding->advice == NULL ? NULL : strtok_r(finding->advice, "\n", &rest);
	     line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		fprintf(lines, "\n%*s", INDENT, "");
		print_words(finding, line, (struct margins){INDENT, INDENT, findings->columns},
			    lines);
	}
}

static bool print_row(const struct findings *findings, const struct finding *finding)
{
	CLEANUP(cleanup_text) char *row = NULL;
	CLEANUP(cleanup_text)
	char *words = text_format("%s%s%s", finding->subject,
				  finding->subject[0] == '\0' ? "" : ": ", finding->fact);
	size_t length = 0;
	FILE *lines = open_memstream(&row, &length);
	const char *colour = findings->colour ? states[finding->state].colour : "";
	const char *mark =
		findings->utf8 ? states[finding->state].mark : states[finding->state].ascii;

	if (lines == NULL)
		return false;
	fprintf(lines, "%s%s%s %-11s ", colour, mark, colour[0] == '\0' ? "" : "\033[0m",
		finding->link);
	const size_t column = terminal_width(mark) + strlen(" 12345678901 ");
	print_words(finding, words == NULL ? "out of memory" : words,
		    (struct margins){INDENT, column, findings->columns}, lines);
	print_advice(findings, finding, lines);
	return fclose(lines) == 0 && output_write_line(findings->output, row);
}

/* One per line, so that a program that reads lines gets it at once. */
static bool print_member(const struct findings *findings, const struct finding *finding)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s?}", "link", finding->link, "subject",
				finding->subject, "state", states[finding->state].word, "fact",
				finding->fact, "advice", finding->advice);
	const struct margins margins = {0, strlen("    "), findings->columns};
	CLEANUP(cleanup_text) char *dumped = row == NULL ? NULL : terminal_json(row, 0, margins);
	CLEANUP(cleanup_text)
	char *line = text_format("%s%s", findings->open ? "  , " : "{\n  \"findings\": [\n    ",
				 dumped == NULL ? "" : dumped);

	json_decref(row);
	if (dumped != NULL && line != NULL)
		return output_write_line(findings->output, line);
	report_error("cannot write down what was found of %s: no memory, or a name that is not "
		     "UTF-8",
		     finding->link);
	return false;
}

/* Takes `text` apart. */
static void add(struct findings *findings, const char *link, const char *subject,
		enum finding_state state, char *text)
{
	CLEANUP(cleanup_text) char *about = strdup(subject);

	if (text != NULL)
		pin_values_mask(text);
	if (about != NULL)
		pin_values_mask(about);
	char *end = text == NULL ? NULL : strchr(text, '\n');
	if (end != NULL)
		*end = '\0';
	const struct finding finding = {.link = link,
					.subject = about == NULL ? "" : about,
					.state = state,
					.fact = text == NULL ? "out of memory" : text,
					.advice = end == NULL ? NULL : end + 1};
	bool written =
		findings->text ? print_row(findings, &finding) : print_member(findings, &finding);
	findings->open = findings->open || written;
	findings->unwritten = findings->unwritten || !written;
}

void findings_ok(struct findings *findings, const char *link, const char *subject,
		 const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	CLEANUP(cleanup_text) char *text = text_format_list(format, arguments);
	va_end(arguments);
	add(findings, link, subject, OK, text);
}

void findings_unknown(struct findings *findings, const char *link, const char *subject,
		      const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	CLEANUP(cleanup_text) char *text = text_format_list(format, arguments);
	va_end(arguments);
	add(findings, link, subject, UNKNOWN, text);
}

/* ---- Problems ---- */

/* The problem that a failed link stands for; with a kind of error if that matters. */
static const struct {
	const char *link;
	int status; /* 0: any */
	const char *words;
} problems[FINDING_PROBLEMS] = {
	{"module", 0, "a PKCS#11 module does not work"},
	{"token", 0, "there is no such token"},
	{"pin", 0, "the PIN or passphrase is missing, wrong or locked"},
	{"key", 0, "the key cannot be opened"},
	{"mechanism", 0, "the token cannot make the signature"},
	{"signature", 0, "the key does not sign"},
	{"public-half", 0, "the public half cannot be written"},
	{"server", 0, "the server cannot be reached"},
	{"tls", 0, "there is no TLS with the server"},
	{"nonce", 0, "the server gives no nonce"},
	{"acceptance", EXIT_REFUSED, "the server refuses the token"},
	{"acceptance", 0, "the token cannot be tried"},
	{"process", 0, "doctor was ended before it was done"},
};

static void count(struct findings *findings, const char *link, int status)
{
	size_t i = 0;

	while (i + 1 < FINDING_PROBLEMS &&
	       (strcmp(problems[i].link, link) != 0 ||
		(problems[i].status != 0 && problems[i].status != status)))
		i++;
	findings->problems[i]++;
	if (findings->status == EXIT_DONE)
		findings->status = status;
}

/* The row names its subject, so it is removed from the beginning of an error. */
static const char *without_subject(const char *message, const char *subject)
{
	size_t length = strlen(subject);

	if (length > 0 && strncmp(message, subject, length) == 0 &&
	    strncmp(message + length, ": ", 2) == 0)
		return message + length + 2;
	return message;
}

void findings_failed(struct findings *findings, const char *link, const char *subject,
		     const struct chronosign_error *error)
{
	CLEANUP(cleanup_text)
	char *text = strdup(without_subject(chronosign_error_message(error), subject));

	count(findings, link, (int)chronosign_error_get_kind(error));
	add(findings, link, subject, FAILED, text);
}

/* "2 problems: the server cannot be reached (2 times)". */
static char *verdict(const struct findings *findings)
{
	CLEANUP(cleanup_text) char *list = NULL;
	unsigned total = 0;

	for (size_t i = 0; i < FINDING_PROBLEMS; i++) {
		unsigned times = findings->problems[i];
		if (times == 0)
			continue;
		text_append(&list, "%s %s", total == 0 ? ":" : ";", problems[i].words);
		if (times > 1)
			text_append(&list, " (%u times)", times);
		total += times;
	}
	if (total == 0)
		return strdup("no problem found");
	return text_format("%u problem%s%s", total, total == 1 ? "" : "s",
			   list == NULL ? "" : list);
}

/* ---- The end ---- */

static bool print_end(const struct findings *findings)
{
	CLEANUP(cleanup_text) char *words = verdict(findings);
	CLEANUP(cleanup_text)
	char *members = text_format("  ],\n  \"ok\": %s,\n  \"verdict\": \"%s\"\n}",
				    findings->status == EXIT_DONE ? "true" : "false",
				    words == NULL ? "" : words);

	if (words != NULL && members != NULL)
		return output_write_line(findings->output, findings->text ? words : members);
	report_error("out of memory");
	return false;
}

int findings_end(struct findings *findings)
{
	bool good = print_end(findings) && !findings->unwritten;

	findings->open = false;
	return good ? findings->status : EXIT_OTHER;
}

bool findings_end_early(struct findings *findings, const char *module, const char *fact)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;

	if (!findings->open)
		return false;
	/* The other process had standard output elsewhere. */
	findings->output = STDOUT_FILENO;
	chronosign_error_set(&error, module == NULL ? CHRONOSIGN_ERROR_OTHER : CHRONOSIGN_ERROR_KEY,
			     "%s", fact);
	findings_failed(findings, module == NULL ? "process" : "module",
			module == NULL ? "" : module, error);
	findings_end(findings);
	return true;
}
