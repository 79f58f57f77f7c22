/* Reads the settings: a table of them, one reader for each kind of value. */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names.h"
#include "settings.h"

struct setting {
	const char *name;
	void (*read)(const struct setting *setting, char *value, void *field);
	size_t field;
	const char *prefix;       /* of the constants in a list */
	const char *const *words; /* from 1 */
	size_t most;
};

static const char default_module[] = "/usr/lib/softhsm/libsofthsm2.so";
static const CK_ULONG default_pull_calls = 3;

void give_up(const char *format, ...)
{
	va_list arguments;

	dprintf(STDERR_FILENO, "shim: ");
	va_start(arguments, format);
	vdprintf(STDERR_FILENO, format, arguments);
	va_end(arguments);
	dprintf(STDERR_FILENO, "\n");
	abort();
}

static void room_for_one(const struct setting *setting, size_t count)
{
	if (count == SHIM_LIST_MOST)
		give_up("%s: more than %d items", setting->name, SHIM_LIST_MOST);
}

static CK_ULONG constant_of(const struct setting *setting, const char *text)
{
	CK_ULONG number;

	if (!constant_number(setting->prefix, text, &number))
		give_up("%s: '%s' is neither a %s… name nor a number", setting->name, text,
			setting->prefix);
	return number;
}

/* Cuts `text` in two at `mark`. */
static char *part_after(const struct setting *setting, char *text, char mark)
{
	char *part = strchr(text, mark);

	if (!part)
		give_up("%s: '%s' has no '%c'", setting->name, text, mark);
	*part = '\0';
	return part + 1;
}

/* C_Name:n or C_Name:* */
static struct call_rule call_of(const struct setting *setting, char *text)
{
	struct call_rule rule = {0};
	char *nth = part_after(setting, text, ':');

	if (!function_number(text, &rule.function))
		give_up("%s: '%s' is no function of PKCS#11 2.40", setting->name, text);
	if (strcmp(nth, "*") && (!number_from(nth, &rule.nth) || !rule.nth))
		give_up("%s: '%s' is neither a call's number, from 1, nor '*'", setting->name, nth);
	return rule;
}

static void read_calls(const struct setting *setting, char *value, void *field)
{
	struct call_rules *rules = field;
	char *item;

	while ((item = strsep(&value, ","))) {
		room_for_one(setting, rules->count);
		rules->list[rules->count++] = call_of(setting, item);
	}
}

static void read_failures(const struct setting *setting, char *value, void *field)
{
	struct call_rules *rules = field;
	char *item;

	while ((item = strsep(&value, ","))) {
		char *code = part_after(setting, item, '=');

		room_for_one(setting, rules->count);
		rules->list[rules->count] = call_of(setting, item);
		rules->list[rules->count++].code = constant_of(setting, code);
	}
}

static void read_constants(const struct setting *setting, char *value, void *field)
{
	struct numbers *numbers = field;
	char *item;

	while ((item = strsep(&value, ","))) {
		room_for_one(setting, numbers->count);
		numbers->list[numbers->count++] = constant_of(setting, item);
	}
}

static void add_switch(const struct setting *setting, struct switches *switches, const char *name,
		       bool on)
{
	room_for_one(setting, switches->count);
	switches->list[switches->count].number = constant_of(setting, name);
	switches->list[switches->count++].on = on;
}

/* +NAME,-NAME */
static void read_flags(const struct setting *setting, char *value, void *field)
{
	char *item;

	while ((item = strsep(&value, ","))) {
		if (*item != '+' && *item != '-')
			give_up("%s: '%s' begins with neither '+' nor '-'", setting->name, item);
		add_switch(setting, field, item + 1, *item == '+');
	}
}

/* NAME=0,NAME=1 */
static void read_booleans(const struct setting *setting, char *value, void *field)
{
	char *item;

	while ((item = strsep(&value, ","))) {
		const char *on = part_after(setting, item, '=');

		if (strcmp(on, "0") && strcmp(on, "1"))
			give_up("%s: '%s' is neither 0 nor 1", setting->name, on);
		add_switch(setting, field, item, *on == '1');
	}
}

