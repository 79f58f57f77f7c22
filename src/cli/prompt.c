/* The prompt: on /dev/tty whatever is redirected, with echo off; the terminal is restored in
 * every case. */
#include "cli/prompt.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/interrupts.h"
#include "cli/terminal.h"
#include "cli/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <termios.h>

/* In memory that both processes share, for one that is killed at the prompt. */
struct echo {
	atomic_bool off;
	struct termios before;
};

/* NULL: nothing is restored. There is one terminal, and the library's prompt has no context. */
static struct echo *echo;

void prompt_prepare(void)
{
	echo = mmap(NULL, sizeof *echo, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (echo == MAP_FAILED)
		echo = NULL;
}

/* One byte beyond the longest PIN, for the newline. */
static const size_t pin_capacity = CHRONOSIGN_SECRET_MAX + 1;

static int open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

void prompt_restore_echo(void)
{
	if (echo == NULL || !atomic_load(&echo->off))
		return;
	CLEANUP(cleanup_descriptor) int terminal = open_terminal();
	/* In the background it would stop us. */
	if (terminal >= 0 && tcgetpgrp(terminal) == getpgrp())
		tcsetattr(terminal, TCSAFLUSH, &echo->before);
}

static void remember_echo(const struct termios *before)
{
	if (echo == NULL)
		return;
	if (before != NULL)
		echo->before = *before;
	atomic_store(&echo->off, before != NULL);
}

bool prompt_possible(void)
{
	CLEANUP(cleanup_descriptor) int terminal = open_terminal();

	return terminal >= 0;
}

/* Signals that would end or stop us with echo off. They are blocked, and read by a descriptor,
 * during the prompt. */
static void interrupting_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGHUP);
	sigaddset(signals, SIGQUIT);
	sigaddset(signals, SIGTSTP);
}

/* Reads a line into the secret. False with *error set at a signal, at the terminal's end, or if it
 * is too long. */
static bool read_line(int terminal, int interrupts, struct chronosign_secret *pin,
		      struct chronosign_error **error)
{
	for (;;) {
		struct pollfd ready[2] = {{.fd = terminal, .events = POLLIN},
					  {.fd = interrupts, .events = POLLIN}};

		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
						    "waiting for the terminal: %s",
						    strerror(errno));
		if (ready[1].revents != 0)
			return chronosign_error_set(error, CHRONOSIGN_ERROR_KEY,
						    "interrupted at the prompt");
		if (ready[0].revents == 0)
			continue;
		ssize_t got =
			read(terminal, chronosign_secret_bytes(pin) + chronosign_secret_length(pin),
			     pin_capacity - chronosign_secret_length(pin));
		if (got <= 0)
			return chronosign_error_set(error, CHRONOSIGN_ERROR_KEY,
						    "nothing was entered at the prompt");
		chronosign_secret_set_length(pin, chronosign_secret_length(pin) + (size_t)got);
		if (chronosign_secret_bytes(pin)[chronosign_secret_length(pin) - 1] == '\n')
			break;
		if (chronosign_secret_length(pin) == pin_capacity)
			return chronosign_error_set(error, CHRONOSIGN_ERROR_KEY,
						    "what was entered is longer than %d bytes",
						    CHRONOSIGN_SECRET_MAX);
	}
	chronosign_secret_set_length(pin, chronosign_secret_length(pin) - 1);
	return chronosign_secret_length(pin) > 0 ||
	       chronosign_error_set(error, CHRONOSIGN_ERROR_KEY,
				    "nothing was entered at the prompt");
}

/* The question comes when the echo is off: what is typed at once is neither shown nor dropped. */
static bool read_without_echo(int terminal, const char *question, int interrupts,
			      struct chronosign_secret *pin, struct chronosign_error **error)
{
	struct termios before;

	if (tcgetattr(terminal, &before) != 0)
		return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "the terminal: %s",
					    strerror(errno));
	struct termios quiet = before;
	remember_echo(&before);
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	/* TCSAFLUSH drops what was typed ahead: it was not meant as a PIN. */
	if (tcsetattr(terminal, TCSAFLUSH, &quiet) != 0)
		return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
					    "cannot turn the terminal's echo off: %s",
					    strerror(errno));
	CLEANUP(cleanup_text) char *words = text_format("%s: ", question);
	CLEANUP(cleanup_text) char *rows = terminal_rows(terminal, words == NULL ? "" : words);
	dprintf(terminal, "%s", rows == NULL ? "" : rows);
	bool good = read_line(terminal, interrupts, pin, error);
	tcsetattr(terminal, TCSAFLUSH, &before);
	remember_echo(NULL);
	dprintf(terminal, "\n");
	return good;
}

