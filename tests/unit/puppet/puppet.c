/*
 * In chronoctl-network's place for the unit tests: says and does what the first URL of its job asks for, be
 * it what no honest program would, and looks around in its own process. LOCALDOMAIN, which it gets as the
 * program does, asks for what comes before the job. Any other job is the program's own.
 */
#include "../../hostile/attempts.h"
#include "network/job.h"
#include "network/message.h"
#include "network/process.h"
#include "network/program/confine.h"
#include "network/program/openssl_conf.h"
#include "network/program/privileges.h"
#include "network/program/program.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define GOOD "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"

static struct program_job job;

/* ---- What it says ---- */

static bool say(const void *bytes, size_t length)
{
	return send(PROCESS_SOCKET, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static void say_sandbox(const char *number)
{
	struct network_message message;

	message_init(&message, 0);
	message.outcome = MESSAGE_SANDBOX;
	message.reached = (uint32_t)atoi(number);
	say(&message, sizeof message);
}

static struct network_message nonce_of(size_t server)
{
	struct network_message message;

	message_init(&message, server);
	message.http_status = 200;
	message_set_nonce(&message, GOOD, (struct nonce_life){.seconds = 600});
	return message;
}

static bool say_nonce(size_t server)
{
	const struct network_message message = nonce_of(server);

	return say(&message, sizeof message);
}

static bool say_failure(uint32_t outcome, const char *text)
{
	struct network_message message;

	message_init(&message, 0);
	message_set_failure(&message, outcome, text);
	return say(&message, sizeof message);
}

static void say_nonces(const char *servers)
{
	for (; *servers != '\0'; servers++)
		say_nonce((size_t)(*servers - '0'));
}

static void say_sandbox_and_nonce(const char *number)
{
	say_sandbox(number);
	say_nonce(0);
	pause();
}

static void say_sandbox_twice(const char *nothing)
{
	(void)nothing;
	say_sandbox("3");
	say_sandbox("3");
	pause();
}

static void say_no_sandbox(const char *nothing)
{
	(void)nothing;
	say_nonce(0);
	pause();
}

static void say_half(const char *nothing)
{
	const struct network_message message = nonce_of(0);

	(void)nothing;
	say(&message, sizeof message / 2);
	pause();
}

static void say_more(const char *nothing)
{
	static char bytes[2 * sizeof(struct network_message)];
	const struct network_message message = nonce_of(0);

	(void)nothing;
	memset(bytes, 'x', sizeof bytes);
	memcpy(bytes, &message, sizeof message);
	say(bytes, sizeof bytes);
	pause();
}

static void lie(const char *nothing)
{
	struct network_message message = nonce_of(0);

	(void)nothing;
	memset(message.nonce, 'x', sizeof message.nonce);
	say(&message, sizeof message);
	pause();
}

static void say_outcome(const char *number)
{
	struct network_message message = nonce_of(0);

	message.outcome = (uint32_t)atoi(number);
	say(&message, sizeof message);
	pause();
}

/* A nonce that was answered so many milliseconds from now. */
static void say_time(const char *number)
{
	struct network_message message = nonce_of(0);

	message.answered += atoi(number);
	say(&message, sizeof message);
	pause();
}

static void die(const char *nothing)
{
	const struct rlimit none = {0, 0};

	(void)nothing;
	setrlimit(RLIMIT_CORE, &none);
	say_nonce(1);
	raise(SIGABRT);
}

static void end(const char *status)
{
	_exit(atoi(status));
}

static void hang_up(const char *nothing)
{
	(void)nothing;
	close(PROCESS_SOCKET);
	pause();
}

static void wait_for_ever(const char *nothing)
{
	(void)nothing;
	pause();
}

static void tell_number(const char *nothing)
{
	struct network_message message = nonce_of(0);

	(void)nothing;
	message.valid_for = getpid();
	say(&message, sizeof message);
	pause();
}

/* ---- What it finds in its own process: NULL, or what is wrong ---- */

/* /dev/null: null(4). */
static bool leads_nowhere(int descriptor)
{
	struct stat status;

	return fstat(descriptor, &status) == 0 && S_ISCHR(status.st_mode) &&
	       status.st_rdev == makedev(1, 3);
}

static const char *look_at_descriptors(const char *nothing)
{
	(void)nothing;
	for (int number = PROCESS_SOCKET + 1; number < 200; number++)
		if (fcntl(number, F_GETFD) >= 0)
			return "a descriptor is open that should not be";
	if (fcntl(STDERR_FILENO, F_GETFD) < 0)
		return "standard error is closed";
	if (!leads_nowhere(STDIN_FILENO) || !leads_nowhere(STDOUT_FILENO))
		return "standard input or output lead somewhere";
	return NULL;
}

static const char *look_at_privileges(const char *nothing)
{
	int signal_number = 0;

	(void)nothing;
	if (prctl(PR_GET_DUMPABLE) != 0)
		return "it can be dumped and traced";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return "it can get new privileges";
	if (prctl(PR_GET_PDEATHSIG, &signal_number) != 0 || signal_number != SIGKILL)
		return "it outlives its parent";
	return NULL;
}

static const char *look_at_signals(const char *nothing)
{
	struct sigaction action;
	sigset_t blocked;

	(void)nothing;
	if (sigaction(SIGUSR1, NULL, &action) != 0 || action.sa_handler != SIG_DFL)
		return "a handler of the parent is left";
	if (sigaction(SIGHUP, NULL, &action) != 0 || action.sa_handler != SIG_IGN)
		return "what was ignored no longer is";
	if (sigaction(SIGPIPE, NULL, &action) != 0 || action.sa_handler != SIG_IGN)
		return "SIGPIPE is not ignored";
	if (sigprocmask(SIG_BLOCK, NULL, &blocked) != 0 || sigismember(&blocked, SIGUSR1) != 0)
		return "signals are blocked";
	return NULL;
}

static const char *look_at_environment(const char *nothing)
{
	const char *spared = getenv("NO_PROXY");

	(void)nothing;
	if (spared == NULL || strcmp(spared, "example.com") != 0)
		return "no_proxy is lost";
	for (char **entry = environ; *entry != NULL; entry++)
		if (strncmp(*entry, "CHRONOCTL", 9) == 0 || strncmp(*entry, "HOME", 4) == 0 ||
		    strncmp(*entry, "PATH", 4) == 0 || strncmp(*entry, "LD_", 3) == 0)
			return *entry;
	return NULL;
}

/* The URLs that follow: key, PIN, folder, the parent's memory, the guards. */
static const char *try_attempts(const struct hostile_attempt *attempts)
{
	static char done[1500];
	unsigned long memory = strtoul(job.urls[4], NULL, 16);
	const struct hostile_aims aims = {
		.key = job.urls[1],
		.pin = job.urls[2],
		.folder = job.urls[3],
		.parent = getppid(),
		.memory = (void *)memory, /* NOLINT(performance-no-int-to-ptr) */
		.guards = (unsigned)strtoul(job.urls[5], NULL, 16),
	};

	hostile_try(attempts, &aims, done, sizeof done);
	return done[0] == '\0' ? NULL : done;
}

static const char *try_all(const char *nothing)
{
	(void)nothing;
	return try_attempts(hostile_attempts);
}

static const char *try_terminal(const char *nothing)
{
	(void)nothing;
	return try_attempts(hostile_terminal_attempts);
}

static void *say_hello_in_thread(void *context)
{
	*(bool *)context = true;
	return NULL;
}

static const char *start_thread(const char *nothing)
{
	pthread_t thread;
	bool said = false;

	(void)nothing;
	if (pthread_create(&thread, NULL, say_hello_in_thread, &said) != 0)
		return "no thread starts";
	pthread_join(thread, NULL);
	return said ? NULL : "the thread does nothing";
}

static const char *resolve(const char *name)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *addresses = NULL;
	int result = getaddrinfo(name, "8888", &hints, &addresses);

	if (result == 0)
		freeaddrinfo(addresses);
	return result == 0 ? NULL : gai_strerror(result);
}

static const char *read_file(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC) < 0 ? strerror(errno) : NULL;
}