static void read_number(const struct setting *setting, char *value, void *field)
{
	CK_ULONG *number = field;

	if (!number_from(value, number) || *number > setting->most)
		give_up("%s: '%s' is no number from 0 to %zu", setting->name, value, setting->most);
}

static void read_positive_number(const struct setting *setting, char *value, void *field)
{
	read_number(setting, value, field);
	if (!*(CK_ULONG *)field)
		give_up("%s: must not be 0", setting->name);
}

static void read_word(const struct setting *setting, char *value, void *field)
{
	unsigned *word = field;

	for (unsigned i = 1; setting->words[i]; i++) {
		if (!strcmp(setting->words[i], value)) {
			*word = i;
			return;
		}
	}
	give_up("%s: '%s' is no word that it knows", setting->name, value);
}

/* A path or a PIN: its value is in no message. */
static void read_text(const struct setting *setting, char *value, void *field)
{
	if (strlen(value) > setting->most)
		give_up("%s: longer than %zu bytes", setting->name, setting->most);
	memcpy(field, value, strlen(value) + 1);
}

static void read_label(const struct setting *setting, char *value, void *field)
{
	struct label *label = field;
	size_t digits = strlen(value);

	if (digits % 2 || digits > 2 * setting->most ||
	    strspn(value, "0123456789abcdefABCDEF") != digits)
		give_up("%s: '%s' is not up to %zu bytes in hex", setting->name, value,
			setting->most);
	memset(label->bytes, ' ', sizeof label->bytes);
	for (label->length = 0; 2 * label->length < digits; label->length++)
		sscanf(value + 2 * label->length, "%2hhx", &label->bytes[label->length]);
}

static const char *const signature_words[] = {
	[SIGNATURE_RIGHT] = "",          [SIGNATURE_FLIP] = "flip",
	[SIGNATURE_SHORT] = "short",     [SIGNATURE_EMPTY] = "empty",
	[SIGNATURE_LONG] = "long",       [SIGNATURE_STRIPPED] = "leading-zero-stripped",
	[SIGNATURE_STRIPPED + 1] = NULL,
};

static const char *const initialize_words[] = {
	[INITIALIZE_RIGHT] = "",
	[INITIALIZE_NEEDS_OS_LOCKING] = "need-os-locking",
	[INITIALIZE_REFUSES_OS_LOCKING] = "refuse-os-locking",
	[INITIALIZE_ALREADY] = "already",
	[INITIALIZE_ALREADY + 1] = NULL,
};

static const char *const overstate_words[] = {
	[OVERSTATE_NOTHING] = "",
	[OVERSTATE_OBJECTS] = "objects",
	[OVERSTATE_ATTRIBUTE] = "attribute",
	[OVERSTATE_VALUE] = "value",
	[OVERSTATE_LENGTH] = "length",
	[OVERSTATE_LENGTH + 1] = NULL,
};

static const char *const pin_lengths_words[] = {
	[PIN_LENGTHS_REAL] = "",
	[PIN_LENGTHS_ZERO] = "zero",
	[PIN_LENGTHS_UNAVAILABLE] = "unavailable",
	[PIN_LENGTHS_UNAVAILABLE + 1] = NULL,
};

