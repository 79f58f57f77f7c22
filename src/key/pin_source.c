/* Each source is read at most once, straight into locked memory. */
#include "key/pin_source.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "key/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

extern char **environ;

/* Editors, echo and other systems add line ends, which do not belong to the PIN. */
static struct chronosign_secret *without_line_ends(struct chronosign_secret *pin)
{
	size_t length = pin == NULL ? 0 : secret_length(pin);

	if (pin == NULL)
		return NULL;
	while (length > 0 && strchr("\r\n", secret_bytes(pin)[length - 1]) != NULL &&
	       secret_bytes(pin)[length - 1] != '\0')
		length--;
	secret_set_length(pin, length);
	return pin;
}

/* A source without its line ends. An empty PIN is never intended, and would cost a try. */
static struct chronosign_secret *bare_pin(struct chronosign_secret *read, const char *what,
					  struct chronosign_error **error)
{
	struct chronosign_secret *pin = without_line_ends(read);

	if (pin == NULL || secret_length(pin) > 0)
		return pin;
	chronosign_secret_free(pin);
	error_set(error, CHRONOSIGN_ERROR_KEY, "%s holds no PIN: it is empty", what);
	return NULL;
}

static struct chronosign_secret *read_pin(int descriptor, const char *what,
					  struct chronosign_error **error)
{
	return bare_pin(secret_read(descriptor, CHRONOSIGN_SECRET_MAX, what, error), what, error);
}

/* True if the text may be a PIN in place of a file's name, so that it must not be repeated:
 * neither the file nor its folder exists. */
static bool may_be_pin(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (access(path, F_OK) == 0)
		return false;
	if (slash == NULL || slash == path)
		return true;
	CLEANUP(cleanup_text) char *folder = strndup(path, (size_t)(slash - path));
	return folder == NULL || access(folder, F_OK) != 0;
}

static struct chronosign_secret *pin_from_file(const char *path, struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *what = text_format("the PIN file '%s'", path);
	CLEANUP(cleanup_descriptor) int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (what == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (descriptor < 0) {
		int reason = errno;
		error_set(error, CHRONOSIGN_ERROR_KEY, "cannot open %s: %s",
			  may_be_pin(path) ? "the file of --pin-source (a PIN itself goes into "
					     "$CHRONOCTL_PIN)"
					   : what,
			  text_open_error(path, reason));
		return NULL;
	}
	return read_pin(descriptor, what, error);
}

static bool file_status(const char *path, struct stat *status)
{
	return stat(path, status) == 0;
}

static struct chronosign_secret *pin_from_file_uri(const char *uri, struct chronosign_error **error)
{
	CLEANUP(cleanup_text) char *path = file_uri_path(uri, "file:…", error);

	return path == NULL ? NULL : pin_from_file(path, error);
}

static bool file_uri_status(const char *uri, struct stat *status)
{
	CLEANUP(cleanup_text) char *path = file_uri_path(uri, "", NULL);

	return path != NULL && file_status(path, status);
}

/* env:$VARIABLE in a shell gives the PIN where the name should be: only a name in the usual form
 * of variables is repeated. */
static const char *printable_variable(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return length > 0 && name[length] == '\0' && !(name[0] >= '0' && name[0] <= '9') ? name
											 : "…";
}

/* An empty variable counts as not set, as everywhere in the command. */
static struct chronosign_secret *pin_from_environment(const char *name,
						      struct chronosign_error **error)
{
	char *value = getenv(name);

	if (value == NULL || value[0] == '\0') {
		error_set(error, CHRONOSIGN_ERROR_KEY,
			  "the PIN source env:%s: the variable is not set, or empty",
			  printable_variable(name));
		return NULL;
	}
	return bare_pin(chronosign_secret_take(value, error),
			"the variable of the PIN source env:", error);
}

/* No PIN that deserves the name has so few. */
enum { SHOWN_DIGITS = 3 };

const char *pin_source_shown_descriptor(const char *number)
{
	size_t length = strspn(number, "0123456789");

	return length > 0 && length <= SHOWN_DIGITS && number[length] == '\0' ? number : "…";
}

static struct chronosign_secret *pin_from_descriptor(const char *number,
						     struct chronosign_error **error)
{
	CLEANUP(cleanup_text)
	char *what = text_format("the PIN source fd:%s", pin_source_shown_descriptor(number));
	char *end = NULL;
	long descriptor = strtol(number, &end, 10);

	if (what == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (number[0] < '0' || number[0] > '9' || *end != '\0' || descriptor > INT_MAX) {
		error_set(error, CHRONOSIGN_ERROR_USAGE, "%s: not the number of a descriptor",
			  what);
		return NULL;
	}
	return read_pin((int)descriptor, what, error);
}

static bool descriptor_status(const char *number, struct stat *status)
{
	return fstat((int)strtol(number, NULL, 10), status) == 0;
}

/* systemd.exec(5), CREDENTIALS: a file by that name in the directory; a name with a slash would
 * leave it. A name that is none may be a PIN, and is not repeated. */
static struct chronosign_secret *pin_from_credential(const char *name,
						     struct chronosign_error **error)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");

	if (directory == NULL || directory[0] == '\0') {
		error_set(error, CHRONOSIGN_ERROR_KEY,
			  "the PIN source credential:…: $CREDENTIALS_DIRECTORY is not set; run in "
			  "a unit with LoadCredential=NAME:FILE");
		return NULL;
	}
	if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0) {
		error_set(error, CHRONOSIGN_ERROR_USAGE,
			  "the PIN source credential:…: not the name of a credential");
		return NULL;
	}
	CLEANUP(cleanup_text) char *path = text_format("%s/%s", directory, name);
	if (path == NULL) {
		error_out_of_memory(error);
		return NULL;
	}
	if (access(path, F_OK) == 0)
		return pin_from_file(path, error);
	error_set(error, CHRONOSIGN_ERROR_KEY,
		  "the PIN source credential:…: no such file in $CREDENTIALS_DIRECTORY ('%s'): %s",
		  directory, strerror(errno));
	return NULL;
}