/* Once it is confined. */
static unsigned sandbox;

static const char *say_confinement(const char *nothing)
{
	(void)nothing;
	return network_confinement(sandbox);
}

/* ---- The table ---- */

struct role {
	const char *name;
	void (*act)(const char *argument);
	const char *(*look)(const char *argument); /* once it is confined; it says what was found */
	bool says_all;                             /* of its sandbox, too */
};

/* After 8 seconds, what is there, but not what comes meanwhile without end: each gives all more time. */
static void read_late(const char *nothing)
{
	static char request[sizeof(struct network_request)];

	(void)nothing;
	sleep(8);
	for (int i = 0; i < 64; i++)
		recv(PROCESS_SOCKET, request, sizeof request, MSG_DONTWAIT);
	pause();
}

static const struct role roles[] = {
	{"sandbox", say_sandbox_and_nonce, NULL, true},
	{"sandbox-twice", say_sandbox_twice, NULL, true},
	{"no-sandbox", say_no_sandbox, NULL, true},
	{"nonces", say_nonces, NULL, false},
	{"half", say_half, NULL, false},
	{"more", say_more, NULL, false},
	{"lie", lie, NULL, false},
	{"outcome", say_outcome, NULL, false},
	{"time", say_time, NULL, false},
	{"die", die, NULL, false},
	{"end", end, NULL, false},
	{"hang-up", hang_up, NULL, false},
	{"wait", wait_for_ever, NULL, false},
	{"late", read_late, NULL, false},
	{"number", tell_number, NULL, false},
	{"descriptors", NULL, look_at_descriptors, false},
	{"privileges", NULL, look_at_privileges, false},
	{"signals", NULL, look_at_signals, false},
	{"environment", NULL, look_at_environment, false},
	{"attempts", NULL, try_all, false},
	{"terminal", NULL, try_terminal, false},
	{"thread", NULL, start_thread, false},
	{"resolve", NULL, resolve, false},
	{"read", NULL, read_file, false},
	{"confinement", NULL, say_confinement, false},
};

