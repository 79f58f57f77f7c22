/* Words for an exchange that libcurl could not finish. Answers that came are judged in
 * chronograf/nonce.c. */
#include "network/program/curl_error.h"

#include "base/text.h"

#include <string.h>

static const char advice_connect[] = "Is Chronograf running there? Its URL is given with "
				     "--chronograf-url or CHRONOGRAF_URL.";
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
	"The certificate is for another name: use that one in the URL; -k "
	"(--skip-verify) does not check at all.";
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

/* OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED */
static bool is_out_of_date(long verify_result)
{
	return verify_result == 9 || verify_result == 10;
}

/* libcurl leaves 0 or, by 7.88, X509_V_ERR_UNSPECIFIED where only the name is wrong. */
static const char *advice_certificate(const struct transfer_failure *failure)
{
	if (is_out_of_date(failure->verify_result))
		return "The certificate is out of date, or this machine's clock is wrong.";
	return failure->verify_result <= 1 ? advice_name : advice_untrusted;
}

static const char *advice(const struct transfer_failure *failure)
{
	if (failure->connect_status == 407)
		return "The proxy asks for a login: http://user:password@proxy in https_proxy.";
	if (failure->connect_status != 0 && failure->connect_status != 200)
		return advice_proxy;
	switch (failure->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		return failure->by_proxy ? advice_proxy : advice_connect;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return advice_proxy;
	case CURLE_PEER_FAILED_VERIFICATION:
		return advice_certificate(failure);
	case CURLE_SSL_CONNECT_ERROR:
		return advice_tls_port;
	case CURLE_SSL_CACERT_BADFILE:
		return failure->ca_file_given ? advice_ca_file : advice_machine_cas;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return failure->https ? "That is no HTTP server." : advice_plain_port;
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

char *curl_error_text(const struct transfer_failure *failure)
{
	const char *reason =
		failure->reason[0] != '\0' ? failure->reason : curl_easy_strerror(failure->code);

	if (failure->code == CURLE_OPERATION_TIMEDOUT)
		return text_format("no complete answer within %u seconds (%s)\n--timeout sets how "
				   "long to wait.",
				   failure->timeout_seconds, reason);
	if (failure->not_asked != NULL && (failure->code == CURLE_COULDNT_RESOLVE_HOST ||
					   failure->code == CURLE_COULDNT_RESOLVE_PROXY))
		return text_format(
			"%s\nNames are looked up in /etc/hosts and by DNS alone, not by %s as "
			"/etc/nsswitch.conf says: put the name into /etc/hosts, or give the "
			"address.",
			reason, failure->not_asked);
	const char *hint = advice(failure);
	return text_format("%s%s%s", reason, hint[0] == '\0' ? "" : "\n", hint);
}