/* Asks once, with the signals blocked. *stopped: the terminal's stop key (Ctrl-Z) is waiting,
 * and nothing that ends us. */
static bool ask_once(int terminal, const char *question, struct chronosign_secret *pin,
		     bool *stopped, struct chronosign_error **error)
{
	sigset_t signals;
	sigset_t held;
	sigset_t pending;

	interrupting_signals(&signals);
	CLEANUP(cleanup_descriptor) int interrupts = signalfd(-1, &signals, SFD_CLOEXEC);
	if (interrupts < 0)
		return chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER,
					    "cannot watch for signals: %s", strerror(errno));
	interrupts_block(&signals, &held);
	bool good = read_without_echo(terminal, question, interrupts, pin, error);
	sigpending(&pending);
	*stopped = sigismember(&pending, SIGTSTP) == 1 && sigismember(&pending, SIGINT) == 0 &&
		   sigismember(&pending, SIGTERM) == 0 && sigismember(&pending, SIGHUP) == 0 &&
		   sigismember(&pending, SIGQUIT) == 0;
	/* A signal that came meanwhile takes effect here, with the terminal restored. */
	interrupts_unblock(&held);
	return good;
}

/* After a stop (Ctrl-Z) and continue the user is asked again. */
static bool ask(int terminal, const char *question, struct chronosign_secret *pin,
		struct chronosign_error **error)
{
	for (;;) {
		CLEANUP(cleanup_error) struct chronosign_error *reason = NULL;
		bool stopped = false;

		if (ask_once(terminal, question, pin, &stopped, &reason))
			return true;
		if (!stopped) {
			if (error != NULL)
				*error = TAKE(reason);
			return false;
		}
		explicit_bzero(chronosign_secret_bytes(pin), pin_capacity);
		chronosign_secret_set_length(pin, 0);
	}
}

static struct chronosign_secret *answer_to(const char *question, struct chronosign_error **error)
{
	CLEANUP(cleanup_descriptor) int terminal = open_terminal();
	CLEANUP(cleanup_secret) struct chronosign_secret *pin = NULL;

	if (terminal < 0) {
		chronosign_error_set(error, CHRONOSIGN_ERROR_KEY,
				     "there is no terminal to ask for a PIN on: %s",
				     strerror(errno));
		return NULL;
	}
	pin = chronosign_secret_allocate(pin_capacity, error);
	if (pin == NULL || !ask(terminal, question, pin, error))
		return NULL;
	return TAKE(pin);
}

__attribute__((format(printf, 2, 3))) static struct chronosign_secret *
ask_for(struct chronosign_error **error, const char *format, ...)
{
	CLEANUP(cleanup_text) char *question = NULL;

	va_list arguments;
	va_start(arguments, format);
	int length = vasprintf(&question, format, arguments);
	va_end(arguments);
	if (length >= 0) {
		waiting_lend(true);
		struct chronosign_secret *answer = answer_to(question, error);
		waiting_lend(false);
		return answer;
	}
	question = NULL;
	chronosign_error_set(error, CHRONOSIGN_ERROR_OTHER, "out of memory");
	return NULL;
}

struct chronosign_secret *prompt_for_pin(void *context,
					 const struct chronosign_prompt_request *request,
					 struct chronosign_error **error)
{
	(void)context;
	if (request->token == NULL)
		return ask_for(error, "Passphrase of the key file %s", request->key);
	return ask_for(error, "PIN of the token '%s' for the key %s", request->token, request->key);
}

struct chronosign_secret *prompt_for_new_passphrase(void *context,
						    const struct chronosign_prompt_request *request,
						    struct chronosign_error **error)
{
	(void)context;
	CLEANUP(cleanup_secret)
	struct chronosign_secret *first =
		ask_for(error, "New passphrase for the key file %s", request->key);
	if (first == NULL)
		return NULL;
	CLEANUP(cleanup_secret) struct chronosign_secret *second = ask_for(error, "Once more");
	if (second == NULL)
		return NULL;
	if (chronosign_secret_length(first) == chronosign_secret_length(second) &&
	    CRYPTO_memcmp(chronosign_secret_bytes(first), chronosign_secret_bytes(second),
			  chronosign_secret_length(first)) == 0)
		return TAKE(first);
	chronosign_error_set(error, CHRONOSIGN_ERROR_KEY, "the two passphrases differ");
	return NULL;
}
