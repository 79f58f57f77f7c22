/* Reads the command line. Strings point into it. */
#include "options.h"

#include "nonce.h"
#include "zone.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE_ERROR 2

/* Reads an argument into a member of the options. */
typedef void read_function(const char *name, char *argument, void *member);

static const char help[] =
	"standin [OPTION]... - a Chronograf to test against, on 127.0.0.1\n"
	"Prints its base URL when it is ready. Ends on SIGTERM and SIGINT, and with its parent.\n"
	"SIGHUP replaces the nonce, as a restart does.\n\n"
	"  --pub-key-file FILE         PKCS#1 DER in a PUBLIC KEY block, as Chronograf wants it;\n"
	"                              without it no token is good\n"
	"  --base-path PATH            answer below PATH, such as /chronograf (none)\n"
	"  --tls-cert PEM              HTTPS with this certificate ...\n"
	"  --tls-key PEM               ... and this key\n"
	"  --mode MODE                 answer badly in this way (ok)\n"
	"  --nonce UUID                the first nonce (random)\n"
	"  --nonce-expiration SECONDS  replace the nonce so often (600)\n"
	"  --late-nonce MILLISECONDS   after each replacement hand out the old nonce for so long,\n"
	"                              with the new time (0)\n"
	"  --zone ZONE                 the server's time zone (UTC): a name such as Asia/Kolkata, "
	"or\n"
	"                              an abbreviation such as IST\n"
	"  --port N                    listen there, as a server that was restarted does (the "
	"kernel "
	"picks)\n"
	"  --delay MILLISECONDS        wait so long before each answer (0)\n"
	"  --idle SECONDS              close connections that are idle for so long (5)\n"
	"  --servers N                 servers with nonces of their own below BASE/s/0 to "
	"BASE/s/N-1 (1)\n"
	"  --spread                    their nonces change in turn, not all at once\n"
	"  --log FILE                  append METHOD PATH VERSION STATUS AUTHORIZATION-SCHEME a "
	"request\n"
	"  --open                      run without authentication: everybody passes the check\n"
	"  --htpasswd USER:PASSWORD    run with HTTP Basic: all is 401 without it, and open with "
	"it\n"
	"  --basic-auth USER:PASSWORD  a proxy in front answers 401 without it\n"
	"  --oauth2-proxy              a proxy in front answers 403 and a sign-in page to "
	"everything "
	"...\n"
	"  --oauth2-proxy-nonce        ... or to everything but the nonce\n"
	"  --redirect ORIGIN           a proxy in front redirects everything to ORIGIN\n"
	"  --list-modes                print the modes\n"
	"  --help                      print this\n";

__attribute__((format(printf, 1, 2))) static _Noreturn void refuse(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("standin: ", stderr);
	vfprintf(stderr, format, arguments);
	fputs(" (see --help)\n", stderr);
	va_end(arguments);
	exit(USAGE_ERROR);
}

static void read_text(const char *name, char *argument, void *member)
{
	(void)name;
	*(const char **)member = argument;
}

static void read_number(const char *name, char *argument, void *member)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(argument, &end, 10);
	if (!isdigit((unsigned char)argument[0]) || *end != '\0' || errno != 0 || number > INT_MAX)
		refuse("--%s %s: a number is needed", name, argument);
	*(unsigned *)member = (unsigned)number;
}

static void read_count(const char *name, char *argument, void *member)
{
	read_number(name, argument, member);
	if (*(unsigned *)member == 0)
		refuse("--%s: 1 or more is needed", name);
}

static void read_port(const char *name, char *argument, void *member)
{
	read_number(name, argument, member);
	if (*(unsigned *)member > UINT16_MAX)
		refuse("--%s %s: 65535 is the highest", name, argument);
}

/* Removes a slash at the end. */
static void read_base_path(const char *name, char *argument, void *member)
{
	size_t length = strlen(argument);

	if (length > 0 && argument[0] != '/')
		refuse("--%s %s: it must begin with a slash", name, argument);
	if (length > 0 && argument[length - 1] == '/')
		argument[length - 1] = '\0';
	*(const char **)member = argument;
}