/* "puppet:ROLE ARGUMENT" */
static const struct role *find_role(const char *url, const char **argument)
{
	static const char scheme[] = "puppet:";

	if (strncmp(url, scheme, strlen(scheme)) != 0)
		return NULL;
	url += strlen(scheme);
	size_t length = strcspn(url, " ");
	*argument = url + length + (url[length] == ' ');
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (strlen(roles[i].name) == length && memcmp(roles[i].name, url, length) == 0)
			return &roles[i];
	return NULL;
}

static void say_hello(const char *version)
{
	struct network_hello hello = {.magic = HELLO_MAGIC};

	snprintf(hello.text, sizeof hello.text, "%s", version);
	say(&hello, sizeof hello);
}

static void act_before_job(const char *act)
{
	if (strcmp(act, "complain") == 0) {
		fputs("libcurl.so.4: cannot open\x1b]52;\n   again \"x\"\n", stderr);
		_exit(127);
	}
	if (strcmp(act, "babble") == 0) {
		for (int i = 0; i < 3000; i++)
			fputs("word ", stderr);
		_exit(1);
	}
	if (strcmp(act, "no-hello") == 0)
		say("hello", 5);
	else if (strcmp(act, "other-version") == 0)
		say_hello("0.0.1\x1b[2J");
	else if (strcmp(act, "fail") == 0)
		say(&(struct network_hello){HELLO_STEP_FAILED, EPERM, "cannot give up\x1b"},
		    sizeof(struct network_hello));
	else if (strcmp(act, "abort") == 0)
		raise(SIGKILL);
	else
		return;
	pause();
}

int main(void)
{
	const char *before = getenv("LOCALDOMAIN");
	const char *argument;
	const char *failed = privileges_give_up();

	act_before_job(before == NULL ? "" : before);
	say_hello(CHRONOCTL_VERSION);
	if (failed != NULL || !job_receive(PROCESS_SOCKET, &job))
		return 1;
	const struct role *role = find_role(job.urls[0], &argument);
	if (role == NULL)
		_exit(openssl_conf_load(NULL) && program_work(&job, PROCESS_SOCKET) ? 0 : 1);
	if (before != NULL && strcmp(before, "refuse") == 0)
		return !say_failure(MESSAGE_JOB_REFUSED, "no\x1b URL    chronoctl: x");
	if (before != NULL && strcmp(before, "refuse-its-url") == 0)
		return !say_failure(MESSAGE_JOB_REFUSED, "'puppet:wait' is no URL");
	if (before != NULL && strcmp(before, "no-answer") == 0)
		return !say_nonce(0);
	say_failure(MESSAGE_JOB_TAKEN, "");
	if (!role->says_all)
		say_sandbox("3");
	if (role->act != NULL) {
		role->act(argument);
		_exit(0);
	}
	struct inputs inputs;
	if (!inputs_collect(&inputs, false))
		_exit(1);
	sandbox = network_confine(&inputs);
	const char *found = role->look(argument);
	char text[2048];
	snprintf(text, sizeof text, "the server: %s", found == NULL ? "well" : found);
	_exit(!say_failure(MESSAGE_SERVER_FAILED, text));
}
