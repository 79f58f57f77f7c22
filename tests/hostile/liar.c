/*
 * The script has a line for each message, with the server's number and a letter for a nonce:
 *
 *	nonce 0 a [SECONDS]    accepted 0 a    refused 0 a    everyone 0 a    failed 0 a
 *	request                waits for a request of the key process
 *	accept 3               waits for so many requests, and accepts their tokens
 *	sleep 900              milliseconds
 *	flood 0 851            so many nonces, each another one
 *	storm 0 5000           a nonce and the failure of a question, by turns, so often
 *	fresh 0                a nonce that it has never given out before
 *	lost 0                 the question has failed
 *	crowd 60 30            so many refusals at once, while so many other tokens are to be tried
 *	field NAME NUMBER      stands in that field of each message from here on
 *	text NAME WORDS        the same of a text; \x1b and so on are bytes
 *	fill NAME              a text without end
 *	length 100             of each message from here on
 *	pass                   a descriptor with each message from here on
 *	linger                 with the next message the connection of the first line
 *	deaf                   takes no more requests
 *	shout WORDS            on all descriptors that a program writes to
 *	die
 *
 * The first line may be for what is no longer possible, or no longer seen, once the sandbox is closed:
 *
 *	mute 3600000           milliseconds, as a program that is not chronoctl's at all
 *	connect PORT           a connection whose last close waits until the server has read all
 *	hold 20000             for so many milliseconds it cannot be ended: as in a system call that does not return
 *
 * Or what follows stands in place of the program's hello, or of its answer to the job:
 *
 *	first hello            or `first job`
 */
#include "liar.h"

#include "network/job.h"
#include "network/message.h"
#include "network/process.h"

#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char script[8192];

bool liar_has_script(void)
{
	return script[0] != '\0';
}

static void rest(long milliseconds)
{
	const struct timespec time = {.tv_sec = milliseconds / 1000,
				      .tv_nsec = milliseconds % 1000 * 1000000};

	nanosleep(&time, NULL);
}

static void take_job(void)
{
	static struct program_job job;
	const struct network_hello hello = {.magic = HELLO_MAGIC, .text = CHRONOCTL_VERSION};

	if (send(PROCESS_SOCKET, &hello, sizeof hello, MSG_NOSIGNAL) < 0 ||
	    !job_receive(PROCESS_SOCKET, &job))
		_exit(1);
}

static int lingering;

/* Full, so that the server, which reads nothing, leaves something to be sent. */
static void connect_lingering(uint16_t port)
{
	static const char bytes[65536];
	const struct linger linger = {.l_onoff = 1, .l_linger = INT_MAX};
	const struct sockaddr_in server = {.sin_family = AF_INET,
					   .sin_port = htons(port),
					   .sin_addr = {htonl(INADDR_LOOPBACK)}};

	lingering = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(lingering, (const void *)&server, sizeof server) != 0 ||
	    setsockopt(lingering, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) != 0)
		abort();
	while (send(lingering, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		;
}

/* The end of a process waits for what traces it, SIGKILL or not. */
static void hold(long milliseconds)
{
	pid_t us = getpid();

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	pid_t other = fork();
	if (other == 0) {
		for (int number = 0; number < 10; number++)
			close(number);
		if (ptrace(PTRACE_SEIZE, us, NULL, (void *)PTRACE_O_TRACEEXIT) == 0)
			rest(milliseconds);
		_exit(0);
	}
	rest(500);
}

__attribute__((constructor)) static void read_script(void)
{
	long silence = 0;
	unsigned port = 0;

	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof "script");

	path[length < 0 ? 0 : length] = '\0';
	char *slash = strrchr(path, '/');
	if (slash == NULL)
		return;
	memcpy(slash + 1, "script", sizeof "script");
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return;
	script[fread(script, 1, sizeof script - 1, file)] = '\0';
	fclose(file);
	if (sscanf(script, "mute %ld", &silence) == 1)
		rest(silence);
	if (sscanf(script, "connect %u", &port) == 1)
		connect_lingering((uint16_t)port);
	if (sscanf(script, "hold %ld", &silence) == 1)
		hold(silence);
	if (strncmp(script, "first job\n", strlen("first job\n")) == 0)
		take_job();
	if (strncmp(script, "first ", strlen("first ")) == 0)
		liar_speak();
}

/* The program has made the socket non-blocking. */
static void wait_for(short event)
{
	struct pollfd socket = {.fd = PROCESS_SOCKET, .events = event};

	poll(&socket, 1, -1);
}

/* ---- What is wrong with each message ---- */