static void read_mode(const char *name, char *argument, void *member)
{
	const struct mode *mode = mode_find(argument);

	if (mode == NULL)
		refuse("--%s %s: there is no such mode, --list-modes names them", name, argument);
	*(const struct mode **)member = mode;
}

static void read_nonce(const char *name, char *argument, void *member)
{
	if (!nonce_is_canonical(argument))
		refuse("--%s %s: this is no canonical lower-case UUID", name, argument);
	*(const char **)member = argument;
}

static void read_zone(const char *name, char *argument, void *member)
{
	(void)member;
	if (!zone_choose(argument))
		refuse("--%s %s: there is no such zone", name, argument);
}

static void read_credentials(const char *name, char *argument, void *member)
{
	if (strchr(argument, ':') == NULL)
		refuse("--%s: USER:PASSWORD is needed", name);
	*(const char **)member = argument;
}

/* A row without `read` is a flag, and its member a bool. */
static const struct row {
	const char *name;
	read_function *read;
	size_t member;
} rows[] = {
	{"pub-key-file", read_text, offsetof(struct options, pub_key_file)},
	{"base-path", read_base_path, offsetof(struct options, base_path)},
	{"tls-cert", read_text, offsetof(struct options, tls_cert)},
	{"tls-key", read_text, offsetof(struct options, tls_key)},
	{"mode", read_mode, offsetof(struct options, mode)},
	{"nonce", read_nonce, offsetof(struct options, nonce)},
	{"nonce-expiration", read_count, offsetof(struct options, nonce_expiration)},
	{"late-nonce", read_number, offsetof(struct options, late_nonce)},
	{"zone", read_zone, 0}, /* for the process, without a member */
	{"port", read_port, offsetof(struct options, port)},
	{"delay", read_number, offsetof(struct options, delay)},
	{"idle", read_count, offsetof(struct options, idle)},
	{"servers", read_number, offsetof(struct options, servers)},
	{"spread", NULL, offsetof(struct options, spread)},
	{"log", read_text, offsetof(struct options, log)},
	{"open", NULL, offsetof(struct options, open)},
	{"htpasswd", read_credentials, offsetof(struct options, htpasswd)},
	{"basic-auth", read_credentials, offsetof(struct options, basic_auth)},
	{"oauth2-proxy", NULL, offsetof(struct options, oauth2_proxy)},
	{"oauth2-proxy-nonce", NULL, offsetof(struct options, oauth2_proxy_nonce)},
	{"redirect", read_text, offsetof(struct options, redirect)},
	{"list-modes", NULL, offsetof(struct options, list_modes)},
	{"help", NULL, offsetof(struct options, help)},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void read_row(const struct row *row, char *argument, struct options *options)
{
	void *member = (char *)options + row->member;

	if (row->read == NULL)
		*(bool *)member = true;
	else
		row->read(row->name, argument, member);
}

/* Reads all arguments. getopt_long prints its own errors, and no option has a short form. */
static void read_rows(int count, char **arguments, struct options *options)
{
	struct option long_options[ROW_COUNT + 1] = {0};
	int row = 0;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		long_options[i].name = rows[i].name;
		long_options[i].has_arg = rows[i].read == NULL ? no_argument : required_argument;
	}
	for (;;) {
		switch (getopt_long(count, arguments, "", long_options, &row)) {
		case 0:
			read_row(&rows[row], optarg, options);
			break;
		case -1:
			return;
		default:
			exit(USAGE_ERROR);
		}
	}
}

static void check_together(int count, char **arguments, const struct options *options)
{
	if (optind < count)
		refuse("%s: only options are understood", arguments[optind]);
	if ((options->tls_cert == NULL) != (options->tls_key == NULL))
		refuse("--tls-cert and --tls-key go together");
}

struct options options_read(int count, char **arguments)
{
	struct options options = {
		.base_path = "",
		.mode = mode_find(GOOD_MODE),
		.nonce_expiration = 600,
		.idle = 5,
		.servers = 1,
	};

	zone_choose("UTC");
	read_rows(count, arguments, &options);
	if (options.help)
		fputs(help, stdout);
	if (options.list_modes)
		modes_list();
	if (options.help || options.list_modes)
		exit(0);
	check_together(count, arguments, &options);
	return options;
}
