/* Lines for the system log: who, with which key, for which server. */
#include "cli/audit.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/datagram.h"
#include "cli/report.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

/* systemd-journald takes fields here (systemd.journal-fields(7), JOURNAL_NATIVE_PROTOCOL). */
static const char journal[] = "/run/systemd/journal/socket";

/* journald and the socket take a line of many values of VALUE_MAX bytes. */
enum { NONCE_SHOWN = 8, VALUE_MAX = 1024, PAUSE_MS = 10, PAUSES = 100 };

/* A line has no context, and there is one log. */
static unsigned pauses_left = PAUSES;
static unsigned lost;
static int lost_by;

/* The major number of Unix98 pseudo-terminals (pts(4)). */
enum { PSEUDO_TERMINAL = 136 };

static bool is_wanted(void)
{
	const char *log = getenv("CHRONOCTL_LOG");

	return log == NULL || strcmp(log, "off") != 0;
}

/* The user of the original login, whatever su and sudo have changed since (pam_loginuid(8));
 * NULL: none. */
static char *login_uid(void)
{
	CLEANUP(cleanup_stream) FILE *file = fopen("/proc/self/loginuid", "re");
	unsigned uid = 0;

	if (file == NULL || fscanf(file, "%u", &uid) != 1 || uid == (unsigned)-1)
		return NULL;
	return text_format("%u", uid);
}

/* Of the kinds of terminals that have a device in sysfs; "tty1" for "../../devices/virtual/tty/tty1". */
static char *console_name(dev_t device)
{
	char target[PATH_MAX];
	CLEANUP(cleanup_text)
	char *link = text_format("/sys/dev/char/%u:%u", major(device), minor(device));
	ssize_t length = link == NULL ? -1 : readlink(link, target, sizeof target - 1);

	if (length < 0)
		return NULL;
	target[length] = '\0';
	const char *slash = strrchr(target, '/');
	return text_format("/dev/%s", slash == NULL ? target : slash + 1);
}

/* The controlling terminal, whatever the standard descriptors are: tty_nr, behind the name in parentheses, state, parent,
 * group and session (proc(5)). NULL: none. */
static char *terminal(void)
{
	char line[512] = "";
	int device = 0;
	CLEANUP(cleanup_stream) FILE *file = fopen("/proc/self/stat", "re");

	if (file == NULL || fgets(line, sizeof line, file) == NULL)
		return NULL;
	const char *rest = strrchr(line, ')');
	if (rest == NULL || sscanf(rest, ") %*c %*d %*d %*d %d", &device) != 1 || device == 0)
		return NULL;
	return major((unsigned)device) == PSEUDO_TERMINAL
		       ? text_format("/dev/pts/%u", minor((unsigned)device))
		       : console_name((unsigned)device);
}

/* An event: its words, then what it is about. A NULL value is left out. */
struct event {
	int priority;
	const char *words;
	const char *names[4];
	const char *values[4];
};

/* A value that could be read as two is quoted: the name of a key or a file may hold anything. */
static char *quoted(const char *value)
{
	char *copy = malloc(2 * strlen(value) + sizeof "\"\"");
	char *to = copy;

	if (copy == NULL)
		return NULL;
	*to++ = '"';
	for (const char *from = value; *from != '\0'; from++) {
		if (*from == '"' || *from == '\\')
			*to++ = '\\';
		*to++ = *from;
	}
	*to++ = '"';
	*to = '\0';
	return copy;
}

/* Cut between characters, since the value is UTF-8. */
static char *bounded(const char *value)
{
	size_t length = strnlen(value, VALUE_MAX + 1);

	if (length <= VALUE_MAX)
		return strdup(value);
	for (length = VALUE_MAX; length > 0 && ((unsigned char)value[length] & 0xc0) == 0x80;)
		length--;
	return text_format("%.*s…", (int)length, value);
}

static void append(char **line, char **fields, const char *name, const char *whole)
{
	CLEANUP(cleanup_text) char *copy = bounded(whole);
	const char *value = copy == NULL ? "?" : copy;
	bool plain = value[0] != '\0' && strpbrk(value, " \"") == NULL;
	CLEANUP(cleanup_text) char *shown = plain ? strdup(value) : quoted(value);
	char field[32] = "";

	char *to = field;

	for (const char *from = name; *from != '\0' && to < field + sizeof field - 1; from++)
		*to++ = (char)(*from == '-' ? '_' : *from - 'a' + 'A');
	text_append(line, " %s=%s", name, shown == NULL ? "?" : shown);
	text_append(fields, "CHRONOCTL_%s=%s\n", field, value);
}

/* Waits for a log that pauses, but for a second in all: a token must not wait for one that nobody
 * reads. Each line that need not wait gives a pause back, for --watch. EAGAIN: the line is lost. */
static bool send_line(const char *path, const char *text)
{
	if (datagram_send_or_record(path, text)) {
		pauses_left += pauses_left < PAUSES;
		return true;
	}
	while (errno == EAGAIN && pauses_left > 0) {
		pauses_left--;
		poll(NULL, 0, PAUSE_MS);
		if (datagram_send_or_record(path, text))
			return true;
	}
	return false;
}

