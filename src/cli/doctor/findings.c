/* Rows of findings, as text and as JSON. What is looked at, and in which order, is doctor.c's. */
#include "cli/doctor/findings.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/pin_value.h"
#include "cli/report.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>

enum finding_state { OK, FAILED, UNKNOWN };

static const struct {
	const char *word;
	const char *mark;
	const char *ascii;
} states[] = {
	[OK] = {"ok", "✓", "ok  "},
	[FAILED] = {"failed", "✗", "FAIL"},
	[UNKNOWN] = {"unknown", "-", "-   "},
};

static bool takes_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);

	if (locale == (locale_t)0)
		return false;
	bool utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return utf8;
}

bool findings_begin(struct findings *findings, enum output_form form, int output,
		    struct chronosign_error **error)
{
	*findings = (struct findings){.output = output, .utf8 = takes_utf8()};
	findings->text = form == FORM_TEXT;
	findings->rows = json_array();
	return findings->rows != NULL ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "out of memory");
}

/* ---- A row ---- */

struct finding {
	const char *link;
	const char *subject;
	enum finding_state state;
	const char *fact;
	const char *advice; /* NULL: none */
};

/* Advice stands below its fact. */
static void print_advice(const char *advice, FILE *lines)
{
	while (advice != NULL) {
		const char *end = strchrnul(advice, '\n');
		fprintf(lines, "\n    %.*s", (int)(end - advice), advice);
		advice = *end == '\0' ? NULL : end + 1;
	}
}

static bool print_row(const struct findings *findings, const struct finding *finding)
{
	CLEANUP(cleanup_text) char *text = NULL;
	size_t length = 0;
	FILE *lines = open_memstream(&text, &length);
	bool named = finding->subject[0] != '\0';

	if (lines == NULL)
		return false;
	fprintf(lines, "%s %-11s %s%s%s",
		findings->utf8 ? states[finding->state].mark : states[finding->state].ascii,
		finding->link, finding->subject, named ? ": " : "", finding->fact);
	print_advice(finding->advice, lines);
	if (fclose(lines) != 0)
		return false;
	pin_values_mask(text);
	return output_write_line(findings->output, text);
}

static bool keep_row(const struct findings *findings, const struct finding *finding)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s?}", "link", finding->link, "subject",
				finding->subject, "state", states[finding->state].word, "fact",
				finding->fact, "advice", finding->advice);

	if (row != NULL && json_array_append_new(findings->rows, row) == 0)
		return true;
	report_error("cannot write down what was found of %s: no memory, or a name that is not "
		     "UTF-8",
		     finding->link);
	return false;
}

/* Takes `text` apart. */
static void add(struct findings *findings, const char *link, const char *subject,
		enum finding_state state, char *text)
{
	char *end = text == NULL ? NULL : strchr(text, '\n');

	if (end != NULL)
		*end = '\0';
	if (text != NULL)
		pin_values_mask(text);
	const struct finding finding = {.link = link,
					.subject = subject,
					.state = state,
					.fact = text == NULL ? "out of memory" : text,
					.advice = end == NULL ? NULL : end + 1};
	if (!(findings->text ? print_row(findings, &finding) : keep_row(findings, &finding)))
		findings->unwritten = true;
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

/* The row names its subject: an error that begins by it says it no second time. */
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

	if (findings->status == EXIT_DONE)
		findings->status = (int)chronosign_error_get_kind(error);
	add(findings, link, subject, FAILED, text);
}

/* ---- The end ---- */

static bool print_document(const struct findings *findings)
{
	json_t *whole = json_pack("{s:b, s:O}", "ok", findings->status == EXIT_DONE, "findings",
				  findings->rows);
	CLEANUP(cleanup_text)
	char *text = whole == NULL ? NULL : json_dumps(whole, JSON_INDENT(2));

	json_decref(whole);
	if (text != NULL)
		return output_write_line(findings->output, text);
	report_error("out of memory");
	return false;
}

void findings_free(struct findings *findings)
{
	json_decref(findings->rows);
	findings->rows = NULL;
}

int findings_end(struct findings *findings)
{
	bool good = !findings->unwritten && (findings->text || print_document(findings));

	findings_free(findings);
	return good ? findings->status : EXIT_OTHER;
}
