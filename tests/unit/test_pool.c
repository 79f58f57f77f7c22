/* Fetches, in this process, from a small server that gives right and wrong answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/coverage.h"
#include "network/message.h"
#include "network/program/ca_memory.h"
#include "network/program/pool.h"

#define GOOD "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f0"

static unsigned port;
static const struct inputs no_inputs;

/* --- the server --- */

static void say(int peer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(int peer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vdprintf(peer, format, arguments);
	va_end(arguments);
}

static void say_answer(int peer, const char *status, const char *headers, const char *body)
{
	say(peer, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n%s", status,
	    strlen(body), headers, body);
}

static void say_nonce(int peer)
{
	say_answer(peer, "200 OK",
		   "Content-Type: text/plain\r\nDate: Tue, 05 Mar 2024 10:00:00 GMT\r\n"
		   "Expires: Tue, 05 Mar 2024 11:09:30 CET\r\n",
		   GOOD);
}

static void say_redirect(int peer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say_redirect(int peer, const char *format, ...)
{
	char location[300];
	char header[400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(location, sizeof location, format, arguments);
	va_end(arguments);
	snprintf(header, sizeof header, "Location: %s\r\n", location);
	say_answer(peer, "302 Found", header, "moved");
}

#define CHUNKED "Transfer-Encoding: chunked\r\n"

/* Answers that have no end. */
#define DEFLATED "Transfer-Encoding: deflate, chunked\r\n\r\n2\r\n\x78\x01\r\n"

static const struct endless {
	const char *path;
	const char *head; /* after the status line */
	const char *more; /* again and again */
} endless[] = {
	{"/endless", "\r\n", "no nonce, "},
	{"/headers", "",
	 "X-More: of this, and more of this, and more of this, and more of this, and more of "
	 "this\r\n"},
	{"/nameless", "", ":\r\n"},
	{"/interims", "\r\n", "HTTP/1.1 103 Early Hints\r\nX-More: of this\r\n\r\n"},
	{"/trailers", CHUNKED "\r\n24\r\n" GOOD "\r\n0\r\n", "X-More: of this\r\n"},
	{"/nameless-trailers", CHUNKED "\r\n24\r\n" GOOD "\r\n0\r\n", ":\r\n"},
	{"/coded", "Transfer-Encoding: zstd, gzip, chunked\r\n\r\n", "1\r\n \r\n"},
	{"/coded-twice", "Transfer-Encoding: gzip\r\n" CHUNKED "\r\n", "1\r\n \r\n"},
	/* The first bytes are what a decoder expects. */
	{"/coded-after-blank", "X-More: y\r\n \n" DEFLATED, ""},
	{"/coded-after-tab", "X-More: y\r\n\t\n" DEFLATED, ""},
};

static void say_on(int peer, const struct endless *what)
{
	say(peer, "%s", what->head);
	while (write(peer, what->more, strlen(what->more)) > 0)
		;
}

static void say_without_end(int peer, const struct endless *what)
{
	bool interim = strncmp(what->more, "HTTP/", 5) == 0;

	say(peer, "HTTP/1.1 %s\r\n", interim ? "100 Continue" : "200 OK");
	say_on(peer, what);
}

/* 200,000 bytes. */
static void say_much(int peer, const char *more)
{
	for (size_t i = 0; i < 200000 / strlen(more); i++)
		if (write(peer, more, strlen(more)) < 0)
			return;
}

static void say_if(int peer, bool right)
{
	if (right)
		say_nonce(peer);
	else
		say_answer(peer, "401 Unauthorized", "", "");
}

/* Answers with the list of mappings, for the token "yes" or for every request. */
static bool answer_check(int peer, const char *request)
{
	static const char route[] = "/chronograf/v1/mappings HTTP/1.1\r\n";
	bool token = strstr(request, "\r\nAuthorization: CHRONOGRAF-SHA256 ") != NULL;
	bool good = strstr(request, "\r\nAuthorization: CHRONOGRAF-SHA256 yes=\r\n") != NULL;

	if (strstr(request, route) == NULL)
		return false;
	if (strncmp(request, "GET /moved", 10) == 0)
		say_redirect(peer, "/ok/chronograf/v1/mappings");
	else if (strncmp(request, "GET /login", 10) == 0)
		say_answer(peer, "200 OK", "Content-Type: text/html\r\n", "<h1>who are you</h1>");
	else if (strncmp(request, "GET /trailers-of-check", 22) == 0)
		say_without_end(peer, &endless[4]);
	else if (strncmp(request, "GET /trouble", 12) == 0)
		say_answer(peer, "500 Internal Server Error", "", "");
	else if (good || strncmp(request, "GET /open", 9) == 0)
		say_answer(peer, "200 OK", "Content-Type: application/json\r\n", "{}");
	else if (!token && strncmp(request, "GET /elsewhere", 14) == 0)
		say_redirect(peer, "/login");
	else
		say_answer(peer, "403 Forbidden", "", "");
	return true;
}

/* True if the first line asks for this path; a proxy is asked with a host before it. */
static bool asks(const char *request, const char *path)
{
	char line[300];

	snprintf(line, sizeof line, "GET %s/nonce HTTP/1.1\r\n", path);
	return strncmp(request, line, strlen(line)) == 0;
}

static void answer_redirect(int peer, const char *request)
{
	if (asks(request, "/moved"))
		say_redirect(peer, "/ok/nonce");
	else if (asks(request, "/circle"))
		say_redirect(peer, "/circle/nonce");
	else if (asks(request, "/to-file"))
		say_redirect(peer, "file:///etc/passwd");
	else if (asks(request, "/nowhere"))
		say_answer(peer, "302 Found", "", "");
	else if (asks(request, "/other-host"))
		say_redirect(peer, "http://localhost:%u/stranger/nonce", port);
	else if (asks(request, "/away"))
		say_redirect(peer, "http://chronograf.invalid/ok/nonce");
	else if (asks(request, "/page"))
		say_redirect(peer, "http://chronograf.invalid/login?to=nonce");
	else
		say_answer(peer, "404 Not Found", "Content-Type: text/html\r\n",
			   "<h1>nothing</h1>");
}

static const struct endless *asks_endless(const char *request)
{
	for (size_t i = 0; i < sizeof endless / sizeof endless[0]; i++)
		if (asks(request, endless[i].path))
			return &endless[i];
	return NULL;
}

static void answer(int peer, const char *request)
{
	if (asks_endless(request) != NULL)
		say_without_end(peer, asks_endless(request));
	else if (asks(request, "/ok") || asks(request, "http://chronograf.invalid/ok"))
		say_nonce(peer);
	else if (asks(request, "/plain"))
		say_if(peer, strstr(request, "User-Agent: chronoctl/") != NULL &&
				     strstr(request, "Accept-Encoding") == NULL &&
				     strstr(request, "Cookie") == NULL);
	else if (asks(request, "/login"))
		say_if(peer, strstr(request, "Authorization: Basic dXNlcjpnZWhlaW0=") != NULL);
	else if (asks(request, "/stranger"))
		say_if(peer, strstr(request, "Authorization") == NULL);
	else if (asks(request, "/newline"))
		say_answer(peer, "200 OK", "", GOOD "\n");
	else if (asks(request, "/cut"))
		say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n0f1e2d3c");
	else if (asks(request, "/chunked"))
		say(peer,
		    "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		    "chunked\r\n\r\n12\r\n%.18s\r\n12\r\n%s\r\n"
		    "0\r\n\r\n",
		    GOOD, &GOOD[18]);
	else if (asks(request, "/old"))
		say(peer, "HTTP/1.0 200 OK\r\n\r\n" GOOD);
	else if (asks(request, "/long-header")) {
		say(peer, "HTTP/1.1 200 OK\r\nX-More: ");
		say_much(peer, "more and ");
	} else if (asks(request, "/long-status")) {
		say(peer, "HTTP/1.1 200 ");
		say_much(peer, "more and ");
	} else if (asks(request, "/trailer"))
		say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nDate: Tue, 05 Mar 2024 "
			  "10:00:00 GMT\r\n\r\n24\r\n" GOOD
			  "\r\n0\r\nExpires: Tue, 05 Mar 2024 10:09:30 GMT\r\n\r\n");
	else if (asks(request, "/twice"))
		say_answer(peer, "200 OK",
			   "Date: Tue, 05 Mar 2024 10:00:00 GMT\r\n"
			   "Expires: Tue, 05 Mar 2024 10:09:30 GMT\r\n"
			   "expires: Tue, 05 Mar 2024 10:09:30 GMT\r\n",
			   GOOD);
	else if (asks(request, "/interim"))
		say(peer,
		    "HTTP/1.1 103 Early Hints\r\nExpires: Tue, 05 Mar 2024 10:01:00 GMT\r\n\r\n"
		    "HTTP/1.1 200 OK\r\nContent-Length: 36\r\nDATE:Tue, 05 Mar 2024 10:00:00 GMT "
		    "\r\nExpires: \tTue, 05 Mar 2024 10:09:30 GMT\r\n\r\n" GOOD);
	else if (asks(request, "/silent"))
		sleep(10);
	else if (asks(request, "/slow")) {
		usleep(300000);
		say_nonce(peer);
	} else if (asks(request, "/empty"))
		return;
	else
		answer_redirect(peer, request);
}

/* As a proxy. Chunks count for libcurl as a length does. */
static void answer_connect(int peer, const char *request)
{
	static const struct endless page = {NULL, CHUNKED "\r\n", "4\r\nmore\r\n"};

	if (strstr(request, "CONNECT endless.invalid") == request) {
		say(peer, "HTTP/1.1 407 Who are you\r\n");
		say_on(peer, &page);
	} else if (strstr(request, "CONNECT headers.invalid") == request) {
		say(peer, "HTTP/1.1 200 Yes\r\n");
		say_on(peer, &endless[1]);
	} else if (strstr(request, "CONNECT away.invalid") == request)
		say_answer(peer, "502 Bad Gateway", "", "<h1>nothing there</h1>");
	else if (strstr(request, "Proxy-Authorization: Basic dXNlcjpnZWhlaW0=") == NULL) {
		say(peer, "HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic "
			  "realm=\"proxy\"\r\nContent-Length: 16384\r\n\r\n");
		for (int i = 0; i < 256; i++)
			say(peer, "%64s", "who");
	} else
		say(peer, "HTTP/1.1 200 Yes\r\n\r\nthat is not TLS, but the other end of a tunnel");
}

/* Reads the head of a request; if it is not HTTP, only the beginning. */
static void read_request(int peer, char *request, size_t size)
{
	size_t length = 0;

	memset(request, 0, size);
	while (strstr(request, "\r\n\r\n") == NULL && length < size - 1) {
		ssize_t got = read(peer, request + length, size - 1 - length);
		if (got <= 0)
			return;
		length += (size_t)got;
		if (request[0] != 'G' && request[0] != 'C')
			return;
	}
}

static void serve_peer(int peer)
{
	char request[2048];

	read_request(peer, request, sizeof request);
	bool takes_time = request[0] == 'C' || asks(request, "/slow") || asks(request, "/silent") ||
			  asks_endless(request) != NULL || asks(request, "/long-header") ||
			  asks(request, "/long-status");
	if (takes_time && fork() != 0)
		return;
	if (takes_time)
		alarm(60);
	if (request[0] == 'G' && !answer_check(peer, request))
		answer(peer, request);
	else if (request[0] == 'C')
		answer_connect(peer, request);
	else if (request[0] != 'G')
		say_answer(peer, "400 Bad Request", "", "");
	if (takes_time)
		_exit(0);
}

static void serve(int listener)
{
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int peer = accept(listener, NULL, NULL);
		if (peer < 0)
			_exit(1);
		serve_peer(peer);
		close(peer);
	}
}

static int start_server(void **state)
{
	static pid_t server;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	clearenv();
	signal(SIGPIPE, SIG_IGN);
	if (bind(listener, (struct sockaddr *)&address, length) != 0 ||
	    listen(listener, 200) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		return -1;
	port = ntohs(address.sin_port);
	server = fork();
	if (server == 0)
		serve(listener);
	close(listener);
	*state = &server;
	return server < 0 ? -1 : 0;
}

static int stop_server(void **state)
{
	pid_t server = *(pid_t *)*state;

	kill(server, SIGKILL);
	return waitpid(server, NULL, 0) == server ? 0 : -1;
}

/* --- the client --- */

static struct program_job job_for(const char *const *url)
{
	return (struct program_job){
		.urls = url, .url_count = 1, .timeout_seconds = 30, .verbose = true};
}

/* Runs a job with one server. The message passes the receiver's check. */
static struct network_message run_with(const struct program_job *job, const char *ca_file)
{
	struct network_message message;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_true(pool_run(job, &no_inputs, 0, ca_file, ends[1]));
	close(ends[1]);
	ssize_t got = read(ends[0], &message, sizeof message);
	assert_true(got > 0);
	assert_true(message_check(&message, (size_t)got, 1, NULL));
	assert_int_equal(read(ends[0], ends, 1), 0);
	close(ends[0]);
	return message;
}

static struct network_message run(const struct program_job *job)
{
	return run_with(job, NULL);
}

/* "http://127.0.0.1:PORT" with the path. Valid until the next call. */
static const char *at(const char *user, const char *path)
{
	static char url[200];

	snprintf(url, sizeof url, "http://%s127.0.0.1:%u%s", user, port, path);
	return url;
}

static struct network_message ask(const char *url)
{
	struct program_job job = job_for(&url);

	return run(&job);
}

static void assert_nonce(const struct network_message *message)
{
	assert_string_equal(message->failure, "");
	assert_int_equal(message->outcome, MESSAGE_NONCE);
	assert_memory_equal(message->nonce, GOOD, 36);
}

static void assert_failure(const char *url, const char *first, const char *second)
{
	struct network_message message = ask(url);

	assert_int_equal(message.outcome, MESSAGE_SERVER_FAILED);
	if (strstr(message.failure, first) == NULL || strstr(message.failure, second) == NULL)
		fail_msg("no '%s' and '%s' in: %s", first, second, message.failure);
	assert_null(strstr(message.failure, "geheim"));
	assert_null(strstr(message.trace, "geheim"));
}

static void a_nonce_comes_with_its_life_and_a_trace(void **state)
{
	struct network_message message = ask(at("", "/ok"));

	(void)state;
	assert_nonce(&message);
	assert_int_equal(message.http_status, 200);
	assert_int_equal(message.valid_for, 570);
	assert_non_null(
		strstr(message.trace, "/ok/nonce: HTTP/1.1, status 200, 36 bytes, 0 redirects"));
}

static void without_verbose_there_is_no_trace(void **state)
{
	const char *url = at("", "/ok");
	struct program_job job = job_for(&url);

	(void)state;
	job.verbose = false;
	struct network_message message = run(&job);
	assert_nonce(&message);
	assert_string_equal(message.trace, "");
}

static void a_slash_at_the_end_and_chunks_change_nothing(void **state)
{
	struct network_message message = ask(at("", "/ok/"));

	(void)state;
	assert_nonce(&message);
	message = ask(at("", "/chunked"));
	assert_nonce(&message);
	assert_int_equal(message.valid_for, -1);
}

static void an_old_server_that_ends_its_answer_by_hanging_up_is_understood(void **state)
{
	struct network_message message = ask(at("", "/old"));

	(void)state;
	assert_nonce(&message);
	assert_non_null(strstr(message.trace, "/old/nonce: HTTP/1.0, status 200"));
}

static void the_request_is_plain_and_names_us(void **state)
{
	struct network_message message = ask(at("", "/plain"));

	(void)state;
	assert_nonce(&message);
}

static void user_and_password_are_sent_and_not_shown(void **state)
{
	struct network_message message = ask(at("user:geheim@", "/login"));

	(void)state;
	assert_nonce(&message);
	assert_null(strstr(message.trace, "geheim"));
	assert_failure(at("", "/login"), "status 401", "login");
	assert_failure(at("user:geheim@", "/stranger"), "status 401", "login");
}

static void a_redirect_is_followed(void **state)
{
	struct network_message message = ask(at("", "/moved"));

	(void)state;
	assert_nonce(&message);
	assert_non_null(strstr(message.trace, "1 redirects"));
}

/* The redirect is not followed, and the URL in the message works if it is given. */
static void a_redirect_to_another_host_is_an_error_that_names_the_url_to_give(void **state)
{
	char advice[100];

	(void)state;
	snprintf(advice, sizeof advice, "--chronograf-url 'http://localhost:%u/stranger'\n", port);
	struct network_message message = ask(at("user:geheim@", "/other-host"));
	assert_int_equal(message.outcome, MESSAGE_SERVER_FAILED);
	strcat(message.failure, "\n");
	assert_non_null(strstr(message.failure, advice));
	assert_null(strstr(message.failure, "geheim"));
	assert_failure(at("", "/away"), "another host",
		       "--chronograf-url 'http://chronograf.invalid/ok'");
	assert_failure(at("", "/page"), "another host",
		       "--chronograf-url 'http://chronograf.invalid/login'\nIf it is a login");
}

static void redirects_end(void **state)
{
	(void)state;
	assert_failure(at("", "/circle"), "more than 10 redirects", "(redirected to ");
	assert_failure(at("", "/to-file"), "neither http nor https", "file:///etc/passwd");
	assert_failure(at("", "/nowhere"), "status 302", "where to");
}

static void anything_but_a_nonce_is_refused_and_shown(void **state)
{
	(void)state;
	assert_failure(at("", "/wrong"), "status 404, 16 bytes of text/html: \"<h1>nothing</h1>\"",
		       "base path");
	assert_failure(at("", "/newline"), "status 200, 37 bytes", "white space");
	assert_failure(at("", "/endless"), "more than 4096 bytes: \"no nonce, no nonce",
		       "36 bytes");
	assert_failure(at("", "/headers"), "more than 65536 bytes of headers", "URL");
}

static void a_connection_that_is_cut_is_reported(void **state)
{
	(void)state;
	assert_failure(at("", "/cut"), "28 bytes", "cut");
	assert_failure(at("", "/empty"), "Empty reply", "https://");
}

static void a_silent_server_costs_the_time_out(void **state)
{
	const char *url = at("", "/silent");
	struct program_job job = job_for(&url);
	time_t started = time(NULL);

	(void)state;
	job.timeout_seconds = 1;
	struct network_message message = run(&job);
	assert_non_null(strstr(message.failure, "within 1 seconds"));
	assert_non_null(strstr(message.failure, "--timeout"));
	assert_true(time(NULL) - started <= 3);
}

static void a_closed_port_and_an_unknown_name_are_reported(void **state)
{
	(void)state;
	assert_failure("http://user:geheim@127.0.0.1:1", "http://127.0.0.1:1: connection refused",
		       "--chronograf-url");
	assert_failure("http://chronograf.invalid", "http://chronograf.invalid: ", "/etc/hosts");
	assert_failure("https://127.0.0.1:1", "https://127.0.0.1:1: connection refused",
		       "--chronograf-url");
}

static void tls_to_a_plain_port_is_reported(void **state)
{
	char url[100];

	(void)state;
	snprintf(url, sizeof url, "https://127.0.0.1:%u/ok", port);
	assert_failure(url, "TLS", "http://");
}

static struct network_message ask_with_ca(const char *url, const char *pem)
{
	struct program_job job = job_for(&url);
	struct ca_memory cas;

	assert_true(ca_memory_make(pem, strlen(pem), &cas));
	struct network_message message = run_with(&job, cas.path);
	close(cas.file);
	return message;
}

static void cas_are_read_for_https_and_not_needed_for_http(void **state)
{
	static const char pem[] = "-----BEGIN CERTIFICATE-----\nno certificate\n";
	char url[100];

	(void)state;
	snprintf(url, sizeof url, "https://127.0.0.1:%u/ok", port);
	struct network_message message = ask_with_ca(url, pem);
	assert_int_equal(message.outcome, MESSAGE_SERVER_FAILED);
	if (strstr(message.failure, "--ca-file") == NULL)
		fail_msg("no '--ca-file' in: %s", message.failure);
	message = ask_with_ca(at("", "/ok"), pem);
	assert_nonce(&message);
}

static void assert_reached(const char *url, uint32_t reached, uint32_t tls)
{
	struct network_message message = ask(url);

	assert_int_equal(message.reached, reached);
	assert_int_equal(message.tls, tls);
}

static void the_message_says_how_far_an_exchange_got(void **state)
{
	char url[100];

	(void)state;
	snprintf(url, sizeof url, "https://127.0.0.1:%u/ok", port);
	assert_reached(at("", "/ok"), REACHED_ANSWER, 0);
	assert_reached(at("", "/newline"), REACHED_ANSWER, 0);
	assert_reached(at("", "/empty"), REACHED_HOST, 0);
	assert_reached(url, REACHED_HOST, 1);
	assert_reached("https://127.0.0.1:1", REACHED_NOTHING, 1);
	assert_reached("http://chronograf.invalid", REACHED_NOTHING, 0);
}

static void a_proxy_is_used_except_for_this_machine(void **state)
{
	char proxy[100];

	(void)state;
	snprintf(proxy, sizeof proxy, "127.0.0.1:%u", port);
	setenv("HTTP_PROXY", proxy, 1);
	struct network_message message = ask("http://chronograf.invalid/ok");
	assert_nonce(&message);
	assert_non_null(strstr(message.trace, "(a proxy)"));
	message = ask(at("", "/ok"));
	assert_nonce(&message);
	assert_null(strstr(message.trace, "(a proxy)"));
	setenv("http_proxy", "http://user:geheim@127.0.0.1:1", 1);
	assert_failure("http://chronograf.invalid/ok", "connect to 127.0.0.1", "no_proxy");
	unsetenv("http_proxy");
	unsetenv("HTTP_PROXY");
}

static void a_proxy_that_refuses_a_tunnel_is_told_apart_and_heard_no_further(void **state)
{
	char proxy[100];

	(void)state;
	snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", port);
	setenv("https_proxy", proxy, 1);
	assert_failure("https://endless.invalid",
		       "the proxy refuses the tunnel (CONNECT) with status 407\n",
		       "asks for a login");
	assert_failure("https://headers.invalid", "CONNECT has more than 131072 bytes of headers\n",
		       "https_proxy");
	assert_failure("https://away.invalid", "(CONNECT) with status 502\n", "https_proxy");
	assert_failure("https://chronograf.invalid", "status 407\n", "user:password@proxy");
	assert_reached("https://chronograf.invalid", REACHED_NOTHING, 1);
	snprintf(proxy, sizeof proxy, "http://user:geheim@127.0.0.1:%u", port);
	setenv("https_proxy", proxy, 1);
	assert_failure("https://chronograf.invalid", "not TLS", "");
	unsetenv("https_proxy");
}

/* libcurl limits the length of a line, and reports a longer one as a lack of memory. */
static void headers_that_are_too_long_are_the_servers_fault(void **state)
{
	(void)state;
	assert_failure(at("", "/long-header"), "more than 65536 bytes of headers", "URL");
	assert_failure(at("", "/long-status"), "more than 65536 bytes of headers", "URL");
}

/* libcurl keeps them all until the exchange is over. */
static void headers_of_all_kinds_have_an_end(void **state)
{
	(void)state;
	assert_failure(at("", "/trailers"), "more than 1000 lines of headers", "URL");
	assert_failure(at("", "/interims"), "more than 1000 lines of headers", "URL");
	assert_failure(at("", "/nameless"), "more than 1000 lines of headers", "URL");
	assert_failure(at("", "/nameless-trailers"), "more than 1000 lines of headers", "URL");
}

/* Each may take 128 MB. */
static void codings_that_nobody_asked_for_are_refused(void **state)
{
	(void)state;
	assert_failure(at("", "/coded"), "transfer coding that nobody asked for", "URL");
	assert_failure(at("", "/coded-twice"), "transfer coding that nobody asked for", "URL");
}

/* For libcurl such a line goes on with the one before. */
static void a_line_of_a_blank_does_not_end_the_headers(void **state)
{
	(void)state;
	assert_failure(at("", "/coded-after-blank"), "transfer coding that nobody", "URL");
	assert_failure(at("", "/coded-after-tab"), "transfer coding that nobody", "URL");
}

static void a_life_needs_headers_that_the_answer_has_once(void **state)
{
	static const struct {
		const char *path;
		int64_t life;
	} rows[] = {{"/interim", 570}, {"/trailer", -1}, {"/twice", -1}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct network_message message = ask(at("", rows[i].path));
		assert_nonce(&message);
		assert_int_equal(message.valid_for, rows[i].life);
	}
}

/* --- checks of tokens, and other requests --- */

static struct network_message receive_one(int end, size_t server_count)
{
	struct network_message message;
	ssize_t got = read(end, &message, sizeof message);

	assert_true(got > 0);
	assert_true(message_check(&message, (size_t)got, server_count, NULL));
	return message;
}

static void send_one(int end, uint32_t kind, size_t server, const char *token)
{
	struct network_request request;

	assert_true(request_init(&request, kind, server, token == NULL ? NULL : GOOD, token));
	assert_int_equal(write(end, &request, sizeof request), sizeof request);
}

__attribute__((noreturn)) static void work(const struct program_job *job, int pipe)
{
	bool done = pool_run(job, &no_inputs, 0, NULL, pipe);

	coverage_write();
	_exit(done ? 0 : 1);
}

/* Starts the work in a process of its own. Returns our end of its socket. */
static int start_work(const struct program_job *job, pid_t *worker)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	*worker = fork();
	if (*worker == 0) {
		close(ends[0]);
		work(job, ends[1]);
	}
	close(ends[1]);
	return ends[0];
}

/* Closes the socket for requests. Returns how the work ended. */
static int end_work(int end, pid_t worker)
{
	struct network_message message;
	int status;

	shutdown(end, SHUT_WR);
	while (read(end, &message, sizeof message) > 0)
		;
	assert_int_equal(waitpid(worker, &status, 0), worker);
	close(end);
	return status;
}

static struct network_message check_token(const char *path, const char *token)
{
	const char *url = at("", path);
	struct program_job job = job_for(&url);
	pid_t worker;

	job.requests = true;
	int end = start_work(&job, &worker);
	receive_one(end, 1);
	send_one(end, REQUEST_CHECK, 0, token);
	struct network_message message = receive_one(end, 1);
	assert_int_equal(end_work(end, worker), 0);
	return message;
}

static void assert_check_fails(const char *path, const char *reason)
{
	struct network_message message = check_token(path, "yes=");

	assert_int_equal(message.outcome, MESSAGE_CHECK_SERVER_FAILED);
	if (strstr(message.failure, reason) == NULL)
		fail_msg("no '%s' in: %s", reason, message.failure);
	assert_null(strstr(message.failure, "yes="));
}

static void a_check_distinguishes_a_good_token_from_a_bad_one(void **state)
{
	(void)state;
	assert_int_equal(check_token("/ok", "yes=").outcome, MESSAGE_ACCEPTED);
	assert_int_equal(check_token("/ok/", "yes=").outcome, MESSAGE_ACCEPTED);
	assert_int_equal(check_token("/ok", "nope").outcome, MESSAGE_REFUSED);
	assert_int_equal(check_token("/elsewhere", "yes=").outcome, MESSAGE_ACCEPTED);
}

static void a_check_notices_a_server_that_lets_everyone_in(void **state)
{
	(void)state;
	assert_int_equal(check_token("/open", "yes=").outcome, MESSAGE_EVERYONE);
	assert_int_equal(check_token("/open", "nope").outcome, MESSAGE_EVERYONE);
}

static void a_check_follows_no_redirect_and_takes_no_page_for_a_yes(void **state)
{
	(void)state;
	assert_check_fails("/moved", "redirects to http://127.0.0.1");
	assert_check_fails("/login", "text/html");
	assert_check_fails("/trouble", "status 500");
	assert_check_fails("/trailers-of-check", "more than 1000 lines of headers");
}

static void a_nonce_can_be_asked_for_once_more(void **state)
{
	const char *url = at("", "/ok");
	struct program_job job = job_for(&url);
	pid_t worker;

	(void)state;
	job.requests = true;
	int end = start_work(&job, &worker);
	struct network_message message = receive_one(end, 1);
	assert_nonce(&message);
	send_one(end, REQUEST_NONCE, 0, NULL);
	message = receive_one(end, 1);
	assert_nonce(&message);
	assert_int_equal(end_work(end, worker), 0);
}

static void a_next_nonce_is_awaited_and_a_missing_one_is_reported_once(void **state)
{
	const char *url = at("", "/ok");
	struct program_job job = job_for(&url);
	struct network_request request;
	pid_t worker;

	(void)state;
	job.requests = true;
	int end = start_work(&job, &worker);
	receive_one(end, 1);
	int64_t before = milliseconds();
	assert_true(request_init_next(&request, 0, GOOD, 700));
	assert_int_equal(write(end, &request, sizeof request), sizeof request);
	struct network_message message = receive_one(end, 1);
	assert_nonce(&message);
	assert_true(message.answered - before >= 700 && message.answered - before <= 5000);
	/* It already has the nonce that follows another one. */
	assert_true(request_init_next(&request, 0, "3a8e1d5c-9b27-4f60-a1c4-5e7d2f9b8036", 2000));
	before = milliseconds();
	assert_int_equal(write(end, &request, sizeof request), sizeof request);
	message = receive_one(end, 1);
	assert_nonce(&message);
	assert_true(message.answered >= before && message.answered - before <= 1900);
	assert_int_equal(end_work(end, worker), 0);
}

static void an_invalid_request_ends_the_work(void **state)
{
	const char *url = at("", "/ok");
	struct program_job job = job_for(&url);
	pid_t worker;

	(void)state;
	job.requests = true;
	int end = start_work(&job, &worker);
	receive_one(end, 1);
	assert_int_equal(write(end, "what", 4), 4);
	assert_int_not_equal(end_work(end, worker), 0);
}

static void a_watched_server_is_asked_until_nobody_listens(void **state)
{
	const char *url = at("", "/ok");
	struct program_job job = job_for(&url);
	pid_t worker;

	(void)state;
	job.requests = true;
	job.poll_seconds = 1;
	int end = start_work(&job, &worker);
	for (size_t i = 0; i < 3; i++) {
		struct network_message message = receive_one(end, 1);
		assert_nonce(&message);
	}
	assert_int_equal(end_work(end, worker), 0);
}

#define MANY 150

static const char *const *many_urls(void)
{
	static char texts[MANY][64];
	static const char *urls[MANY];

	for (size_t i = 0; i < MANY; i++) {
		snprintf(texts[i], sizeof texts[i], "http://127.0.0.1:%u/%s", port,
			 i % 3 == 2   ? "wrong"
			 : i % 9 == 0 ? "slow"
				      : "ok");
		urls[i] = texts[i];
	}
	return urls;
}

/* Reads more slowly than the servers answer: its pauses add up to more than the time-out. */
static size_t read_slowly(int reader, bool *answered, useconds_t pause)
{
	struct network_message message;
	size_t nonces = 0;

	while (read(reader, &message, sizeof message) == (ssize_t)sizeof message) {
		if (!message_check(&message, sizeof message, MANY, NULL) ||
		    answered[message.server] ||
		    (message.outcome == MESSAGE_NONCE) != (message.server % 3 != 2))
			return 0;
		answered[message.server] = true;
		nonces += message.outcome == MESSAGE_NONCE;
		usleep(pause);
	}
	return nonces;
}

static void assert_many(useconds_t pause)
{
	const struct program_job job = {
		.urls = many_urls(), .url_count = MANY, .timeout_seconds = 3};
	bool answered[MANY] = {false};
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	pid_t writer = fork();
	if (writer == 0) {
		close(ends[0]);
		work(&job, ends[1]);
	}
	close(ends[1]);
	assert_int_equal(read_slowly(ends[0], answered, pause), MANY * 2 / 3);
	for (size_t i = 0; i < MANY; i++)
		assert_true(answered[i]);
	close(ends[0]);
	int status;
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
}

/* Checks every nonce, in strict turns of reading and writing. */
static void many_checks_and_many_servers_do_not_wait_for_each_other(void **state)
{
	const struct program_job job = {
		.urls = many_urls(), .url_count = MANY, .timeout_seconds = 3, .requests = true};
	size_t checks = 0;
	pid_t worker;

	(void)state;
	int end = start_work(&job, &worker);
	usleep(500000);
	for (size_t left = MANY; left > 0; left--) {
		struct network_message message = receive_one(end, MANY);
		if (message.outcome != MESSAGE_NONCE)
			continue;
		send_one(end, REQUEST_CHECK, message.server, "yes=");
		checks++;
		left++;
	}
	assert_int_equal(checks, MANY * 2 / 3);
	assert_int_equal(end_work(end, worker), 0);
}

static void each_of_many_servers_has_one_answer(void **state)
{
	(void)state;
	assert_many(0);
}

static void a_slow_reader_makes_no_server_time_out(void **state)
{
	(void)state;
	assert_many(25000);
}

static void a_broken_pipe_ends_the_work(void **state)
{
	const char *url = at("", "/ok");
	struct program_job job = job_for(&url);
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_false(pool_run(&job, &no_inputs, 0, NULL, ends[1]));
	close(ends[1]);
	assert_false(pool_run(&job, &no_inputs, 0, NULL, -1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_nonce_comes_with_its_life_and_a_trace),
		cmocka_unit_test(without_verbose_there_is_no_trace),
		cmocka_unit_test(a_slash_at_the_end_and_chunks_change_nothing),
		cmocka_unit_test(an_old_server_that_ends_its_answer_by_hanging_up_is_understood),
		cmocka_unit_test(the_request_is_plain_and_names_us),
		cmocka_unit_test(user_and_password_are_sent_and_not_shown),
		cmocka_unit_test(a_redirect_is_followed),
		cmocka_unit_test(a_redirect_to_another_host_is_an_error_that_names_the_url_to_give),
		cmocka_unit_test(redirects_end),
		cmocka_unit_test(anything_but_a_nonce_is_refused_and_shown),
		cmocka_unit_test(a_connection_that_is_cut_is_reported),
		cmocka_unit_test(a_silent_server_costs_the_time_out),
		cmocka_unit_test(a_closed_port_and_an_unknown_name_are_reported),
		cmocka_unit_test(tls_to_a_plain_port_is_reported),
		cmocka_unit_test(cas_are_read_for_https_and_not_needed_for_http),
		cmocka_unit_test(the_message_says_how_far_an_exchange_got),
		cmocka_unit_test(a_proxy_is_used_except_for_this_machine),
		cmocka_unit_test(a_proxy_that_refuses_a_tunnel_is_told_apart_and_heard_no_further),
		cmocka_unit_test(headers_that_are_too_long_are_the_servers_fault),
		cmocka_unit_test(headers_of_all_kinds_have_an_end),
		cmocka_unit_test(codings_that_nobody_asked_for_are_refused),
		cmocka_unit_test(a_line_of_a_blank_does_not_end_the_headers),
		cmocka_unit_test(a_life_needs_headers_that_the_answer_has_once),
		cmocka_unit_test(a_check_distinguishes_a_good_token_from_a_bad_one),
		cmocka_unit_test(a_check_notices_a_server_that_lets_everyone_in),
		cmocka_unit_test(a_check_follows_no_redirect_and_takes_no_page_for_a_yes),
		cmocka_unit_test(a_nonce_can_be_asked_for_once_more),
		cmocka_unit_test(a_next_nonce_is_awaited_and_a_missing_one_is_reported_once),
		cmocka_unit_test(an_invalid_request_ends_the_work),
		cmocka_unit_test(a_watched_server_is_asked_until_nobody_listens),
		cmocka_unit_test(many_checks_and_many_servers_do_not_wait_for_each_other),
		cmocka_unit_test(each_of_many_servers_has_one_answer),
		cmocka_unit_test(a_slow_reader_makes_no_server_time_out),
		cmocka_unit_test(a_broken_pipe_ends_the_work),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