/* Writes to the log as syslog(3) does, which would wait for one that nobody reads. */
static bool write_line(int priority, const char *line)
{
	char now[sizeof "Jan  1 00:00:00"] = "";
	time_t seconds = time(NULL);
	struct tm local;

	if (localtime_r(&seconds, &local) != NULL)
		strftime(now, sizeof now, "%b %e %T", &local);
	CLEANUP(cleanup_text)
	char *text = text_format("<%d>%s chronoctl[%d]: %s", LOG_AUTHPRIV | priority, now,
				 (int)getpid(), line);
	return text != NULL && send_line(_PATH_LOG, text);
}

void audit_tell_loss(void)
{
	if (lost > 0 && lost_by == EAGAIN)
		report_warning("the system log does not keep up; lines lost: %u", lost);
	else if (lost > 0)
		report_warning("cannot write to the system log: %s; lines lost: %u",
			       strerror(lost_by), lost);
	lost = 0;
}

/* Of connecting: nobody listens there. */
static bool is_no_log(int reason)
{
	return reason == ENOENT || reason == ECONNREFUSED;
}

/* The journal stores the fields; without a journal the line goes to the system log. */
static void write_record(int priority, const char *record, const char *line)
{
	bool written = record != NULL && send_line(journal, record);
	int reason = record == NULL ? ENOMEM : errno;

	if (!written && record != NULL && reason != EAGAIN) {
		written = write_line(priority, line);
		reason = is_no_log(reason) ? errno : reason;
	}
	if (written) {
		audit_tell_loss();
	} else if (!is_no_log(reason)) {
		lost++;
		lost_by = reason;
	}
}

static void write_event(const struct event *event)
{
	CLEANUP(cleanup_text) char *uid = text_format("%u", (unsigned)getuid());
	CLEANUP(cleanup_text) char *login = login_uid();
	CLEANUP(cleanup_text) char *tty = terminal();
	CLEANUP(cleanup_text) char *line = NULL;
	CLEANUP(cleanup_text) char *fields = NULL;

	if (uid == NULL || !text_append(&line, "%s:", event->words))
		return;
	for (size_t i = 0; i < 4 && event->names[i] != NULL; i++)
		if (event->values[i] != NULL)
			append(&line, &fields, event->names[i], event->values[i]);
	append(&line, &fields, "uid", uid);
	if (login != NULL)
		append(&line, &fields, "login-uid", login);
	if (tty != NULL)
		append(&line, &fields, "terminal", tty);
	CLEANUP(cleanup_text)
	char *record =
		text_format("MESSAGE=%s\nPRIORITY=%d\nSYSLOG_FACILITY=%d\n"
			    "SYSLOG_IDENTIFIER=chronoctl\nSYSLOG_PID=%d\n%s",
			    line, event->priority, LOG_FAC(LOG_AUTHPRIV), (int)getpid(), fields);
	write_record(event->priority, record, line);
}

static const char *outcome(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_ACCEPTED:
		return "yes";
	case VERDICT_REFUSED:
		return "no";
	case VERDICT_EVERYONE:
		return "everyone-is";
	case VERDICT_NONE:
		break;
	}
	return "not-known";
}

/* Logs are read line by line, and in terminals. */
static char *printable(const char *text)
{
	return text_printable(text, strlen(text), false);
}

static void write_signature(const char *words, const struct audit_signature *signature,
			    const char *accepted)
{
	if (!is_wanted())
		return;
	CLEANUP(cleanup_text)
	char *bare = signature->server == NULL ? NULL : url_without_user(signature->server);
	CLEANUP(cleanup_text) char *server = bare == NULL ? NULL : printable(bare);
	CLEANUP(cleanup_text) char *key = printable(signature->key);
	CLEANUP(cleanup_text) char *nonce = text_format("%.*s", NONCE_SHOWN, signature->nonce);
	const struct event event = {LOG_NOTICE,
				    words,
				    {"key", "server", "nonce", "accepted"},
				    {key, server, nonce, accepted}};

	write_event(&event);
}

void audit_signed(const struct audit_signature *signature)
{
	write_signature("signed a nonce", signature,
			signature->to_be_tried ? "to-be-checked" : "not-checked");
}

void audit_answer(const char *key, const char *server, const struct network_answer *answer)
{
	const struct audit_signature signature = {
		.key = key, .server = server, .nonce = answer->nonce};

	if (answer->about == NETWORK_ANSWER_CHECK)
		write_signature("checked a token", &signature, outcome(answer->verdict));
}

void audit_login_failed(const char *key)
{
	CLEANUP(cleanup_text) char *shown = printable(key);
	const struct event event = {LOG_WARNING, "a token refused a login", {"key"}, {shown}};

	if (is_wanted())
		write_event(&event);
}

void audit_misbehaved(const char *what)
{
	CLEANUP(cleanup_text) char *shown = printable(what);
	const struct event event = {
		LOG_ALERT, "the network program sent what it must not send", {"what"}, {shown}};

	if (is_wanted())
		write_event(&event);
}