#define FIELD(name) \
	{ \
#name, offsetof(struct network_message, name), \
			sizeof(((struct network_message *)0)->name) \
	}

static const struct field {
	const char *name;
	size_t offset;
	size_t size;
} fields[] = {
	FIELD(magic),   FIELD(version),   FIELD(server),   FIELD(outcome),  FIELD(http_status),
	FIELD(reached), FIELD(tls),       FIELD(nonce),    FIELD(release),  FIELD(trace),
	FIELD(failure), FIELD(valid_for), FIELD(answered), FIELD(at_least),
};

/* Bytes that replace those of each message where `laid` is set. */
static char over[sizeof(struct network_message)];
static char laid[sizeof(struct network_message)];
static size_t length = sizeof(struct network_message);
static int passed = -1;

static void lay_over(const char *name, const void *bytes, size_t size)
{
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		if (strcmp(fields[i].name, name) != 0)
			continue;
		size = size < fields[i].size ? size : fields[i].size;
		memset(over + fields[i].offset, 0, fields[i].size);
		memcpy(over + fields[i].offset, bytes, size);
		memset(laid + fields[i].offset, 1, fields[i].size);
	}
}

/* In place; returns the length. */
static size_t unescape(char *text)
{
	char *to = text;
	unsigned byte;

	for (const char *from = text; *from != '\0';) {
		bool escape = sscanf(from, "\\x%2x", &byte) == 1;
		*to++ = escape ? (char)byte : *from;
		from += escape ? 4 : 1;
	}
	*to = '\0';
	return (size_t)(to - text);
}

static bool is_about_messages(char *line)
{
	static char full[4096];
	char word[16] = "", name[16] = "", text[2048] = "";
	long long number = 0;

	sscanf(line, "%15s %15s %2047[^\n]", word, name, text);
	if (strcmp(word, "field") == 0 && sscanf(text, "%lld", &number) == 1)
		lay_over(name, &number, sizeof number);
	else if (strcmp(word, "text") == 0)
		lay_over(name, text, unescape(text) + 1);
	else if (strcmp(word, "fill") == 0)
		lay_over(name, memset(full, 'x', sizeof full), sizeof full);
	else if (strcmp(word, "length") == 0)
		length = (size_t)atoll(name);
	else if (strcmp(word, "pass") == 0)
		passed = STDIN_FILENO;
	else if (strcmp(word, "linger") == 0)
		passed = lingering;
	else
		return false;
	return true;
}

static bool send_with(const struct iovec *part, int descriptor)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec parts[] = {*part};
	struct msghdr header = {.msg_iov = parts,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof control};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

	*rights = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
				   .cmsg_type = SCM_RIGHTS,
				   .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
	return sendmsg(PROCESS_SOCKET, &header, MSG_NOSIGNAL) == (ssize_t)part->iov_len;
}

static void say(const struct network_message *message)
{
	static char bytes[100000];
	const struct iovec part = {bytes, length < sizeof bytes ? length : sizeof bytes};

	memcpy(bytes, message, sizeof *message);
	for (size_t i = 0; i < sizeof *message; i++)
		bytes[i] = laid[i] ? over[i] : bytes[i];
	wait_for(POLLOUT);
	bool sent = passed >= 0 ? send_with(&part, passed)
				: send(PROCESS_SOCKET, bytes, part.iov_len, MSG_NOSIGNAL) ==
					  (ssize_t)part.iov_len;
	if (!sent)
		_exit(0);
	/* The last close is for the receiver to do. */
	if (passed > STDERR_FILENO) {
		close(passed);
		passed = -1;
	}
}

/* ---- What it says ---- */

static void say_nonce(size_t server, unsigned number, int64_t valid_for)
{
	struct network_message message;
	char nonce[UUID_LENGTH + 1];

	snprintf(nonce, sizeof nonce, "%08x-5b3a-4c6d-8e9f-0a1b2c3d4e5f", number);
	message_init(&message, server);
	message.http_status = 200;
	message_set_nonce(&message, nonce, (struct nonce_life){.seconds = valid_for});
	/* May go beyond the bounds. */
	message.valid_for = valid_for;
	say(&message);
}

static void say_verdict(size_t server, unsigned number, uint32_t outcome)
{
	struct network_message message;
	char nonce[UUID_LENGTH + 1];

	snprintf(nonce, sizeof nonce, "%08x-5b3a-4c6d-8e9f-0a1b2c3d4e5f", number);
	message_init(&message, server);
	message.http_status = outcome == MESSAGE_REFUSED ? 403 : 200;
	message_set_check(&message, outcome, nonce);
	if (outcome == MESSAGE_CHECK_SERVER_FAILED)
		message_set_failure(&message, outcome, "http://liar: it says so");
	say(&message);
}