static bool credential_status(const char *name, struct stat *status)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	CLEANUP(cleanup_text)
	char *path = directory == NULL ? NULL : text_format("%s/%s", directory, name);

	if (path == NULL || !file_status(path, status))
		return false;
	/* systemd lets the unit's user read it by an ACL, whose mask is in the place of the group's rights (acl(5)). */
	status->st_mode &= ~(mode_t)S_IRGRP;
	return true;
}

/* A PIN source `|command`: what follows the bar, and where the command's messages go. */
struct command {
	const char *text;
	int standard_error;
};

/* Starts /bin/sh -c command with its standard output at the pipe. What the shell itself says begins
 * with the name after the command. */
static bool start_command(const struct command *command, int output, pid_t *child,
			  struct chronosign_error **error)
{
	posix_spawn_file_actions_t actions;
	CLEANUP(cleanup_text)
	char *name = text_format("%s: PIN command", program_invocation_short_name);
	char *arguments[] = {(char *)"sh", (char *)"-c", (char *)command->text, name, NULL};
	posix_spawnattr_t attributes;
	sigset_t defaults;
	sigset_t none;

	if (name == NULL || posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawnattr_init(&attributes) != 0)
		return error_out_of_memory(error);
	/* The command does not inherit ignored signals. */
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGXFSZ);
	sigaddset(&defaults, SIGCHLD);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	/* Nor blocked ones. */
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	int result = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (result == 0 && command->standard_error != STDERR_FILENO)
		result = posix_spawn_file_actions_adddup2(&actions, command->standard_error,
							  STDERR_FILENO);
	if (result == 0)
		result = posix_spawn(child, "/bin/sh", &actions, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return result == 0 || error_set(error, CHRONOSIGN_ERROR_KEY,
					"the PIN command cannot be started: %s", strerror(result));
}

static bool command_ended_well(pid_t child, struct chronosign_error **error)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(error, CHRONOSIGN_ERROR_OTHER,
					 "waiting for the PIN command: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFSIGNALED(status))
		return error_set(error, CHRONOSIGN_ERROR_KEY,
				 "the PIN command was ended by signal %d", WTERMSIG(status));
	return error_set(error, CHRONOSIGN_ERROR_KEY, "the PIN command failed with exit status %d",
			 WEXITSTATUS(status));
}

/* Starts the command and reads what it prints. The pipe is closed before the wait, so that a
 * command that keeps writing ends. */
static struct chronosign_secret *read_command(const struct command *command, pid_t *child,
					      struct chronosign_error **error)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0) {
		error_set(error, CHRONOSIGN_ERROR_OTHER, "cannot make a pipe: %s", strerror(errno));
		return NULL;
	}
	CLEANUP(cleanup_descriptor) int output = ends[0];
	bool started = start_command(command, ends[1], child, error);
	close(ends[1]);
	return started ? read_pin(output, "the output of the PIN command", error) : NULL;
}

static struct chronosign_secret *run_command(const struct command *command,
					     struct chronosign_error **error)
{
	pid_t child = 0;
	CLEANUP(cleanup_error) struct chronosign_error *reading = NULL;
	CLEANUP(cleanup_secret)
	struct chronosign_secret *pin = read_command(command, &child, &reading);

	/* The exit status explains more than the missing output. */
	if (child != 0 && !command_ended_well(child, error))
		return NULL;
	if (pin == NULL)
		error_move(error, &reading);
	return TAKE(pin);
}

/* Puts back what was done about SIGCHLD. The handler has not heard of other children that have ended meanwhile. */
static void restore_child_action(const struct sigaction *before)
{
	siginfo_t other = {.si_pid = 0};

	sigaction(SIGCHLD, before, NULL);
	if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN &&
	    waitid(P_ALL, 0, &other, WEXITED | WNOHANG | WNOWAIT) == 0 && other.si_pid != 0)
		kill(getpid(), SIGCHLD);
}

