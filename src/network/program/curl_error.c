/* Words for an exchange that libcurl could not finish. Answers that came are judged in
 * chronograf/nonce.c. */
#include "network/program/curl_error.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "network/program/handshake.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/x509_vfy.h>
#include <string.h>

static const char advice_connect[] =
	"Is Chronograf running there? For another server: --chronograf-url.";
static const char advice_start[] =
	"Is Chronograf running there? For another server: --chronograf-url.\n"
	"If Chronograf does not start, see its log: it refuses a public key in the standard form.";
static const char advice_port[] = "The URL names no port, and Chronograf listens on 8888 unless "
				  "told otherwise: add :8888 to the host.";
static const char advice_way[] = "Is the address right, and is there a route to it?";
static const char advice_resolve[] =
	"Is the name right? It was looked up in /etc/hosts and by DNS.";
static const char advice_proxy[] =
	"The way goes through a proxy: check http_proxy, https_proxy, all_proxy and no_proxy.";
static const char advice_tls_port[] = "Does the port speak plain HTTP? Then the URL begins with "
				      "http://.";
static const char advice_plain_port[] =
	"Does the port speak TLS? Then the URL begins with https://.";
static const char advice_untrusted[] =
	"Give the CA that signed it with --ca-file; -k (--skip-verify) "
	"does not check at all.";
static const char advice_name[] =
	"The certificate is for another name: use that one in the URL; -k (--skip-verify) does not "
	"check at all.";
static const char advice_weak[] =
	"Give the server a stronger one, or lower SECLEVEL in this machine's openssl.cnf.";
static const char advice_versions[] =
	"MinProtocol and MaxProtocol in this machine's openssl.cnf, and the server's settings, "
	"have no version in common.";
static const char advice_ciphers[] = "Correct CipherString and Ciphersuites in its openssl.cnf.";
static const char advice_signatures[] = "SignatureAlgorithms in this machine's openssl.cnf leaves "
					"out what the server's key can do.";
static const char advice_offer[] =
	"Either they have no cipher, group or signature algorithm in common (see openssl.cnf), or "
	"the server requires a client certificate: its log says which.";
static const char advice_client[] =
	"There is none to send: give a URL of Chronograf that does not ask for one.";
static const char advice_tls_endless[] =
	"What answers there is no TLS server that works, or means no good.";
static const char advice_tls_cut[] =
	"Look into the log of the server, or of what stands in front of it.";
static const char advice_tls[] = "The TLS handshake failed: look into the log of the server, or of "
				 "what stands in front of it.";
static const char advice_cut[] = "The connection was cut before the answer was complete: look into "
				 "the log of the server, or of the proxy in front of it.";

static const char advice_ca_file[] = "The certificates in the file of --ca-file are damaged.";
static const char advice_machine_cas[] = "The machine's CAs cannot be read: give others with "
					 "--ca-file, or correct SSL_CERT_FILE and SSL_CERT_DIR.";

bool curl_error_is_local(CURLcode code)
{
	return code == CURLE_OUT_OF_MEMORY || code == CURLE_FAILED_INIT ||
	       code == CURLE_NOT_BUILT_IN || code == CURLE_UNKNOWN_OPTION ||
	       code == CURLE_BAD_FUNCTION_ARGUMENT;
}

/* ---- TLS ---- */

/* What is known about a failure: a text, or NULL, and what to do. */
struct cause {
	const char *fact;
	const char *advice;
};

