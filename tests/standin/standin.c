/* A stand-in for Chronograf: its nonce, its check of a token, and on request every bad answer.
 * Starts and ends it. */
#include "listener.h"
#include "nonce.h"
#include "options.h"
#include "raw.h"
#include "request_log.h"
#include "server.h"
#include "verify.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* A test that dies leaves no server behind. */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		exit(0);
}

/* A connection takes a descriptor, and there may be thousands. */
static void allow_many_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Blocked before the first thread starts, so that only the one that waits for them gets them. */
static sigset_t block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signals;
}

static void wait_for_end(const sigset_t *signals, struct nonces *nonces)
{
	int got;

	while (sigwait(signals, &got) == 0 && got == SIGHUP)
		nonces_restart(nonces);
}

static void print_url(const struct options *options, uint16_t port)
{
	printf("%s:%u%s\n", options->tls_cert == NULL ? "http://127.0.0.1" : "https://localhost",
	       port, options->base_path);
	fflush(stdout);
}

static int run_raw(const struct server_settings *settings, const sigset_t *signals)
{
	pid_t process = raw_start(settings->options->mode, settings->listener, settings->log);

	if (process < 0) {
		perror("standin: fork");
		return 1;
	}
	print_url(settings->options, settings->port);
	wait_for_end(signals, settings->nonces);
	raw_end(process);
	close(settings->listener);
	return 0;
}

static int run_http(const struct server_settings *settings, const sigset_t *signals)
{
	struct server *server = server_start(settings);

	if (server == NULL)
		return 1;
	print_url(settings->options, settings->port);
	wait_for_end(signals, settings->nonces);
	server_end(server);
	return 0;
}

/* Opens what the options name. False: what is wrong is on standard error. */
static bool open_all(struct server_settings *settings)
{
	const struct options *options = settings->options;

	if (options->pub_key_file != NULL) {
		settings->key = public_key_read(options->pub_key_file);
		if (settings->key == NULL)
			return false;
	}
	if (options->log != NULL) {
		settings->log = request_log_open(options->log);
		if (settings->log < 0) {
			fprintf(stderr, "standin: %s: %m\n", options->log);
			return false;
		}
	}
	settings->port = (uint16_t)options->port;
	settings->listener = listen_on_loopback(&settings->port);
	if (settings->listener < 0)
		perror("standin: no listening socket");
	settings->nonces = nonces_new(&(struct nonce_settings){
		.first = options->nonce,
		.life = options->nonce_expiration,
		.late = options->late_nonce,
		.spread = options->spread ? options->servers : 0,
	});
	return settings->listener >= 0 && settings->nonces != NULL;
}

static void close_all(struct server_settings *settings)
{
	nonces_free(settings->nonces);
	EVP_PKEY_free(settings->key);
	if (settings->log >= 0)
		close(settings->log);
}

int main(int argument_count, char **arguments)
{
	pid_t parent = getppid();
	struct options options = options_read(argument_count, arguments);
	struct server_settings settings = {.options = &options, .listener = -1, .log = -1};
	sigset_t signals = block_signals();
	int status = 1;

	die_with(parent);
	allow_many_descriptors();
	if (open_all(&settings))
		status = mode_is_raw(options.mode) ? run_raw(&settings, &signals)
						   : run_http(&settings, &signals);
	close_all(&settings);
	return status;
}