#define FIELD(name) .field = offsetof(struct settings, name)
static const struct setting table[] = {
	{"SHIM_MODULE", read_text, FIELD(module), .most = PATH_MAX - 1},
	{"SHIM_LOG", read_text, FIELD(log), .most = PATH_MAX - 1},
	{"SHIM_DELAY", read_number, FIELD(delay), .most = 600000000},
	{"SHIM_FAIL", read_failures, FIELD(fail), .prefix = "CKR_"},
	{"SHIM_FAIL_AFTER", read_failures, FIELD(fail_after), .prefix = "CKR_"},
	{"SHIM_HANG", read_calls, FIELD(hang)},
	{"SHIM_CRASH", read_calls, FIELD(crash)},
	{"SHIM_EXIT", read_calls, FIELD(exit)},
	{"SHIM_EXIT_LATER", read_calls, FIELD(exit_later)},
	{"SHIM_RAISE_LATER", read_calls, FIELD(raise_later)},
	{"SHIM_FORK", read_calls, FIELD(fork)},
	{"SHIM_CLONE", read_calls, FIELD(clone)},
	{"SHIM_CHDIR", read_calls, FIELD(chdir)},
	{"SHIM_CLOSE", read_calls, FIELD(close)},
	{"SHIM_DEAF", read_calls, FIELD(deaf)},
	{"SHIM_NO_FILES", read_calls, FIELD(no_files)},
	{"SHIM_NO_MEMORY", read_calls, FIELD(no_memory)},
	{"SHIM_SETUID", read_calls, FIELD(setuid)},
	{"SHIM_FLOOD", read_calls, FIELD(flood)},
	{"SHIM_THREAD", read_calls, FIELD(thread)},
	{"SHIM_PULL", read_calls, FIELD(pull)},
	{"SHIM_SWAP", read_calls, FIELD(swap)},
	{"SHIM_PULL_CALLS", read_positive_number, FIELD(pull_calls), .most = 1000000},
	{"SHIM_MECHANISMS", read_constants, FIELD(mechanisms), .prefix = "CKM_"},
	{"SHIM_NO_MECHANISMS", read_number, FIELD(no_mechanisms), .most = 1},
	{"SHIM_TOKEN_FLAGS", read_flags, FIELD(token_flags), .prefix = "CKF_"},
	{"SHIM_PINPAD", read_text, FIELD(pinpad), .most = SHIM_PIN_MOST},
	{"SHIM_PIN_LENGTHS", read_word, FIELD(pin_lengths), .words = pin_lengths_words},
	{"SHIM_CONTEXT_PIN", read_text, FIELD(context_pin), .most = SHIM_PIN_MOST},
	{"SHIM_SIGNATURE", read_word, FIELD(signature), .words = signature_words},
	{"SHIM_HIDE", read_constants, FIELD(hidden_attributes), .prefix = "CKA_"},
	{"SHIM_HIDE_CLASS", read_constants, FIELD(hidden_classes), .prefix = "CKO_"},
	{"SHIM_ATTRIBUTE", read_booleans, FIELD(attributes), .prefix = "CKA_"},
	{"SHIM_INSIST", read_constants, FIELD(insisted), .prefix = "CKA_"},
	{"SHIM_SLOTS", read_positive_number, FIELD(slots), .most = 100000},
	{"SHIM_SLOTS_CLAIM_TOKEN", read_number, FIELD(slots_claim_token), .most = 1},
	{"SHIM_LABEL", read_label, FIELD(label), .most = SHIM_LABEL_SIZE},
	{"SHIM_SERIAL", read_label, FIELD(serial), .most = SHIM_SERIAL_SIZE},
	{"SHIM_MANUFACTURER", read_label, FIELD(manufacturer), .most = SHIM_LABEL_SIZE},
	{"SHIM_INITIALIZE", read_word, FIELD(initialize), .words = initialize_words},
	{"SHIM_NOISE", read_number, FIELD(noise), .most = 1},
	{"SHIM_FIND_MOST", read_positive_number, FIELD(find_most), .most = 1000},
	{"SHIM_FIND_ENDLESS", read_number, FIELD(find_endless), .most = 1},
	{"SHIM_FIND_ANY", read_number, FIELD(find_any), .most = 1},
	{"SHIM_OVERSTATE", read_word, FIELD(overstate), .words = overstate_words},
};
enum { SETTINGS = sizeof table / sizeof *table };

/* The values in force, still as text; the last one for a name counts. */
struct texts {
	const char *of[SETTINGS];
};

static void take_line(struct texts *texts, const char *line, const char *source)
{
	size_t length = strcspn(line, "=");

	for (size_t i = 0; i < SETTINGS; i++) {
		if (line[length] && strlen(table[i].name) == length &&
		    !strncmp(table[i].name, line, length)) {
			texts->of[i] = line + length + 1;
			return;
		}
	}
	give_up("%s: no setting is called '%.*s'", source, (int)length, line);
}

static void take_environment(struct texts *texts)
{
	for (char **line = environ; *line; line++) {
		bool is_control = !strncmp(*line, "SHIM_CONTROL=", strlen("SHIM_CONTROL="));

		if (!strncmp(*line, "SHIM_", strlen("SHIM_")) && !is_control)
			take_line(texts, *line, "environment");
	}
}