/* By OpenSSL's messages: its own reasons and the alerts of the peer (RFC 8446 §6.2). */
static const struct {
	const char *words;
	struct cause cause;
} handshakes[] = {
	{"wrong version number", {"the answer is not TLS", advice_tls_port}},
	{"packet length too long", {"the answer is not TLS", advice_tls_port}},
	{"protocol version",
	 {"the server refuses the versions of TLS that this machine offers", advice_versions}},
	{"unsupported protocol",
	 {"this machine refuses the server's version of TLS", advice_versions}},
	{"version too low", {"this machine refuses the server's version of TLS", advice_versions}},
	{"no protocols available", {"this machine allows no version of TLS", advice_versions}},
	{"certificate required", {"the server requires a client certificate", advice_client}},
	{"alert bad certificate", {"the server requires a client certificate", advice_client}},
	{"wrong signature type",
	 {"this machine refuses the server's signature algorithm", advice_signatures}},
	{"no suitable signature algorithm",
	 {"no signature algorithm is allowed here and there", advice_signatures}},
	{"ca md too weak", {"the server's certificate is too weak for this machine", advice_weak}},
	{"ee key too small", {"the server's key is too short for this machine", advice_weak}},
	{"ca key too small", {"the CA's key is too short for this machine", advice_weak}},
	{"dh key too small", {"the server's DH key is too short for this machine", advice_weak}},
	{"no ciphers available", {"this machine's settings leave no cipher", advice_ciphers}},
	{"no cipher match", {"this machine's settings leave no cipher", advice_ciphers}},
	{"handshake failure",
	 {"the server accepts nothing that this machine offers", advice_offer}},
	{"insufficient security",
	 {"the server accepts nothing that this machine offers", advice_offer}},
	{"unsafe legacy renegotiation",
	 {"the server's TLS is too old (RFC 5746)", "Update what ends TLS there."}},
	{"unrecognized name",
	 {"the server has no certificate for that name", "Use a name that it has in the URL."}},
	{HANDSHAKE_ENDLESS, {"the server sends messages of TLS without end", advice_tls_endless}},
	{"unexpected eof", {"the connection was closed during the TLS handshake", advice_tls_cut}},
	{"SSL_ERROR_SYSCALL",
	 {"the connection was closed during the TLS handshake", advice_tls_cut}},
};

static const struct cause *cause_of_handshake(const char *reason)
{
	for (size_t i = 0; i < sizeof handshakes / sizeof handshakes[0]; i++)
		if (strstr(reason, handshakes[i].words) != NULL)
			return &handshakes[i].cause;
	return NULL;
}

/* "tlsv1 alert protocol version", of "OpenSSL/3.0.19: error:0A00042E:SSL routines::tlsv1 …". */
static char *openssl_words(const char *reason)
{
	const char *words = strstr(reason, "routines::");

	words = words == NULL ? reason : words + strlen("routines::");
	size_t length = strcspn(words, ",");
	while (length > 0 && words[length - 1] == ' ')
		length--;
	return strndup(words, length);
}

/* By OpenSSL's X509_V_ERR_…. For a wrong name libcurl's message is better. */
static const struct {
	long result;
	struct cause cause;
} certificates[] = {
	{X509_V_OK, {NULL, advice_name}},
	/* libcurl 7.88 leaves this value. */
	{X509_V_ERR_UNSPECIFIED, {NULL, advice_name}},
	{X509_V_ERR_HOSTNAME_MISMATCH, {NULL, advice_name}},
	{X509_V_ERR_IP_ADDRESS_MISMATCH, {NULL, advice_name}},
	{X509_V_ERR_CERT_NOT_YET_VALID,
	 {"the server's certificate is not valid yet", "Is this machine's clock right?"}},
	{X509_V_ERR_CERT_HAS_EXPIRED,
	 {"the server's certificate has expired",
	  "The certificate is out of date, or this machine's clock is wrong."}},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
	 {"the server's certificate is self-signed",
	  "If it is the right one, give the certificate itself with --ca-file; -k (--skip-verify) "
	  "does not check at all."}},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
	 {"the server's certificate is signed by a CA that is not trusted here", advice_untrusted}},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
	 {"the server's certificate is signed by a CA that is not known here", advice_untrusted}},
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	 {"the server's certificate is signed by a CA that is not known here", advice_untrusted}},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
	 {"the server's certificate is signed by a CA that is not known here", advice_untrusted}},
	{X509_V_ERR_CERT_REVOKED,
	 {"the server's certificate has been revoked", "The server needs another one."}},
	{X509_V_ERR_INVALID_PURPOSE,
	 {"the server's certificate is not one for a server", "The server needs another one."}},
	{X509_V_ERR_EE_KEY_TOO_SMALL,
	 {"the server's key is too short for this machine", advice_weak}},
	{X509_V_ERR_CA_KEY_TOO_SMALL, {"the CA's key is too short for this machine", advice_weak}},
	{X509_V_ERR_CA_MD_TOO_WEAK,
	 {"the server's certificate is too weak for this machine", advice_weak}},
};

