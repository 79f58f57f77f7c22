/* `chronoctl list-keys`: the RSA keys in the machine's tokens, for a person, a program or a script.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/key.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "cli/terminal_json.h"
#include "cli/waiting.h"
#include "keystore/key_list.h"

#include <jansson.h>
#include <string.h>

DEFINE_CLEANUP(json, json_t *, json_decref)

static const char *const kinds[] = {
	[LISTED_PRIVATE] = "private",
	[LISTED_PUBLIC] = "public",
	[LISTED_CERTIFICATE] = "certificate",
};

static const char *const half_sources[] = {
	[HALF_NOWHERE] = "nowhere",
	[HALF_PRIVATE_KEY] = "private key",
	[HALF_PUBLIC_KEY] = "public key",
	[HALF_CERTIFICATE] = "certificate",
};

/* ---- For a person ---- */

/* The first three are names, which may be long. */
enum { COLUMNS = 8, NAMES = 3, NAME_LEAST = 5, GAP = 2, INDENT = 2 };

struct row {
	const char *cells[COLUMNS];
	char bits[16];
};

static const char *or_dash(const char *text)
{
	return text[0] == '\0' ? "-" : text;
}

static void fill_row(const struct listed_key *key, struct row *row)
{
	bool is_private = key->kind == LISTED_PRIVATE;
	const char *cells[COLUMNS] = {
		key->token,
		or_dash(key->label),
		or_dash(key->id),
		kinds[key->kind],
		row->bits,
		!is_private     ? "-"
		: key->can_sign ? "yes"
				: "no",
		!is_private         ? "-"
		: key->pin_for_each ? "yes"
				    : "no",
		half_sources[key->public_half],
	};

	snprintf(row->bits, sizeof row->bits, key->bits == 0 ? "?" : "%u", key->bits);
	memcpy(row->cells, cells, sizeof cells);
}

/* URIs in full, for who wants to know all; and the width of the terminal. */
struct looks {
	bool whole;
	size_t columns;
};

/* On a terminal a token's words begin no row, so that none of them looks like a line of ours. */
static int indent(struct looks looks)
{
	return looks.columns == 0 ? 0 : INDENT;
}

/* NULL: there is none. */
static const char *uri_of(const struct listed_key *key, struct looks looks)
{
	return looks.whole ? key->full_uri : key->uri;
}

static const struct row heads = {.cells = {"TOKEN", "LABEL", "ID", "KEY", "BITS", "SIGNS",
					   "PIN EACH TIME", "PUBLIC HALF FROM"}};

/* As many words as fit, at least one. */
static size_t fitting_words(const char *text, size_t columns)
{
	size_t fitting = strcspn(text, " ");

	while (text[fitting] != '\0') {
		size_t end = fitting + 1 + strcspn(text + fitting + 1, " ");
		if (end > columns)
			break;
		fitting = end;
	}
	return fitting;
}

/* Of two lines or more where a heading is wider than its column. */
static void print_heads(FILE *table, const size_t *widths, struct looks looks)
{
	struct row rest = heads;
	bool more = true;

	while (more) {
		more = false;
		for (int column = 0; column < COLUMNS; column++) {
			const char **text = &rest.cells[column];
			size_t length = fitting_words(*text, widths[column]);
			size_t padding = column == COLUMNS - 1 ? 0 : widths[column] - length + GAP;
			padding += column == 0 ? (size_t)indent(looks) : 0;
			fprintf(table, "%.*s%*s", (int)length, *text, (int)padding, "");
			*text += length + strspn(*text + length, " ");
			more = more || **text != '\0';
		}
		fputc('\n', table);
	}
}

static bool append_cell(char **text, const struct row *row, const size_t *widths, int column)
{
	CLEANUP(cleanup_text) char *cell = terminal_fitted(row->cells[column], widths[column]);
	size_t width = cell == NULL ? 0 : terminal_width(cell);
	size_t padding = column == COLUMNS - 1 ? 0 : widths[column] - width + GAP;

	return cell != NULL && text_append(text, "%s%*s", cell, (int)padding, "");
}