/* The whole file, or NULL if there is none. */
static char *contents_of(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file && errno == ENOENT)
		return NULL;
	if (!file)
		give_up("%s: %s", path, strerror(errno));
	if (getdelim(&text, &size, '\0', file) < 0) {
		if (!feof(file))
			give_up("%s: %s", path, strerror(errno));
		*text = '\0'; /* an empty file */
	}
	fclose(file);
	return text;
}

static void take_control_file(struct texts *texts, const char *path, char *lines)
{
	char *line;

	while ((line = strsep(&lines, "\n"))) {
		if (*line)
			take_line(texts, line, path);
	}
}

static void read_value(struct settings *settings, const struct setting *setting, const char *text)
{
	char *value = strdup(text);

	if (!value)
		give_up("no memory");
	setting->read(setting, value, (char *)settings + setting->field);
	free(value);
}

static void check_together(const struct settings *settings)
{
	bool on = false;

	if (switches_have(&settings->attributes, CKA_ALWAYS_AUTHENTICATE, &on) && on &&
	    !*settings->context_pin)
		give_up("SHIM_ATTRIBUTE: CKA_ALWAYS_AUTHENTICATE=1 needs SHIM_CONTEXT_PIN");
	if (settings->slots_claim_token && !settings->slots)
		give_up("SHIM_SLOTS_CLAIM_TOKEN: needs SHIM_SLOTS");
}

/* An empty value counts as none, so that a control file can undo a setting of the environment. */
static struct settings *read_settings(const char *control_path)
{
	struct settings *settings = calloc(1, sizeof *settings);
	char *control = control_path ? contents_of(control_path) : NULL;
	struct texts texts = {{NULL}};

	if (!settings)
		give_up("no memory");
	memcpy(settings->module, default_module, sizeof default_module);
	settings->pull_calls = default_pull_calls;
	take_environment(&texts);
	if (control)
		take_control_file(&texts, control_path, control);
	for (size_t i = 0; i < SETTINGS; i++) {
		if (texts.of[i] && *texts.of[i])
			read_value(settings, &table[i], texts.of[i]);
	}
	check_together(settings);
	free(control);
	return settings;
}

/* Old versions are kept: another thread may still read one. */
static _Atomic(struct settings *) latest;
static struct stat control_then;
static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;

static bool is_changed(const char *path)
{
	struct stat now = {0};

	if (path)
		stat(path, &now); /* no file: all zero */
	if (now.st_ino == control_then.st_ino && now.st_size == control_then.st_size &&
	    now.st_mtim.tv_sec == control_then.st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == control_then.st_mtim.tv_nsec)
		return false;
	control_then = now;
	return true;
}

const struct settings *settings_refresh(void)
{
	const char *path = getenv("SHIM_CONTROL");
	struct settings *settings;

	pthread_mutex_lock(&reading);
	settings = latest;
	if (is_changed(path) || !settings) {
		struct settings *next = read_settings(path);

		if (settings && strcmp(settings->module, next->module))
			give_up("SHIM_MODULE: cannot change once it was read");
		next->previous = settings;
		latest = settings = next;
	}
	pthread_mutex_unlock(&reading);
	return settings;
}

const struct settings *settings_now(void)
{
	return latest;
}

void settings_free(void)
{
	struct settings *settings = latest;

	while (settings) {
		struct settings *previous = settings->previous;

		free(settings);
		settings = previous;
	}
	latest = NULL;
}

const struct call_rule *rule_for(const struct call_rules *rules, enum shim_function function,
				 unsigned long nth)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct call_rule *rule = &rules->list[i];

		if (rule->function == function && (!rule->nth || rule->nth == nth))
			return rule;
	}
	return NULL;
}

bool numbers_have(const struct numbers *numbers, CK_ULONG number)
{
	for (size_t i = 0; i < numbers->count; i++) {
		if (numbers->list[i] == number)
			return true;
	}
	return false;
}

bool switches_have(const struct switches *switches, CK_ULONG number, bool *on)
{
	for (size_t i = 0; i < switches->count; i++) {
		if (switches->list[i].number == number) {
			*on = switches->list[i].on;
			return true;
		}
	}
	return false;
}