static char *certificate_text(const struct transfer_failure *failure, const char *reason)
{
	struct cause cause = {NULL, "The server needs another certificate."};

	for (size_t i = 0; i < sizeof certificates / sizeof certificates[0]; i++)
		if (certificates[i].result == failure->verify_result)
			cause = certificates[i].cause;
	bool folder = failure->lost_folder != NULL && cause.advice == advice_untrusted;
	return text_format("%s\n%s%s%s", cause.fact == NULL ? reason : cause.fact,
			   folder ? "SSL_CERT_DIR names no folder of CAs: " : "",
			   folder ? failure->lost_folder : "", folder ? "" : cause.advice);
}

/* An end of the connection is the handshake's only where libcurl says so; alerts of TLS 1.3 come later.
 * NULL if the cause is unknown, or memory is out. */
static char *handshake_text(const struct transfer_failure *failure, const char *reason)
{
	const struct cause *cause = cause_of_handshake(reason);

	if (cause != NULL && cause->advice == advice_tls_cut &&
	    failure->code != CURLE_SSL_CONNECT_ERROR)
		cause = NULL;
	CLEANUP(cleanup_text) char *words = cause == NULL ? NULL : openssl_words(reason);

	if (words == NULL)
		return NULL;
	return failure->verbose ? text_format("%s (%s)\n%s", cause->fact, words, cause->advice)
				: text_format("%s\n%s", cause->fact, cause->advice);
}

/* libcurl names the file, but not what is wrong with it. */
static char *authorities_text(const struct transfer_failure *failure, const char *reason)
{
	const char *advice = failure->ca_file_given ? advice_ca_file : advice_machine_cas;
	const char *path = strstr(reason, " file: ");

	if (path == NULL)
		return text_format("%s\n%s", reason, advice);
	path += strlen(" file: ");
	CLEANUP(cleanup_descriptor) int file = open(path, O_RDONLY | O_CLOEXEC);
	return text_format("no CAs from %s: %s\n%s", path,
			   file < 0 ? strerror(errno) : "it holds no good certificate", advice);
}

/* ---- The rest ---- */

static const char *advice_unconnected(const struct transfer_failure *failure)
{
	if (failure->by_proxy)
		return advice_proxy;
	if (failure->os_error != 0 && failure->os_error != ECONNREFUSED)
		return advice_way;
	if (failure->no_port)
		return advice_port;
	return failure->at_home ? advice_start : advice_connect;
}

/* libcurl 7.88 does not give the reason: "Failed to connect to HOST port 80 after 0 ms: Couldn't
 * …". The message already names the URL, but not the proxy. */
static char *connect_text(const struct transfer_failure *failure, const char *reason)
{
	const char *end = strstr(reason, " after ");

	if (failure->os_error == 0 || end == NULL)
		return text_format("%s\n%s", reason, advice_unconnected(failure));
	const char *why = strerror(failure->os_error);
	return text_format("%.*s%s%c%s\n%s", failure->by_proxy ? (int)(end - reason) : 0, reason,
			   failure->by_proxy ? ": " : "", tolower((unsigned char)why[0]), why + 1,
			   advice_unconnected(failure));
}

static const char *advice(const struct transfer_failure *failure)
{
	if (failure->connect_status == 407)
		return "The proxy asks for a login: http://user:password@proxy in https_proxy.";
	if (failure->connect_status != 0 && failure->connect_status != 200)
		return advice_proxy;
	switch (failure->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return failure->by_proxy ? advice_proxy : advice_resolve;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
	case CURLE_ABORTED_BY_CALLBACK: /* tunnel.h */
		return advice_proxy;
	case CURLE_SSL_CONNECT_ERROR:
		return advice_tls;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return failure->https ? "That is not an HTTP server." : advice_plain_port;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return failure->https || failure->begun ? advice_cut : advice_plain_port;
	case CURLE_PARTIAL_FILE:
		return advice_cut;
	default:
		return "";
	}
}