/* Of what stands in a row, only the names are words of others. */
static bool print_row(FILE *table, const struct row *row, const size_t *widths, struct looks looks)
{
	CLEANUP(cleanup_text) char *names = NULL;
	CLEANUP(cleanup_text) char *rest = NULL;
	const size_t begin = (size_t)indent(looks);

	for (int column = 0; column < COLUMNS; column++)
		if (!append_cell(column < NAMES ? &names : &rest, row, widths, column))
			return false;
	fprintf(table, "%*s", (int)begin, "");
	terminal_print_rows(table, names, (struct margins){2 * begin, begin, looks.columns});
	fprintf(table, "%s\n", rest);
	return true;
}

static void widen(size_t *width, size_t wanted)
{
	*width = wanted > *width ? wanted : *width;
}

/* Returns the width of the whole table on a terminal. */
static size_t measure(const struct key_list *list, bool wrapped, size_t *widths)
{
	size_t whole = INDENT;
	struct row row;

	for (int column = 0; column < COLUMNS; column++) {
		const char *head = heads.cells[column];
		widths[column] = wrapped ? 0 : strlen(head);
		for (; wrapped && *head != '\0'; head += strcspn(head, " "), head += *head == ' ')
			widen(&widths[column], strcspn(head, " "));
		for (size_t i = 0; i < list->key_count; i++) {
			fill_row(&list->keys[i], &row);
			widen(&widths[column], terminal_width(row.cells[column]));
		}
		whole += widths[column] + (column > 0 ? GAP : 0);
	}
	return whole;
}

/* Columns that the URI below the row repeats are cut first. */
static void fit(const struct key_list *list, size_t columns, size_t *widths)
{
	size_t whole = measure(list, false, widths);

	if (columns == 0 || whole <= columns)
		return;
	for (whole = measure(list, true, widths); whole > columns; whole--) {
		int widest = 0;
		for (int column = 1; column < NAMES; column++)
			if (widths[column] > widths[widest])
				widest = column;
		if (widths[widest] <= NAME_LEAST)
			return;
		widths[widest]--;
	}
}

static bool print_keys(const struct key_list *list, FILE *table, struct looks looks)
{
	size_t widths[COLUMNS];
	struct row row;

	fit(list, looks.columns, widths);
	print_heads(table, widths, looks);
	for (size_t i = 0; i < list->key_count; i++) {
		const char *uri = uri_of(&list->keys[i], looks);

		fill_row(&list->keys[i], &row);
		if (!print_row(table, &row, widths, looks))
			return false;
		fprintf(table, "%*s", indent(looks), "");
		if (uri == NULL)
			fprintf(table, "  (no URI finds it alone: another has its label and id)\n");
		else
			fprintf(table, "  '%s'\n", uri);
	}
	return true;
}

static bool print_table(const struct key_list *list, FILE *table, struct looks looks)
{
	if (list->key_count > 0 && !print_keys(list, table, looks))
		return false;
	if (list->key_count > 0 && list->left_out_count > 0)
		fputc('\n', table);
	if (list->left_out_count > 0)
		fprintf(table, "NOT LISTED\n");
	for (size_t i = 0; i < list->left_out_count; i++) {
		CLEANUP(cleanup_text)
		char *line = text_format("%s (%s): %s", list->left_out[i].what,
					 list->left_out[i].module, list->left_out[i].reason);
		terminal_print_words(table, line == NULL ? "" : line,
				     (struct margins){2, 0, looks.columns});
		fputc('\n', table);
	}
	return true;
}

/* ---- For scripts and programs ---- */

static bool print_uris(const struct key_list *list, FILE *lines, struct looks looks)
{
	for (size_t i = 0; i < list->key_count; i++) {
		const struct listed_key *key = &list->keys[i];

		if (key->uri != NULL)
			fprintf(lines, "%s\n", uri_of(key, looks));
		else
			report_warning("no URI finds the %s key '%s' of the token '%s' alone: "
				       "another has its label and id",
				       kinds[key->kind], key->label, key->token);
	}
	return true;
}