/* A handler that waits for all children, of a module or of our caller, would take away how the command ended; so would an
 * ignored signal. */
static struct chronosign_secret *pin_from_command(const struct command *command,
						  struct chronosign_error **error)
{
	const struct sigaction none = {.sa_handler = SIG_DFL};
	struct sigaction before;

	if (sigaction(SIGCHLD, &none, &before) != 0)
		return run_command(command, error);
	struct chronosign_secret *pin = run_command(command, error);
	restore_child_action(&before);
	return pin;
}

/* The forms of a source other than a command. To add one: a row, and its name wherever the options
 * and the pages list them. */
static const struct form {
	const char *prefix; /* none: a path */
	struct chronosign_secret *(*read)(const char *rest, struct chronosign_error **error);
	bool (*status)(const char *rest,
		       struct stat *status); /* of the file behind it; NULL: none */
	bool whole;                          /* both get the prefix, too */
	bool lends; /* it reads what the process was started with (`lend` of the key) */
} forms[] = {
	{"env:", pin_from_environment, NULL, false, false},
	{"fd:", pin_from_descriptor, descriptor_status, false, true},
	{"credential:", pin_from_credential, credential_status, false, false},
	/* As the shell's <(…) makes them. */
	{"/dev/fd/", pin_from_descriptor, descriptor_status, false, true},
	{"/proc/self/fd/", pin_from_descriptor, descriptor_status, false, true},
	{"file:", pin_from_file_uri, file_uri_status, true, false},
	{"", pin_from_file, file_status, false, false},
};

/* In a URI only a path or a file: URI is a source (RFC 7512 §2.4): the others would give the
 * URI's author access that only the user should have. */
enum { FIRST_FORM_IN_URIS = 3 };

/* What the source says, behind the prefix of its form, which is of the table from `first` on. */
static const struct form *form_of(const char *source, size_t first, const char **rest)
{
	size_t i = first;

	while (strncasecmp(source, forms[i].prefix, strlen(forms[i].prefix)) != 0)
		i++;
	*rest = forms[i].whole ? source : source + strlen(forms[i].prefix);
	return &forms[i];
}

const char *pin_source_descriptor(const char *source)
{
	const char *rest;
	const struct form *form = form_of(source, 0, &rest);

	return form->read == pin_from_descriptor ? rest : NULL;
}

static const char *source_in_uri(const struct chronosign_key *key)
{
	return key->uri == NULL ? NULL : key->uri->pin_source;
}

bool pin_source_is_passed(const struct chronosign_key *key, struct chronosign_error **error)
{
	const char *source = source_in_uri(key);
	const char *rest;

	if (source == NULL)
		return true;
	const struct form *form = form_of(source, FIRST_FORM_IN_URIS, &rest);
	if (form->read != pin_from_descriptor)
		return true;
	int flags = fcntl((int)strtol(rest, NULL, 10), F_GETFD);
	return (flags >= 0 && (flags & FD_CLOEXEC) == 0) ||
	       error_set(error, CHRONOSIGN_ERROR_USAGE,
			 "the descriptor of the PIN source '%s%s' is not open; the shell opens it: "
			 "<(…), or N<FILE",
			 form->prefix, pin_source_shown_descriptor(rest));
}

static struct chronosign_secret *read_own(const struct chronosign_key *key,
					  struct chronosign_error **error)
{
	const struct command command = {key->pin_source + 1, key->command_stderr};
	bool is_command = key->pin_source[0] == '|';
	const char *rest;
	const struct form *form = form_of(key->pin_source, 0, &rest);
	bool lends = key->lend != NULL && (is_command || form->lends);

	if (lends)
		key->lend(key->lend_context, true);
	struct chronosign_secret *pin =
		is_command ? pin_from_command(&command, error) : form->read(rest, error);
	if (lends)
		key->lend(key->lend_context, false);
	return pin;
}

struct chronosign_secret *pin_source_read(const struct chronosign_key *key,
					  struct chronosign_error **error)
{
	const char *source = source_in_uri(key);
	const char *rest;

	return source == NULL ? read_own(key, error)
			      : form_of(source, FIRST_FORM_IN_URIS, &rest)->read(rest, error);
}

bool pin_source_status(const struct chronosign_key *key, struct stat *status)
{
	const char *in_uri = source_in_uri(key);
	const char *source = in_uri == NULL ? key->pin_source : in_uri;
	const char *rest;

	if (source == NULL || (in_uri == NULL && source[0] == '|'))
		return false;
	const struct form *form = form_of(source, in_uri == NULL ? 0 : FIRST_FORM_IN_URIS, &rest);
	return form->status != NULL && form->status(rest, status);
}