static struct network_request take_request(void)
{
	struct network_request request;

	wait_for(POLLIN);
	if (recv(PROCESS_SOCKET, &request, sizeof request, 0) <= 0)
		_exit(0);
	return request;
}

static void accept_token(const struct network_request *request)
{
	struct network_message message;

	message_init(&message, (size_t)request->server);
	message.http_status = 200;
	message_set_check(&message, MESSAGE_ACCEPTED, request->nonce);
	say(&message);
}

/* So many, each as it comes. */
static void accept_tokens(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct network_request request = take_request();
		accept_token(&request);
	}
}

/* Each refusal leads to a question, and nobody takes these for a moment. */
static void crowd(size_t refused, size_t others)
{
	const size_t all = refused + others;
	enum { FIRST = 1000, SECOND = 5000 };

	for (size_t i = 0; i < all; i++)
		say_nonce(i, FIRST + (unsigned)i, 600);
	for (size_t i = 0; i < all; i++) {
		struct network_request request = take_request();
		if (request.server >= refused)
			accept_token(&request);
	}
	rest(1500);
	for (size_t i = refused; i < all; i++)
		say_nonce(i, SECOND + (unsigned)i, 600);
	take_request();
	for (size_t i = 0; i < refused; i++)
		say_verdict(i, FIRST + (unsigned)i, MESSAGE_REFUSED);
	rest(300);
}

static void shout(char *words)
{
	size_t count = unescape(words);

	for (int number = 0; number < 10; number++)
		if (number != PROCESS_SOCKET && write(number, words, count) < 0)
			continue;
}

static void say_lost(size_t server)
{
	struct network_message message;

	message_init(&message, server);
	message_set_failure(&message, MESSAGE_SERVER_FAILED, "http://liar: it says so");
	say(&message);
}

static void storm(size_t server, unsigned times)
{
	while (times-- > 0) {
		say_nonce(server, 'a', 600);
		say_lost(server);
	}
}

/* True: that was the end. */
static bool do_odd_line(char *line)
{
	char word[16] = "";
	size_t server = 0;
	unsigned times = 0;

	sscanf(line, "%15s %zu %u", word, &server, &times);
	if (strcmp(word, "shout") == 0)
		shout(line + strlen("shout "));
	else if (strcmp(word, "storm") == 0)
		storm(server, times);
	else if (strcmp(word, "lost") == 0)
		say_lost(server);
	else if (strcmp(word, "crowd") == 0)
		crowd(server, times);
	else if (strcmp(word, "fresh") == 0)
		say_nonce(server, (unsigned)getpid() ^ (unsigned)time(NULL), 600);
	else if (strcmp(word, "accept") == 0)
		accept_tokens(server);
	else if (strcmp(word, "deaf") == 0)
		shutdown(PROCESS_SOCKET, SHUT_RD);
	else if (strcmp(word, "die") == 0)
		_exit(0);
	else
		return is_about_messages(line);
	return true;
}

static void do_line(char *line)
{
	static const struct {
		const char *word;
		uint32_t outcome;
	} verdicts[] = {
		{"accepted", MESSAGE_ACCEPTED},
		{"refused", MESSAGE_REFUSED},
		{"everyone", MESSAGE_EVERYONE},
		{"failed", MESSAGE_CHECK_SERVER_FAILED},
	};
	char word[16] = "", nonce = 'a';
	long long first = 0, seconds = 600;

	if (do_odd_line(line))
		return;
	if (sscanf(line, "flood %lld %lld", &first, &seconds) == 2) {
		for (unsigned i = 0; i < (unsigned)seconds; i++)
			say_nonce((size_t)first, i, 600);
		return;
	}
	sscanf(line, "%15s %lld %c %lld", word, &first, &nonce, &seconds);
	for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
		if (strcmp(word, verdicts[i].word) == 0)
			say_verdict((size_t)first, (unsigned char)nonce, verdicts[i].outcome);
	if (strcmp(word, "nonce") == 0)
		say_nonce((size_t)first, (unsigned char)nonce, seconds);
	else if (strcmp(word, "request") == 0)
		take_request();
	else if (strcmp(word, "sleep") == 0)
		rest((long)first);
}

void liar_speak(void)
{
	char *rest_of_it = NULL;

	for (char *line = strtok_r(script, "\n", &rest_of_it); line != NULL;
	     line = strtok_r(NULL, "\n", &rest_of_it))
		do_line(line);
	for (;;)
		take_request();
}