static json_t *key_as_json(const struct listed_key *key)
{
	bool is_private = key->kind == LISTED_PRIVATE;

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s?}", "kind", kinds[key->kind],
		"token", key->token, "module", key->module, "label", key->label, "id", key->id,
		"bits", key->bits == 0 ? json_null() : json_integer(key->bits), "can_sign",
		is_private ? json_boolean(key->can_sign) : json_null(), "pin_for_each_signature",
		is_private ? json_boolean(key->pin_for_each) : json_null(), "public_half_from",
		half_sources[key->public_half], "uri", key->full_uri);
}

static bool print_json(const struct key_list *list, FILE *file, struct looks looks)
{
	CLEANUP(cleanup_json)
	json_t *whole = json_pack("{s:[], s:[], s:[]}", "keys", "not_listed", "may_hold_more");
	bool good = whole != NULL;

	for (size_t i = 0; good && i < list->key_count; i++)
		good = json_array_append_new(json_object_get(whole, "keys"),
					     key_as_json(&list->keys[i])) == 0;
	for (size_t i = 0; good && i < list->left_out_count; i++) {
		const struct left_out *row = &list->left_out[i];
		good = json_array_append_new(json_object_get(whole, "not_listed"),
					     json_pack("{s:s, s:s, s:s}", "what", row->what,
						       "module", row->module, "reason",
						       row->reason)) == 0;
	}
	for (size_t i = 0; good && i < list->hiding_count; i++)
		good = json_array_append_new(json_object_get(whole, "may_hold_more"),
					     json_string(list->hiding[i].full_uri)) == 0;
	CLEANUP(cleanup_text)
	char *text =
		good ? terminal_json(whole, JSON_INDENT(2), (struct margins){0, 0, looks.columns})
		     : NULL;
	fprintf(file, "%s\n", text == NULL ? "" : text);
	return text != NULL;
}

/* ---- The command ---- */

static bool (*const printers[])(const struct key_list *list, FILE *file, struct looks looks) = {
	[FORM_TABLE] = print_table,
	[FORM_JSON] = print_json,
	[FORM_URI] = print_uris,
};

static bool print(const struct options *options, const struct key_list *list, int output,
		  struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *text = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);
	const struct looks looks = {options->verbose, output_columns(output)};
	bool good = memory != NULL && printers[options->output](list, memory, looks);

	if (memory == NULL || fclose(memory) != 0 || !good)
		return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "out of memory");
	if (length == 0)
		return true;
	text[length - 1] = '\0'; /* its last newline is the line's */
	return output_write_line(output, text) ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "the list is not written whole");
}

/* Where a login was tried, the list says why it failed. */
static void tell(const struct key_list *list, bool logged_in)
{
	if (list->key_count == 0)
		report_note("no RSA key found");
	for (size_t i = 0; !logged_in && i < list->hiding_count; i++)
		report_note(
			"'%s' may hold more keys, which are visible after a login only: --login",
			list->hiding[i].uri);
}

static int run(struct options *options, int output, struct chronosign_error **error)
{
	CLEANUP(cleanup_key)
	struct chronosign_key *where = key_from_reference(options, options->uri, error);
	if (where == NULL)
		return EXIT_USAGE;
	CLEANUP(waiting_end)
	struct waiting before = waiting_for(NULL, "reading the tokens");
	CLEANUP(cleanup_list)
	struct key_list *list = key_list_make(where, options->login, error);
	if (list == NULL || !print(options, list, output, error))
		return EXIT_KEY;
	tell(list, options->login);
	if (!list->login_failed)
		return EXIT_DONE;
	chronosign_error_set(error, CHRONOSIGN_ERROR_KEY, "a login failed; see what is not listed");
	return EXIT_KEY;
}

int list_keys_run(struct options *options)
{
	CLEANUP(cleanup_error) struct chronosign_error *error = NULL;
	CLEANUP(cleanup_descriptor) int output = output_set_aside();

	if (output < 0)
		return EXIT_OTHER;
	return run(options, output, &error) == EXIT_DONE ? EXIT_DONE : report_failure(error);
}
