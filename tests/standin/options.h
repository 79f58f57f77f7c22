/* The command line. */
#ifndef STANDIN_OPTIONS_H
#define STANDIN_OPTIONS_H

#include "modes.h"

#include <stdbool.h>

struct options {
	const char *pub_key_file; /* NULL: no token is good */
	const char *base_path;    /* "" or "/chronograf", with no slash at its end */
	const char *tls_cert;     /* PEM files; both or none */
	const char *tls_key;
	const struct mode *mode;
	const char *nonce;         /* the first one; NULL: random */
	unsigned nonce_expiration; /* seconds */
	unsigned late_nonce;       /* milliseconds */
	unsigned port;             /* 0: the kernel picks one */
	unsigned delay;            /* milliseconds */
	unsigned idle;             /* seconds */
	unsigned servers;
	bool spread;     /* the servers' nonces change in turn */
	const char *log; /* NULL: none */
	bool open;
	const char *htpasswd; /* user:password that Chronograf asks for; NULL: none */

	/* Proxies in front of it. */
	const char *basic_auth; /* user:password that it asks for; NULL: none */
	bool oauth2_proxy;
	bool oauth2_proxy_nonce; /* lets /nonce through */
	const char *redirect;    /* the origin to go to instead; NULL: none */

	bool list_modes;
	bool help;
};

/* Reads the command line. Ends the process if it is wrong, or for --help or --list-modes. */
struct options options_read(int count, char **arguments);

#endif
