/* The table of options, and of the words that some of them take. Its parser is options_parse.c, its
 * help help.c. */
#include "cli/options.h"

#include <chronosign/public_half.h>
#include <stdio.h>
#include <stdlib.h>

#define VALUE(field) offsetof(struct options, field)

/* ---- The words ---- */

static const struct choice token_forms[] = {
	{"token", FORM_TOKEN, NULL},
	{"header", FORM_HEADER, "for curl -H @-"},
	{"env", FORM_ENV, "for a shell's eval"},
	{"json", FORM_JSON, NULL},
	{0},
};

static const struct choice doctor_forms[] = {
	{"text", FORM_TEXT, NULL},
	{"json", FORM_JSON, NULL},
	{0},
};

static const struct choice list_forms[] = {
	{"table", FORM_TABLE, NULL},
	{"json", FORM_JSON, NULL},
	{"uri", FORM_URI, "a line each"},
	{0},
};

static const struct choice public_key_forms[] = {
	{"chronograf", CHRONOSIGN_PUBLIC_HALF_CHRONOGRAF, "for its --pub-key-file"},
	{"spki", CHRONOSIGN_PUBLIC_HALF_SPKI, "for everyone else"},
	{0},
};

/* Readers of a token are superadmins, so it is never readable by default; and nobody else may
 * write it. */
static const struct choice modes[] = {
	{"0600", 0600, "the default"},
	{"0640", 0640, "the default with --out-group"},
	{"0400", 0400, NULL},
	{"0440", 0440, NULL},
	{0},
};

static const struct choice shells[] = {
	{"bash", SHELL_BASH, NULL},
	{"zsh", SHELL_ZSH, NULL},
	{"fish", SHELL_FISH, NULL},
	{0},
};

/* ---- The options, in the order and the groups of the help ---- */

/* Those that ask servers, those that reach a key, wherever it is, and those that reach one in a
 * token only. */
#define COMMANDS_OF_SERVERS (COMMAND_TOKEN | COMMAND_DOCTOR)
#define COMMANDS_OF_ANY_KEY (COMMANDS_OF_SERVERS | COMMAND_PUB_KEY)
#define COMMANDS_OF_TOKENS \
	(COMMANDS_OF_ANY_KEY | COMMAND_GEN_KEYPAIR | COMMAND_LIST_KEYS | COMMAND_IMPORT_KEY)

/* No command takes a heading, so that only the help meets it. */
#define GROUP(name) \
	{ \
		name, 0, OPTION_GROUP, 0, NULL, NULL, NULL, NULL, 0, NULL \
	}

