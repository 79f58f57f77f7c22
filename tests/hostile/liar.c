/*
 * The script has a line for each message, with the server's number and a letter for a nonce:
 *
 *	nonce 0 a [SECONDS]    accepted 0 a    refused 0 a    everyone 0 a    failed 0 a
 *	request                waits for a request of the key process
 *	sleep 900              milliseconds
 *	flood 0 851            so many nonces, each another one
 */
#include "liar.h"

#include "network/message.h"
#include "network/process.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char script[8192];

bool liar_has_script(void)
{
	return script[0] != '\0';
}

__attribute__((constructor)) static void read_script(void)
{
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
}

/* The program has made the socket one that does not block. */
static void wait_for(short event)
{
	struct pollfd socket = {.fd = PROCESS_SOCKET, .events = event};

	poll(&socket, 1, -1);
}

static void say(const struct network_message *message)
{
	wait_for(POLLOUT);
	if (send(PROCESS_SOCKET, message, sizeof *message, MSG_NOSIGNAL) != sizeof *message)
		_exit(0);
}

static void say_nonce(size_t server, unsigned number, int64_t valid_for)
{
	struct network_message message;
	char nonce[UUID_LENGTH + 1];

	snprintf(nonce, sizeof nonce, "%08x-5b3a-4c6d-8e9f-0a1b2c3d4e5f", number);
	message_init(&message, server);
	message.http_status = 200;
	message_set_nonce(&message, nonce, valid_for);
	/* Beyond the bounds, too. */
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
		message_set_failure(&message, outcome, "the liar says so");
	say(&message);
}

static void take_request(void)
{
	struct network_request request;

	wait_for(POLLIN);
	if (recv(PROCESS_SOCKET, &request, sizeof request, 0) <= 0)
		_exit(0);
}

static void rest(long milliseconds)
{
	const struct timespec time = {.tv_sec = milliseconds / 1000,
				      .tv_nsec = milliseconds % 1000 * 1000000};

	nanosleep(&time, NULL);
}

static void do_line(const char *line)
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