/* Each name is looked up in a thread, which stays while no name server answers. NULL: nothing special, or memory is out. */
static char *unresolved_text(const struct transfer_failure *failure, const char *reason)
{
	if (strstr(reason, "thread failed to start") != NULL)
		return strdup("its name was not looked up, as too many others still are\n"
			      "Do the name servers in /etc/resolv.conf answer?");
	if (failure->not_asked == NULL)
		return NULL;
	return text_format("%s\nNames are looked up in /etc/hosts and by DNS alone, not by %s as "
			   "/etc/nsswitch.conf says: put the name into /etc/hosts, or give the "
			   "address.",
			   reason, failure->not_asked);
}

/* Its hash is compared where the server is, or a pin proves nothing. */
static char *pinned_text(const struct transfer_failure *failure, const char *reason)
{
	const char *key = failure->presented_key;

	return text_format("%s%s%s\nThe server has a new key, or somebody else answers in its "
			   "place: compare it with the server's own. Nothing was asked.",
			   key == NULL ? reason : "its key is ", key == NULL ? "" : key,
			   key == NULL ? "" : ", which is none of --pinned-pubkey");
}

static bool is_proxys(const struct transfer_failure *failure)
{
	return failure->connect_status != 0 && failure->connect_status != 200;
}

/* libcurl repeats such a variable, or a part of it, and with it a password. */
static bool is_misread_proxy(const struct transfer_failure *failure, const char *reason)
{
	if (strncmp(reason, "Unsupported proxy", strlen("Unsupported proxy")) == 0)
		return true;
	return failure->proxy_misread &&
	       (failure->code == CURLE_COULDNT_RESOLVE_PROXY ||
		(failure->by_proxy && failure->code == CURLE_COULDNT_CONNECT));
}

static char *misread_proxy_text(const struct transfer_failure *failure)
{
	return text_format(
		"%s is not the URL of a proxy that libcurl can use\nWrite it like "
		"http://host:3128 or http://user:password@host:3128; in a password, %%40 "
		"is @, %%2F is /, and %%20 is a blank.",
		failure->proxy_variable == NULL ? "a proxy variable" : failure->proxy_variable);
}

/* For failures with a text of their own; NULL: there is none, or memory is out. */
static char *special_text(const struct transfer_failure *failure, const char *reason)
{
	if (is_misread_proxy(failure, reason))
		return misread_proxy_text(failure);
	if (is_proxys(failure))
		return NULL;
	switch (failure->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return unresolved_text(failure, reason);
	case CURLE_COULDNT_CONNECT:
		return connect_text(failure, reason);
	case CURLE_PEER_FAILED_VERIFICATION:
		return certificate_text(failure, reason);
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return pinned_text(failure, reason);
	case CURLE_SSL_CACERT_BADFILE:
		return authorities_text(failure, reason);
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return failure->https && (!failure->begun ||
					  strstr(reason, HANDSHAKE_ENDLESS) != NULL)
			       ? handshake_text(failure, reason)
			       : NULL;
	default:
		return NULL;
	}
}

/* "Resolving timed out after 3000 milliseconds", "Connection timed out", "Operation timed out". */
static const char *what_is_late(const char *reason)
{
	if (strstr(reason, "Resolving") != NULL)
		return "no answer of DNS";
	if (strstr(reason, "Connection") != NULL)
		return "no connection";
	return strstr(reason, "SSL") != NULL ? "no end of the TLS handshake" : "no complete answer";
}

/* Cuts out what may be a user and a password: all between the first :// and the last @. */
static void cut_users(char *reason)
{
	char *scheme = strstr(reason, "://");
	const char *at = strrchr(reason, '@');

	if (scheme != NULL && at != NULL && scheme < at)
		memmove(scheme + strlen("://"), at + 1, strlen(at + 1) + 1);
}

char *curl_error_text(const struct transfer_failure *failure)
{
	CLEANUP(cleanup_text)
	char *reason = strdup(failure->reason[0] != '\0' ? failure->reason
							 : curl_easy_strerror(failure->code));

	if (reason == NULL)
		return NULL;
	cut_users(reason);
	if (failure->code == CURLE_OPERATION_TIMEDOUT)
		return text_format("%s within %u seconds\n--timeout sets how long to wait.",
				   what_is_late(reason), failure->timeout_seconds);
	char *text = special_text(failure, reason);
	if (text != NULL)
		return text;
	const char *hint = advice(failure);
	return text_format("%s%s%s", reason, hint[0] == '\0' ? "" : "\n", hint);
}