const struct option_row option_table[] = {
	{"SHELL", 0, OPTION_OPERAND, VALUE(shell), NULL, NULL, NULL, NULL, COMMAND_COMPLETION,
	 shells},
	{"URI", 0, OPTION_OPERAND, VALUE(uri), NULL, NULL,
	 "pkcs11:", "only the keys that match this pkcs11: URI", COMMAND_LIST_KEYS, NULL},

	GROUP("server"),
	{"chronograf-url", 0, OPTION_LIST, VALUE(chronograf_urls), "URL", "CHRONOGRAF_URL",
	 "http://localhost:8888", "the server, with its base path (may be repeated)",
	 COMMANDS_OF_SERVERS, NULL},
	{"chronograf-urls-from", 0, OPTION_TEXT, VALUE(chronograf_urls_from), "FILE", NULL, NULL,
	 "more servers, one URL per line; -: standard input", COMMANDS_OF_SERVERS, NULL},
	{"nonce", 0, OPTION_TEXT, VALUE(nonce), "UUID", NULL, NULL,
	 "sign this nonce, fetched elsewhere, and ask no server", COMMAND_TOKEN, NULL},
	{"nonce-from", 0, OPTION_TEXT, VALUE(nonce_from), "FILE", NULL, NULL,
	 "sign the nonce in this file; -: standard input", COMMAND_TOKEN, NULL},
	{"check", 0, OPTION_FLAG, VALUE(check), NULL, NULL, NULL,
	 "try the token on its server, and print it only if it is accepted", COMMAND_TOKEN, NULL},
	{"min-life", 0, OPTION_PAUSE, VALUE(min_life), "SECONDS", NULL, "5",
	 "wait for the next nonce if this one may expire sooner; 0: never wait", COMMAND_TOKEN,
	 NULL},
	{"skip-verify", 'k', OPTION_FLAG, VALUE(skip_verify), NULL, NULL, NULL,
	 "do not check the server's certificate", COMMANDS_OF_SERVERS, NULL},
	{"ca-file", 0, OPTION_TEXT, VALUE(ca_file), "PEM", NULL, NULL,
	 "trust these CAs instead of the machine's", COMMANDS_OF_SERVERS, NULL},
	{"pinned-pubkey", 0, OPTION_TEXT, VALUE(pinned_pubkey), "HASHES", NULL, NULL,
	 "accept only servers with one of these keys: sha256//BASE64, separated by ';'",
	 COMMANDS_OF_SERVERS, NULL},
	{"timeout", 0, OPTION_SECONDS, VALUE(timeout), "SECONDS", NULL, "30",
	 "time limit for the whole exchange with a server", COMMANDS_OF_SERVERS, NULL},

	GROUP("key"),
	{"priv-key-file", 0, OPTION_TEXT, VALUE(priv_key_file), "KEY", "PRIV_KEY_FILE", NULL,
	 "the private key: a file, or a pkcs11: URI", COMMANDS_OF_ANY_KEY, NULL},
	{"priv-key-file", 0, OPTION_TEXT, VALUE(priv_key_file), "FILE", NULL, NULL,
	 "the file with the private key", COMMAND_IMPORT_KEY, NULL},
	{"out", 0, OPTION_TEXT, VALUE(out), "KEY", NULL, "chronograf-rsa",
	 "where to make the pair: a file, with FILE.pub next to it, or a pkcs11: URI",
	 COMMAND_GEN_KEYPAIR, NULL},
	{"to", 0, OPTION_TEXT, VALUE(to), "URI", NULL, NULL,
	 "the new key: a pkcs11: URI with token and object", COMMAND_IMPORT_KEY, NULL},
	{"bits", 0, OPTION_NUMBER, VALUE(bits), "BITS", NULL, "4096", "size of the RSA key",
	 COMMAND_GEN_KEYPAIR, NULL},
	{"encrypt", 0, OPTION_FLAG, VALUE(encrypt), NULL, NULL, NULL,
	 "encrypt the file with a passphrase (PKCS#8)", COMMAND_GEN_KEYPAIR, NULL},
	{"allow-decrypt", 0, OPTION_FLAG, VALUE(allow_decrypt), NULL, NULL, NULL,
	 "accept a key that may also decrypt, if the token makes no other", COMMAND_GEN_KEYPAIR,
	 NULL},
	{"pkcs11-module", 0, OPTION_TEXT, VALUE(pkcs11_module), "PATH", "PKCS11_MODULE_PATH", NULL,
	 "the PKCS#11 module (default: all that are registered with p11-kit)",
	 COMMANDS_OF_TOKENS | COMMAND_COMPLETE, NULL},
	{"signer", 0, OPTION_TEXT, VALUE(signer), "NAME", "CHRONOCTL_SIGNER", "auto",
	 "how to reach the key: auto, or a signer that chronoctl --version lists",
	 COMMANDS_OF_ANY_KEY, NULL},
	{"engine", 0, OPTION_TEXT, VALUE(engine), "ID", NULL, "pkcs11",
	 "the OpenSSL engine of --signer engine", COMMANDS_OF_ANY_KEY, NULL},
	{"provider", 0, OPTION_LIST, VALUE(providers), "NAME", NULL, NULL,
	 "load this OpenSSL provider for --signer provider (may be repeated)", COMMANDS_OF_ANY_KEY,
	 NULL},
	{"module-timeout", 0, OPTION_SECONDS, VALUE(module_timeout), "SECONDS", NULL, "120",
	 "time limit for one call into a PKCS#11 module", COMMANDS_OF_TOKENS & ~COMMAND_GEN_KEYPAIR,
	 NULL},
	/* A card may take minutes for a large key. */
	{"module-timeout", 0, OPTION_SECONDS, VALUE(module_timeout), "SECONDS", NULL, "900",
	 "time limit for one call into a PKCS#11 module", COMMAND_GEN_KEYPAIR, NULL},
	/* The user waits for a completion. */
	{"module-timeout", 0, OPTION_SECONDS, VALUE(module_timeout), "SECONDS", NULL, "5", "",
	 COMMAND_COMPLETE, NULL},

	GROUP("PIN"),
	{"pin-source", 0, OPTION_SOURCE, VALUE(pin_source), "SOURCE", NULL, NULL,
	 "where to get the PIN or passphrase: a file, file:, env:NAME, fd:N, "
	 "credential:NAME or |command (default: $CHRONOCTL_PIN, PIN pad, prompt)",
	 COMMANDS_OF_TOKENS, NULL},
	{"passphrase-source", 0, OPTION_SOURCE, VALUE(passphrase_source), "SOURCE", NULL, NULL,
	 "passphrase of the file, from the same kinds of source; the PIN is the token's",
	 COMMAND_IMPORT_KEY, NULL},
	{"no-prompt", 0, OPTION_FLAG, VALUE(no_prompt), NULL, NULL, NULL,
	 "never ask for a PIN on the terminal", COMMANDS_OF_TOKENS, NULL},
	{"login", 0, OPTION_FLAG, VALUE(login), NULL, NULL, NULL,
	 "log in, and also list keys that are hidden before a login", COMMAND_LIST_KEYS, NULL},
	{"force-login", 0, OPTION_FLAG, VALUE(force_login), NULL, NULL, NULL,
	 "log in even if the token says that its PIN is locked or has one try left",
	 COMMANDS_OF_TOKENS, NULL},

	GROUP("output"),
	{"output", 'o', OPTION_CHOICE, VALUE(output), "FORM", NULL, "token", NULL, COMMAND_TOKEN,
	 token_forms},
	{"output", 'o', OPTION_CHOICE, VALUE(output), "FORM", NULL, "text", NULL, COMMAND_DOCTOR,
	 doctor_forms},
	{"output", 'o', OPTION_CHOICE, VALUE(output), "FORM", NULL, "table", NULL,
	 COMMAND_LIST_KEYS, list_forms},
	{"watch", 0, OPTION_FLAG, VALUE(watch), NULL, NULL, NULL,
	 "keep running, and keep valid tokens in --out-file", COMMAND_TOKEN, NULL},
	{"out-file", 0, OPTION_TEXT, VALUE(out_file), "FILE", NULL, NULL,
	 "the file that --watch keeps: replaced as a whole, removed when no token in it is valid",
	 COMMAND_TOKEN, NULL},
	{"out-mode", 0, OPTION_CHOICE, VALUE(out_mode), "MODE", NULL, NULL, NULL, COMMAND_TOKEN,
	 modes},
	{"out-group", 0, OPTION_TEXT, VALUE(out_group), "GROUP", NULL, NULL,
	 "the group that may read --out-file (mode 0640)", COMMAND_TOKEN, NULL},
	{"poll-interval", 0, OPTION_SECONDS, VALUE(poll_interval), "SECONDS", NULL, "60",
	 "with --watch: ask a server at least this often, more often when a nonce is about to "
	 "expire",
	 COMMAND_TOKEN, NULL},
	{"format", 0, OPTION_CHOICE, VALUE(format), "FORM", NULL, "chronograf", NULL,
	 COMMAND_PUB_KEY, public_key_forms},
	{"out", 0, OPTION_TEXT, VALUE(out), "FILE", NULL, NULL,
	 "write it to this new file; -: standard output (the default)", COMMAND_PUB_KEY, NULL},
	{"pub-key-out", 0, OPTION_TEXT, VALUE(pub_key_out), "FILE", NULL, NULL,
	 "write the public half of a pair in a token here, in Chronograf's form",
	 COMMAND_GEN_KEYPAIR, NULL},

	GROUP("other"),
	{"require-locked-memory", 0, OPTION_FLAG, VALUE(require_locked_memory), NULL, NULL, NULL,
	 "fail, instead of warning, if memory for secrets cannot be locked", COMMANDS_OF_TOKENS,
	 NULL},
	{"require-sandbox", 0, OPTION_FLAG, VALUE(require_sandbox), NULL,
	 "CHRONOCTL_REQUIRE_SANDBOX", NULL,
	 "ask servers only if Landlock and a seccomp filter confine the network program",
	 COMMANDS_OF_SERVERS, NULL},
	{"verbose", 'v', OPTION_FLAG, VALUE(verbose), NULL, NULL, NULL,
	 "describe each step on standard error", COMMANDS_OF_TOKENS, NULL},
	{"quiet", 'q', OPTION_FLAG, VALUE(quiet), NULL, NULL, NULL,
	 "show no warnings and no progress line", COMMANDS_OF_TOKENS, NULL},
	{"no-log", 0, OPTION_FLAG, VALUE(no_log), NULL, NULL, NULL,
	 "write nothing to the system log (same as CHRONOCTL_LOG=off)", COMMANDS_OF_SERVERS, NULL},
	{"help", 'h', OPTION_FLAG, VALUE(help), NULL, NULL, NULL, "show this help", ~0u, NULL},
	{0},
};

_Static_assert(sizeof option_table / sizeof option_table[0] <= OPTION_ROWS_MAX,
	       "the parser has no room for so many rows");

const struct option_row *options_next(const struct option_row *row, unsigned command)
{
	row = row == NULL ? option_table : row + 1;
	while (row->name != NULL && (row->commands & command) == 0)
		row++;
	return row->name == NULL ? NULL : row;
}

const struct option_row *options_operand(unsigned command)
{
	const struct option_row *row = NULL;

	while ((row = options_next(row, command)) != NULL && row->kind != OPTION_OPERAND)
		;
	return row;
}

char *options_choices(const struct choice *choices, bool helped)
{
	char *text = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);

	if (memory == NULL)
		return NULL;
	for (const struct choice *choice = choices; choice->name != NULL; choice++) {
		if (choice > choices)
			fputs(choice[1].name == NULL ? " or " : ", ", memory);
		fputs(choice->name, memory);
		if (helped && choice->help != NULL)
			fprintf(memory, " (%s)", choice->help);
	}
	fclose(memory);
	return text;
}
